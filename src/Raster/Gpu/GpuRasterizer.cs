using Gsasr.Tensors;

namespace Gsasr.Raster.Gpu;

/// <summary>
/// The rasteriser on a GPU: activation, bounds, and a gather in which each tile finds its own Gaussians through the bounds
/// of blocks of consecutive ones. There is no list of pairs that could overflow; see <c>ActivateKernels.Kernel.cs</c> and <c>GatherKernels.Kernel.cs</c>.
/// </summary>
internal static class GpuRasterizer
{
    /// <summary>Gaussians drawn at once, which bounds working memory (256 MiB).</summary>
    public const int ChunkSize = 1 << 22;

    // No ellipse reaches so far: a wider box is no box.
    private const double WidestBox = 1 << 20;

    public static void Render(GpuDevice device, in Tensor gaussians, in RasterSettings settings, in Tensor image, Arena arena) =>
        Render(device, gaussians, settings, image, arena, Math.Min(ChunkSize, gaussians.Pixels));

    /// <summary>Draws so many Gaussians at once.</summary>
    internal static void Render(
        GpuDevice device, in Tensor gaussians, in RasterSettings settings, in Tensor image, Arena arena, int chunkSize)
    {
        int blocks = DivideUp(chunkSize, RasterShape.BlockSize);
        using Arena.Scope scope = arena.BeginScope();
        Tensor splats = arena.Allocate(1, chunkSize, RasterShape.SplatFloats);
        Tensor bounds = arena.Allocate(1, chunkSize, RasterShape.BoundsSize);
        Tensor blockBounds = arena.Allocate(1, blocks, RasterShape.BoundsSize);
        Tensor groupBounds = arena.Allocate(1, DivideUp(blocks, RasterShape.BlockSize), RasterShape.BoundsSize);

        double left = Math.Floor(settings.ViewportLeft);
        double top = Math.Floor(settings.ViewportTop);
        double boxX = Math.Min(WidestBox, settings.BoxX);
        double boxY = Math.Min(WidestBox, settings.BoxY);
        for (int first = 0; first < gaussians.Pixels; first += chunkSize)
        {
            int count = Math.Min(chunkSize, gaussians.Pixels - first);
            int blockCount = DivideUp(count, RasterShape.BlockSize);
            int groupCount = DivideUp(blockCount, RasterShape.BlockSize);
            device.Launch(ActivateKernels.Activate.Kernel, new WorkSize(blockCount), new()
            {
                Gaussians = gaussians.View,
                GaussiansPitch = gaussians.Pitch,
                Channels = gaussians.Channels,
                First = first,
                Count = count,
                CanvasWidth = (float)settings.CanvasWidth,
                CanvasHeight = (float)settings.CanvasHeight,
                OriginX = (float)(0.5 + (settings.ViewportLeft - left)),
                OriginY = (float)(0.5 + (settings.ViewportTop - top)),
                SigmaUnitX = (float)(settings.Scale / 1.2),
                SigmaUnitY = (float)(settings.Scale / 1.2),
                BoxX = (int)boxX,
                BoxXFraction = (float)(boxX - Math.Floor(boxX)),
                BoxY = (int)boxY,
                BoxYFraction = (float)(boxY - Math.Floor(boxY)),
                Splats = splats.View,
                Bounds = BoundsIn(bounds),
                Blocks = BoundsIn(blockBounds),
            });
            device.Launch(ActivateKernels.Bound.Kernel, new WorkSize(groupCount), new()
            {
                Blocks = BoundsIn(blockBounds),
                Count = blockCount,
                Groups = BoundsIn(groupBounds),
            });
            var tiles = new WorkSize(DivideUp(image.Width, RasterShape.TileSize), DivideUp(image.Height, RasterShape.TileSize));
            device.Launch(GatherKernels.Gather.Kernel, tiles, new()
            {
                Splats = splats.View,
                Bounds = BoundsIn(bounds),
                Count = count,
                Blocks = BoundsIn(blockBounds),
                BlockCount = blockCount,
                Groups = BoundsIn(groupBounds),
                GroupCount = groupCount,
                Image = image.View,
                ImagePitch = image.Pitch,
                Width = image.Width,
                Height = image.Height,
                Left = (int)left,
                Top = (int)top,
                Accumulate = first > 0 ? 1 : 0,
            });
        }
    }

    // Bounds are whole numbers in memory that was allocated for floats.
    private static BufferView<int> BoundsIn(in Tensor tensor) => new(tensor.Buffer, tensor.Offset, tensor.View.Length);

    private static int DivideUp(int extent, int size) => (int)(((long)extent + size - 1) / size);
}
