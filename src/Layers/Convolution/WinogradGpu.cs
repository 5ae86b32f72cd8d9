using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary>
/// 3x3 <see cref="Convolution"/>s on GPUs by <see cref="Winograd"/>'s minimal filtering: input patches are transformed into 16 planes,
/// each plane is one matrix product, and the results are transformed back.
/// </summary>
internal static class WinogradGpu
{
    // The most bytes for the planes of a band of patches. A large image is done band by band.
    private const long BandBytes = 128L << 20;
    private const int BandAlignment = 128;

    public static void Run(GpuDevice device, in ConvolutionArguments arguments)
    {
        ConvolutionWeights weights = arguments.Weights;
        int inputs = RoundUp(weights.InputChannels);
        int outputs = RoundUp(weights.OutputChannels);
        int patchColumns = LayerKernels.DivideUp(arguments.Columns, 2);
        int patches = checked(LayerKernels.DivideUp(arguments.Rows, 2) * patchColumns);

        long patchBytes = (long)Winograd.Planes * (inputs + outputs) * sizeof(float);
        int most = (int)Math.Max(BandBytes / patchBytes / BandAlignment * BandAlignment, BandAlignment);
        int bands = LayerKernels.DivideUp(patches, most);
        int band = Math.Min(patches, LayerKernels.DivideUp(LayerKernels.DivideUp(patches, bands), BandAlignment) * BandAlignment);

        device.Prepare(WinogradKernels.TransformInput.Kernel);
        device.Prepare(FastestTile(device, band, outputs).MultiplyPlanes);
        device.Prepare(FastestTile(device, (patches - 1) % band + 1, outputs).MultiplyPlanes);
        device.Prepare(WinogradKernels.TransformOutput.Kernel);

        // No launches of another thread may come in between, because they would use the same scratch memory.
        lock (device.LaunchLock)
        {
            DeviceBuffer scratch = device.Scratch(band * patchBytes);
            var inputPlanes = new Tensor(scratch, 0, Winograd.Planes, band, inputs, inputs);
            var outputPlanes = new Tensor(scratch, (long)Winograd.Planes * band * inputs, Winograd.Planes, band, outputs, outputs);
            for (int first = 0; first < patches; first += band)
            {
                int count = Math.Min(band, patches - first);
                Tensor inputsOfBand = inputPlanes.Reshape(width: count);
                Tensor outputsOfBand = outputPlanes.Reshape(width: count);
                TransformInput(device, arguments, patchColumns, first, inputsOfBand);
                Multiply(device, inputsOfBand, weights.Packed, outputsOfBand);
                TransformOutput(device, arguments, patchColumns, first, outputsOfBand);
            }
        }
    }

    private static int RoundUp(int channels) => LayerKernels.DivideUp(channels, 4) * 4;

    private static void TransformInput(
        GpuDevice device, in ConvolutionArguments arguments, int patchColumns, int firstPatch, in Tensor planes)
    {
        Tensor x = arguments.X;
        Kernel<WinogradKernels.TransformInput.Arguments> kernel = WinogradKernels.TransformInput.Kernel;
        device.Launch(kernel, kernel.GroupsFor(checked(planes.Width * planes.Channels / 4)), new()
        {
            X = x.View,
            XPitch = x.Pitch,
            XHeight = x.Height,
            XWidth = x.Width,
            Channels = x.Channels,
            Aligned = LayerKernels.IsAligned(x) ? 1 : 0,
            FirstRow = arguments.FirstRow,
            FirstColumn = arguments.FirstColumn,
            PatchColumns = patchColumns,
            FirstPatch = firstPatch,
            Patches = planes.Width,
            Planes = planes.View,
            PlanesPitch = planes.Pitch,
        });
    }

    private static ConvolutionTile FastestTile(GpuDevice device, int patches, int outputs)
    {
        ConvolutionTile best = ConvolutionTile.All[^1];
        double bestTime = double.PositiveInfinity;
        foreach (ConvolutionTile tile in ConvolutionTile.All)
        {
            if (!tile.RunsOn(device))
                continue;
            double time = tile.Time(device.ProcessorCount, Winograd.Planes * tile.Groups(patches, outputs));
            if (time < bestTime)
                (best, bestTime) = (tile, time);
        }

        return best;
    }

    private static void Multiply(GpuDevice device, in Tensor x, DeviceBuffer weights, in Tensor y)
    {
        ConvolutionTile best = FastestTile(device, x.Width, y.Channels);
        var groups = new WorkSize(checked((int)best.Groups(x.Width, y.Channels)), Winograd.Planes);
        device.Launch(best.MultiplyPlanes, groups, new()
        {
            X = x.View,
            XPitch = x.Pitch,
            Weights = new(weights),
            Y = y.View,
            YPitch = y.Pitch,
            Rows = x.Width,
        });
    }

    private static void TransformOutput(
        GpuDevice device, in ConvolutionArguments arguments, int patchColumns, int firstPatch, in Tensor planes)
    {
        Tensor y = arguments.Y;
        Tensor residual = arguments.Residual ?? y;
        Kernel<WinogradKernels.TransformOutput.Arguments> kernel = WinogradKernels.TransformOutput.Kernel;
        device.Launch(kernel, kernel.GroupsFor(checked(planes.Width * planes.Channels / 4)), new()
        {
            Planes = planes.View,
            PlanesPitch = planes.Pitch,
            PatchColumns = patchColumns,
            FirstPatch = firstPatch,
            Patches = planes.Width,
            Bias = arguments.Bias.View,
            Residual = residual.View,
            ResidualPitch = residual.Pitch,
            HasResidual = arguments.Residual is null ? 0 : 1,
            Y = y.View,
            YPitch = y.Pitch,
            Rows = arguments.Rows,
            Columns = arguments.Columns,
            OutputChannels = arguments.Weights.OutputChannels,
            ShuffledChannels = y.Channels,
            AlignedOutput = LayerKernels.IsAligned(y) && LayerKernels.IsAligned(residual) ? 1 : 0,
            Activation = (int)arguments.Activation,
        });
    }
}
