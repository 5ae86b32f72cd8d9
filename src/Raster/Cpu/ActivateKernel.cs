using Gsasr.Tensors.Cpu;

namespace Gsasr.Raster.Cpu;

/// <summary>
/// Turns Gaussians into splats, one block of <see cref="SplatBlock.Size"/> for each item, and drops those that cannot touch the viewport.
/// </summary>
internal unsafe struct ActivateKernel : ICpuKernel
{
    public GaussianSource Source;

    /// <summary>Memory for one splat for each Gaussian; the splats of a block lie at its start.</summary>
    public Splat* Splats;

    /// <summary>One for each block.</summary>
    public SplatBlock* Blocks;

    public readonly void Execute(int item, byte* scratch)
    {
        int start = item * SplatBlock.Size;
        int count = Math.Min(SplatBlock.Size, Source.Count - start);
        Splat* splats = Splats + start;
        double* exponentials = stackalloc double[SplatBlock.Size * GaussianSource.Exponentials];
        float** kept = stackalloc float*[SplatBlock.Size];

        var block = new SplatBlock { FirstTileRow = int.MaxValue, LastTileRow = -1 };
        int keptCount = 0;
        for (int i = 0; i < count; i++)
        {
            float* row = Source.Row(start + i);
            if (!Source.IsValid(row))
                block.Invalid++;
            else if (Source.CanReachViewport(row))
                kept[keptCount++] = row;
        }

        Source.ComputeExponentials(kept, keptCount, exponentials);
        for (int i = 0; i < keptCount; i++)
        {
            Source.Activate(kept[i], exponentials + i * GaussianSource.Exponentials, out ActivatedGaussian gaussian);
            if (Splat.TryCreate(gaussian, Source.Viewport, out splats[block.Count]))
                AddToBlock(splats[block.Count++], ref block);
        }

        Blocks[item] = block;
    }

    private readonly void AddToBlock(in Splat splat, ref SplatBlock block)
    {
        Viewport viewport = Source.Viewport;
        int firstRow = (splat.Top - viewport.Top) / Viewport.TileHeight;
        int lastRow = (splat.Bottom - 1 - viewport.Top) / Viewport.TileHeight;
        int columns = (splat.Right - 1 - viewport.Left) / Viewport.TileWidth - (splat.Left - viewport.Left) / Viewport.TileWidth + 1;
        block.Pairs += (lastRow - firstRow + 1) * columns;
        block.FirstTileRow = Math.Min(block.FirstTileRow, firstRow);
        block.LastTileRow = Math.Max(block.LastTileRow, lastRow);
    }
}
