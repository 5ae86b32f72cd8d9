using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary>
/// <see cref="GaussianHeads"/> on GPUs: the first layer is a product of its own, whose 5C values for each cell lie in memory, a
/// band of cells at a time; the other two are one kernel (heads.cl).
/// </summary>
internal static class GaussianHeadsGpu
{
    private const long BandBytes = 128L << 20;

    // The best comes first; the second and the third run on every device, the third with any number of channels.
    private static readonly (KernelId Kernel, int Rows) s_large = (LayerKernels.Library["heads-128x128", "gaussian_heads"], 128);
    private static readonly (KernelId Kernel, int Rows) s_small = (LayerKernels.Library["heads-64x96", "gaussian_heads"], 64);
    private static readonly (KernelId Kernel, int Rows) s_unaligned = (LayerKernels.Library["heads-unaligned", "gaussian_heads"], 64);

    public static void Run(
        GpuDevice device, in Tensor x, GaussianHeadsWeights weights, in Tensor y, in GridPlacement placement, Arena arena)
    {
        GaussianHeadsGpuWeights gpuWeights = weights.Gpu!;
        (KernelId kernel, int tileRows) = weights.Channels % 4 != 0 ? s_unaligned
            : device.Supports(s_large.Kernel.Module) ? s_large
            : s_small;
        int cells = x.Pixels;
        int hiddenChannels = GaussianHeadsWeights.HeadCount * weights.Channels;
        int most = (int)Math.Max(tileRows, BandBytes / (hiddenChannels * sizeof(float)) / tileRows * tileRows);
        int bands = LayerKernels.DivideUp(cells, most);
        int bandCells = LayerKernels.DivideUp(LayerKernels.DivideUp(cells, bands), tileRows) * tileRows;

        using Arena.Scope scope = arena.BeginScope();
        Tensor hidden = arena.Allocate(1, Math.Min(bandCells, cells), hiddenChannels);
        Tensor line = x with { Height = 1, Width = cells };
        for (int first = 0; first < cells; first += bandCells)
        {
            int count = Math.Min(bandCells, cells - first);
            Convolution.Run(line, weights.First, hidden with { Width = count }, Activation.Relu, firstColumn: first);
            KernelArguments launch = new KernelArguments()
                .Add(hidden)
                .Add(gpuWeights.Second.Packed)
                .Add(gpuWeights.Second.Bias.Buffer)
                .Add(gpuWeights.Third.Buffer)
                .Add(gpuWeights.ThirdBias.Buffer)
                .Add(y)
                .Add(weights.Channels)
                .Add(count)
                .Add(first)
                .Add(y.Width)
                .Add(placement.GridHeight)
                .Add(placement.GridWidth);
            launch.AddVector(placement.RowCentres, y);
            launch.AddVector(placement.ColumnCentres, y);
            int groups = checked(LayerKernels.DivideUp(count, tileRows) * GaussianHeadsWeights.HeadCount);
            device.Launch(device.GetKernel(kernel), new WorkSize(groups), launch);
        }
    }
}
