using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary>
/// <see cref="GaussianHeads"/> on GPUs. The first layer is a product of its own, whose 5C values for each cell lie in memory, for one band
/// of cells at a time. The other two layers are one kernel.
/// </summary>
internal static class GaussianHeadsGpu
{
    private const long BandBytes = 128L << 20;

    /// <summary>The floats of the arena that computing cells takes.</summary>
    public static long WorkingFloats(GpuDevice device, long cells, int channels) =>
        Math.Min(cells, BandCells(Choose(device, channels).TileRows, (int)Math.Min(cells, int.MaxValue), channels)) * GaussianHeadsWeights.HeadCount * channels;

    public static void Run(
        GpuDevice device, in Tensor x, GaussianHeadsWeights weights, in Tensor y, in GridPlacement placement, Arena arena)
    {
        GaussianHeadsGpuWeights gpuWeights = weights.Gpu!;
        (Kernel<HeadsKernels.FinishHeads.Arguments> kernel, int tileRows) = Choose(device, weights.Channels);
        int cells = x.Pixels;
        int hiddenChannels = GaussianHeadsWeights.HeadCount * weights.Channels;
        int bandCells = BandCells(tileRows, cells, weights.Channels);

        using Arena.Scope scope = arena.BeginScope();
        Tensor hidden = arena.Allocate(1, Math.Min(bandCells, cells), hiddenChannels);
        Tensor line = x.Reshape(height: 1, width: cells);
        for (int first = 0; first < cells; first += bandCells)
        {
            int count = Math.Min(bandCells, cells - first);
            Convolution.Run(line, weights.First, hidden.Reshape(width: count), Activation.Relu, firstColumn: first);
            if (gpuWeights.Second.Algorithm == ConvolutionAlgorithm.Split)
            {
                SplitGaussianHeadsGpu.Finish(device, hidden.Reshape(width: count), gpuWeights, y, first, placement);
                continue;
            }

            int groups = checked(LayerKernels.DivideUp(count, tileRows) * GaussianHeadsWeights.HeadCount);
            device.Launch(kernel, new WorkSize(groups), new()
            {
                Hidden = hidden.View,
                HiddenPitch = hidden.Pitch,
                Second = new(gpuWeights.Second.Packed),
                SecondBias = gpuWeights.Second.Bias.View,
                Third = gpuWeights.Third.View,
                ThirdBias = gpuWeights.ThirdBias.View,
                Y = y.View,
                YPitch = y.Pitch,
                Channels = weights.Channels,
                Cells = count,
                FirstCell = first,
                Width = y.Width,
                GridHeight = placement.GridHeight,
                GridWidth = placement.GridWidth,
                RowCentres = placement.RowCentres.View,
                ColumnCentres = placement.ColumnCentres.View,
            });
        }
    }

    // Bands of equal size, of whole tiles.
    private static int BandCells(int tileRows, int cells, int channels)
    {
        int most = (int)Math.Max(tileRows, BandBytes / (GaussianHeadsWeights.HeadCount * channels * sizeof(float)) / tileRows * tileRows);
        int bands = LayerKernels.DivideUp(cells, most);
        return LayerKernels.DivideUp(LayerKernels.DivideUp(cells, bands), tileRows) * tileRows;
    }

    private static (Kernel<HeadsKernels.FinishHeads.Arguments> Kernel, int TileRows) Choose(GpuDevice device, int channels)
    {
        if (channels % 4 != 0)
            return (HeadsKernels.FinishHeads.Tile64x64Unaligned, Tile64x64Unaligned.Rows);
        return device.Supports(HeadsKernels.FinishHeads.Tile128x128)
            ? (HeadsKernels.FinishHeads.Tile128x128, Tile128x128.Rows)
            : (HeadsKernels.FinishHeads.Tile64x96, Tile64x96.Rows);
    }
}
