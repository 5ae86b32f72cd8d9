using Gsasr.Tensors;

namespace Gsasr.Raster.Gpu;

/// <summary>
/// The rasteriser on a GPU: activation, bounds, and a kernel in which each tile finds its own Gaussians by the bounds of blocks of
/// consecutive ones. There is no list of pairs that could overflow; see <c>ActivateKernels.Kernel.cs</c> and
/// <c>GatherKernels.Kernel.cs</c>. In the backward pass each splat goes over the pixels within its own bounds
/// (<c>BackwardKernels.Kernel.cs</c>).
/// </summary>
internal static class GpuRasterizer
{
    /// <summary>Gaussians drawn at once, which limits working memory to 256 MiB.</summary>
    public const int ChunkSize = 1 << 22;

    /// <summary>Gaussians whose gradients are computed at once, which limits working memory to 232 MiB and the image's size.</summary>
    public const int BackwardChunkSize = 1 << 21;

    // No ellipse reaches so far, so a wider box cuts nothing off.
    private const double WidestBox = 1 << 29;

    /// <summary>The bytes of the arena that drawing takes.</summary>
    public static long WorkingBytes(long gaussians)
    {
        long count = Math.Min(ChunkSize, gaussians);
        long blocks = DivideUp((int)count, RasterShape.BlockSize);
        long groups = DivideUp((int)blocks, RasterShape.BlockSize);
        return sizeof(float) * (count * (RasterShape.SplatFloats + RasterShape.BoundsSize) + (blocks + groups) * RasterShape.BoundsSize);
    }

    public static void Render(GpuDevice device, in Tensor gaussians, in RasterSettings settings, in Tensor image, Arena arena) =>
        Render(device, gaussians, settings, image, arena, Math.Min(ChunkSize, gaussians.Pixels));

    /// <summary>Draws all Gaussians, so many at once.</summary>
    internal static void Render(
        GpuDevice device, in Tensor gaussians, in RasterSettings settings, in Tensor image, Arena arena, int chunkSize)
    {
        using Arena.Scope scope = arena.BeginScope();
        var splats = new SplatMemory(arena, chunkSize);
        Tensor groupBounds = arena.Allocate(1, DivideUp(splats.BlockBounds.Width, RasterShape.BlockSize), RasterShape.BoundsSize);
        int colours = image.Channels;
        for (int first = 0; first < gaussians.Pixels; first += chunkSize)
        {
            int count = Math.Min(chunkSize, gaussians.Pixels - first);
            int blockCount = DivideUp(count, RasterShape.BlockSize);
            int groupCount = DivideUp(blockCount, RasterShape.BlockSize);
            Activate(device, gaussians, settings, colours, first, count, splats);
            device.Launch(ActivateKernels.Bound.Kernel, new WorkSize(groupCount), new()
            {
                Blocks = Integers(splats.BlockBounds),
                Count = blockCount,
                Groups = Integers(groupBounds),
            });
            (Kernel<GatherKernels.Gather.Arguments> gather, WorkSize tiles) = Tiles(device, image);

            // A fourth colour is drawn in a pass of its own: almost everybody has three, and the kernel is made for three.
            for (int firstColour = 0; firstColour < colours; firstColour += 3)
            {
                device.Launch(gather, tiles, new()
                {
                    Splats = splats.Splats.View,
                    Bounds = Integers(splats.Bounds),
                    Count = count,
                    Blocks = Integers(splats.BlockBounds),
                    BlockCount = blockCount,
                    Groups = Integers(groupBounds),
                    GroupCount = groupCount,
                    Image = image.View,
                    ImagePitch = image.Pitch,
                    Width = image.Width,
                    Height = image.Height,
                    Left = (int)Math.Floor(settings.ViewportLeft),
                    Top = (int)Math.Floor(settings.ViewportTop),
                    FirstColour = firstColour,
                    Colours = Math.Min(3, colours - firstColour),
                    Accumulate = first > 0 ? 1 : 0,
                });
            }
        }
    }

    public static void Backward(
        GpuDevice device, in Tensor gaussians, in RasterSettings settings, in Tensor imageGradient, in Tensor gaussianGradient, Arena arena) =>
        Backward(
            device, gaussians, settings, imageGradient, gaussianGradient, arena, Math.Min(BackwardChunkSize, gaussians.Pixels));

    /// <summary>Computes the gradients of all Gaussians, so many at once.</summary>
    internal static void Backward(
        GpuDevice device,
        in Tensor gaussians,
        in RasterSettings settings,
        in Tensor imageGradient,
        in Tensor gaussianGradient,
        Arena arena,
        int chunkSize)
    {
        using Arena.Scope scope = arena.BeginScope();
        int colours = imageGradient.Channels;
        Tensor wide = arena.Allocate(imageGradient.Height, imageGradient.Width, 4);
        device.Launch(BackwardKernels.Widen.Kernel, BackwardKernels.Widen.Kernel.GroupsFor(wide.Pixels), new()
        {
            Image = imageGradient.View,
            ImagePitch = imageGradient.Pitch,
            Colours = colours,
            Pixels = wide.Pixels,
            Wide = wide.View,
        });
        var splats = new SplatMemory(arena, chunkSize);
        Tensor moments = arena.Allocate(1, chunkSize, RasterShape.MomentFloats);
        BufferView<int> large = Integers(arena.Allocate(1, 1, chunkSize + 1));
        for (int first = 0; first < gaussians.Pixels; first += chunkSize)
        {
            int count = Math.Min(chunkSize, gaussians.Pixels - first);
            Activate(device, gaussians, settings, colours, first, count, splats);
            device.Launch(QuantizeKernels.ClearCount.Kernel, new WorkSize(1), new() { NonFinite = large });
            device.Launch(BackwardKernels.SumPixels.Kernel, new WorkSize(DivideUp(count, RasterShape.SplatsOfGroup)), new()
            {
                Splats = splats.Splats.View,
                Bounds = Integers(splats.Bounds),
                Count = count,
                Gradient = wide.View,
                Width = wide.Width,
                Height = wide.Height,
                Left = (int)Math.Floor(settings.ViewportLeft),
                Top = (int)Math.Floor(settings.ViewportTop),
                Moments = moments.View,
                Large = large,
            });
            device.Launch(BackwardKernels.SumLargeSplats.Kernel, new WorkSize(RasterShape.LargeSplatGroups), new()
            {
                Splats = splats.Splats.View,
                Bounds = Integers(splats.Bounds),
                Count = count,
                Gradient = wide.View,
                Width = wide.Width,
                Height = wide.Height,
                Left = (int)Math.Floor(settings.ViewportLeft),
                Top = (int)Math.Floor(settings.ViewportTop),
                Moments = moments.View,
                Large = large,
                Groups = RasterShape.LargeSplatGroups,
            });
            device.Launch(BackwardKernels.Differentiate.Kernel, new WorkSize(DivideUp(count, RasterShape.BlockSize)), new()
            {
                Gaussians = gaussians.View,
                GaussiansPitch = gaussians.Pitch,
                Channels = gaussians.Channels,
                Colours = ActivatedColours(settings, colours),
                First = first,
                Count = count,
                CanvasWidth = settings.CanvasWidth,
                CanvasHeight = settings.CanvasHeight,
                SigmaUnitX = (float)settings.SigmaUnitX,
                SigmaUnitY = (float)settings.SigmaUnitY,
                Moments = moments.View,
                Gradients = gaussianGradient.View,
                GradientsPitch = gaussianGradient.Pitch,
            });
        }
    }

    private static void Activate(
        GpuDevice device, in Tensor gaussians, in RasterSettings settings, int colours, int first, int count, in SplatMemory splats)
    {
        double left = Math.Floor(settings.ViewportLeft);
        double top = Math.Floor(settings.ViewportTop);
        double boxX = Math.Min(WidestBox, settings.BoxX);
        double boxY = Math.Min(WidestBox, settings.BoxY);
        device.Launch(ActivateKernels.Activate.Kernel, new WorkSize(DivideUp(count, RasterShape.BlockSize)), new()
        {
            Gaussians = gaussians.View,
            GaussiansPitch = gaussians.Pitch,
            Channels = gaussians.Channels,
            Colours = ActivatedColours(settings, colours),
            First = first,
            Count = count,
            CanvasWidth = settings.CanvasWidth,
            CanvasHeight = settings.CanvasHeight,
            OriginX = (float)(0.5 + (settings.ViewportLeft - left)),
            OriginY = (float)(0.5 + (settings.ViewportTop - top)),
            SigmaUnitX = (float)settings.SigmaUnitX,
            SigmaUnitY = (float)settings.SigmaUnitY,
            BoxX = (int)boxX,
            BoxXFraction = (float)(boxX - Math.Floor(boxX)),
            BoxY = (int)boxY,
            BoxYFraction = (float)(boxY - Math.Floor(boxY)),
            Splats = splats.Splats.View,
            Bounds = Integers(splats.Bounds),
            Blocks = Integers(splats.BlockBounds),
        });
    }

    // Large tiles cost least, if there are enough for every processor to have two.
    private static (Kernel<GatherKernels.Gather.Arguments> Gather, WorkSize Tiles) Tiles(GpuDevice device, in Tensor image)
    {
        int columns = DivideUp(image.Width, RasterShape.TileColumns);
        int rows = DivideUp(image.Height, Tile16x16.RowCount);
        return (long)columns * rows < 2 * device.ProcessorCount
            ? (GatherKernels.Gather.Tile16x8, new WorkSize(columns, DivideUp(image.Height, Tile16x8.RowCount)))
            : (GatherKernels.Gather.Tile16x16, new WorkSize(columns, rows));
    }

    // Kernels take 0 to mean raw Gaussians.
    private static int ActivatedColours(in RasterSettings settings, int colours) => settings.Layout == GaussianLayout.Raw ? 0 : colours;

    // Bounds are whole numbers in memory that was allocated as floats.
    private static BufferView<int> Integers(in Tensor tensor) => tensor.ViewAs<int>();

    private static int DivideUp(int extent, int size) => (int)(((long)extent + size - 1) / size);

    private readonly struct SplatMemory(Arena arena, int count)
    {
        public Tensor Splats { get; } = arena.Allocate(1, count, RasterShape.SplatFloats);

        public Tensor Bounds { get; } = arena.Allocate(1, count, RasterShape.BoundsSize);

        public Tensor BlockBounds { get; } = arena.Allocate(1, DivideUp(count, RasterShape.BlockSize), RasterShape.BoundsSize);
    }
}
