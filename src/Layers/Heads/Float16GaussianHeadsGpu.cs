using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary><see cref="GaussianHeads"/> of float16 on the tensor cores of a GPU: the first layer is a product of its own, band by band.</summary>
internal static class Float16GaussianHeadsGpu
{
    private const long BandBytes = 128L << 20;

    /// <summary>Whether there is a kernel for heads of so many channels.</summary>
    /// <param name="channels">Channels of a cell.</param>
    public static bool Supports(int channels) => channels % 8 == 0 && channels <= Float16HeadsShape.MostChannels;

    public static void Run(
        GpuDevice device, in Tensor x, GaussianHeadsWeights weights, in Tensor y, in GridPlacement placement, Arena arena)
    {
        if (!Supports(weights.Channels))
            throw new NotSupportedException($"{device.Name} has no Gaussian heads of float16 for {weights.Channels} channels.");
        if (RunsAtOnce(device, weights.Channels))
            RunAtOnce(device, KernelFor(weights.Channels), x, weights, y, placement);
        else
            RunByBands(device, x, weights, y, placement, arena);
    }

    /// <summary>Whether a device computes all layers in one kernel. Then packed weights of the first layer have each head filled up to blocks (PackedColumns) of its own.</summary>
    /// <param name="device">The device.</param>
    /// <param name="channels">Channels of a cell.</param>
    public static bool RunsAtOnce(GpuDevice device, int channels) => device.Supports(KernelFor(channels));

    private static Kernel<Float16HeadsRowsKernels.MakeGaussiansFloat16.Arguments> KernelFor(int channels) => channels <= Warpgroups128x64.ColumnCount
        ? Float16HeadsRowsKernels.MakeGaussiansFloat16.Warpgroups128x64
        : Float16HeadsRowsKernels.MakeGaussiansFloat16.Warpgroups128x192;

    private static void RunAtOnce(
        GpuDevice device,
        Kernel<Float16HeadsRowsKernels.MakeGaussiansFloat16.Arguments> kernel,
        in Tensor x,
        GaussianHeadsWeights weights,
        in Tensor y,
        in GridPlacement placement)
    {
        LayerKernels.RequireEights(x);
        GaussianHeadsGpuWeights gpuWeights = weights.Gpu!;
        int groups = checked(LayerKernels.DivideUp(x.Pixels, Float16RowsShape.Rows) * GaussianHeadsWeights.HeadCount);
        device.Launch(kernel, new WorkSize(groups), new()
        {
            X = x.ViewAs<short>(),
            XPitch = x.Pitch,
            First = new(weights.First.Packed),
            FirstBias = weights.First.Bias.View,
            Second = new(gpuWeights.Second.Packed),
            SecondBias = gpuWeights.Second.Bias.View,
            Third = gpuWeights.Third.View,
            ThirdBias = gpuWeights.ThirdBias.View,
            Y = y.View,
            YPitch = y.Pitch,
            Channels = weights.Channels,
            Cells = x.Pixels,
            Width = y.Width,
            GridHeight = placement.GridHeight,
            GridWidth = placement.GridWidth,
            RowCentres = placement.RowCentres.View,
            ColumnCentres = placement.ColumnCentres.View,
            Range = new(gpuWeights.RangeFlag!),
        });
    }

    private static void RunByBands(
        GpuDevice device, in Tensor x, GaussianHeadsWeights weights, in Tensor y, in GridPlacement placement, Arena arena)
    {
        GaussianHeadsGpuWeights gpuWeights = weights.Gpu!;
        (Kernel<Float16HeadsKernels.FinishHeadsFloat16.Arguments> kernel, int rows) = Float16ConvolutionGpu.HasLargeTiles(device)
            ? (Float16HeadsKernels.FinishHeadsFloat16.Half128x128, Half128x128.RowCount)
            : (Float16HeadsKernels.FinishHeadsFloat16.Half64x64OnTuring, Half64x64OnTuring.RowCount);
        int cells = x.Pixels;
        int hiddenChannels = GaussianHeadsWeights.HeadCount * weights.Channels;
        int most = (int)Math.Max(rows, BandBytes / (hiddenChannels * 2) / rows * rows);
        int bands = LayerKernels.DivideUp(cells, most);
        int bandCells = LayerKernels.DivideUp(LayerKernels.DivideUp(cells, bands), rows) * rows;

        using Arena.Scope scope = arena.BeginScope();
        Tensor hidden = arena.Allocate(1, Math.Min(bandCells, cells), hiddenChannels, ElementType.Float16);
        Tensor line = x.Reshape(height: 1, width: cells);
        for (int first = 0; first < cells; first += bandCells)
        {
            int count = Math.Min(bandCells, cells - first);
            Convolution.Run(line, weights.First, hidden.Reshape(width: count), Activation.Relu, firstColumn: first);
            int groups = checked(LayerKernels.DivideUp(count, rows) * GaussianHeadsWeights.HeadCount);
            device.Launch(kernel, new WorkSize(groups), new()
            {
                Hidden = hidden.ViewAs<short>(),
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
                Range = new(gpuWeights.RangeFlag!),
            });
        }
    }
}
