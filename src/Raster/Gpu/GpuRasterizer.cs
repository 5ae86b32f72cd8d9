using Gsasr.Tensors;

namespace Gsasr.Raster.Gpu;

/// <summary>
/// The rasteriser in OpenCL C: activation, bounds, and a gather in which each tile finds its own Gaussians through the bounds
/// of blocks of consecutive ones. There is no list of pairs that could overflow; see <c>rasterize.cl</c>.
/// </summary>
internal static class GpuRasterizer
{
    /// <summary>Gaussians drawn at once, which bounds working memory (256 MiB).</summary>
    public const int ChunkSize = 1 << 22;

    // As in rasterize.cl.
    private const int BlockSize = 128;
    private const int TileSize = 16;
    private const int SplatFloats = 12;
    private const int BoundsFloats = 4;

    // No ellipse reaches so far: a wider box is no box.
    private const double WidestBox = 1 << 20;

    private static readonly KernelId s_activate = RasterKernels.Library["rasterize", "activate_gaussians"];
    private static readonly KernelId s_bound = RasterKernels.Library["rasterize", "bound_blocks"];
    private static readonly KernelId s_gather = RasterKernels.Library["rasterize", "gather_tiles"];

    public static void Render(GpuDevice device, in Tensor gaussians, in RasterSettings settings, in Tensor image, Arena arena) =>
        Render(device, gaussians, settings, image, arena, Math.Min(ChunkSize, gaussians.Pixels));

    /// <summary>Draws so many Gaussians at once.</summary>
    internal static void Render(
        GpuDevice device, in Tensor gaussians, in RasterSettings settings, in Tensor image, Arena arena, int chunkSize)
    {
        int blocks = DivideUp(chunkSize, BlockSize);
        using Arena.Scope scope = arena.BeginScope();
        Tensor splats = arena.Allocate(1, chunkSize, SplatFloats);
        Tensor bounds = arena.Allocate(1, chunkSize, BoundsFloats);
        Tensor blockBounds = arena.Allocate(1, blocks, BoundsFloats);
        Tensor groupBounds = arena.Allocate(1, DivideUp(blocks, BlockSize), BoundsFloats);

        GpuKernel activate = device.GetKernel(s_activate);
        GpuKernel bound = device.GetKernel(s_bound);
        GpuKernel gather = device.GetKernel(s_gather);
        double left = Math.Floor(settings.ViewportLeft);
        double top = Math.Floor(settings.ViewportTop);
        double boxX = Math.Min(WidestBox, settings.BoxX);
        double boxY = Math.Min(WidestBox, settings.BoxY);
        for (int first = 0; first < gaussians.Pixels; first += chunkSize)
        {
            int count = Math.Min(chunkSize, gaussians.Pixels - first);
            int blockCount = DivideUp(count, BlockSize);
            int groupCount = DivideUp(blockCount, BlockSize);
            device.Launch(activate, new WorkSize(blockCount), new KernelArguments()
                .Add(gaussians).Add(gaussians.Channels).Add(first).Add(count)
                .Add(settings.CanvasWidth).Add(settings.CanvasHeight)
                .Add((float)(0.5 + (settings.ViewportLeft - left))).Add((float)(0.5 + (settings.ViewportTop - top)))
                .Add((float)settings.SigmaUnitX).Add((float)settings.SigmaUnitY)
                .Add((int)boxX).Add((float)(boxX - Math.Floor(boxX))).Add((int)boxY).Add((float)(boxY - Math.Floor(boxY)))
                .Add(splats.Buffer).Add(splats.Offset).Add(bounds.Buffer).Add(bounds.Offset)
                .Add(blockBounds.Buffer).Add(blockBounds.Offset));
            device.Launch(bound, new WorkSize(groupCount), new KernelArguments()
                .Add(blockBounds.Buffer).Add(blockBounds.Offset).Add(blockCount).Add(groupBounds.Buffer).Add(groupBounds.Offset));
            var tiles = new WorkSize(DivideUp(image.Width, TileSize), DivideUp(image.Height, TileSize));
            device.Launch(gather, tiles, new KernelArguments()
                .Add(splats.Buffer).Add(splats.Offset).Add(bounds.Buffer).Add(bounds.Offset).Add(count)
                .Add(blockBounds.Buffer).Add(blockBounds.Offset).Add(blockCount)
                .Add(groupBounds.Buffer).Add(groupBounds.Offset).Add(groupCount)
                .Add(image).Add(image.Width).Add(image.Height).Add((int)left).Add((int)top).Add(first > 0 ? 1 : 0));
        }
    }

    private static int DivideUp(int extent, int size) => (int)(((long)extent + size - 1) / size);
}
