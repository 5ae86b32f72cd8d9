using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary>
/// 3x3 <see cref="Convolution"/>s on GPUs by Winograd's minimal filtering F(2x2, 3x3) (Lavin and Gray, arXiv 1509.09308): 16
/// multiplications in place of 36 for 2 x 2 output pixels. Input patches are transformed into 16 planes, each plane is one matrix
/// product, and the results are transformed back (winograd.cl). Its sums run over the channels alone, so it rounds no worse than a
/// direct convolution.
/// </summary>
internal static class WinogradGpu
{
    private const int Planes = 16;

    // With fewer channels the transformations cost more than the multiplications that they save.
    private const int LeastChannels = 48;

    // What the planes of a band of patches take at most; a large image is done band by band.
    private const long BandBytes = 128L << 20;
    private const int BandAlignment = 128;

    private static readonly KernelId s_transformInput = LayerKernels.Library["winograd", "transform_input"];
    private static readonly KernelId s_transformOutput = LayerKernels.Library["winograd", "transform_output"];

    // The matrix G of the filter's transformation G g G^T.
    private static readonly double[,] s_filter = { { 1, 0, 0 }, { 0.5, 0.5, 0.5 }, { 0.5, -0.5, 0.5 }, { 0, 0, 1 } };

    /// <summary>Whether a convolution is done this way.</summary>
    /// <param name="inputChannels">Channels of the input.</param>
    /// <param name="outputChannels">Channels of the product.</param>
    /// <param name="kernelSize">Pixels of the neighbourhood in each direction.</param>
    public static bool Suits(int inputChannels, int outputChannels, int kernelSize) =>
        kernelSize == 3 && inputChannels >= LeastChannels && outputChannels >= LeastChannels;

    /// <summary>Transforms weights and packs them, a matrix for each plane, as <see cref="ConvolutionGpu.Pack"/> does.</summary>
    /// <param name="device">The device that will use them.</param>
    /// <param name="weight">[outputChannels][9][inputChannels].</param>
    /// <param name="inputChannels">Channels of the input.</param>
    /// <param name="outputChannels">Channels of the product.</param>
    public static DeviceBuffer Pack(GpuDevice device, ReadOnlySpan<float> weight, int inputChannels, int outputChannels)
    {
        var transformed = new float[checked(outputChannels * Planes * inputChannels)];
        Span<double> rows = stackalloc double[4 * 3];
        for (int n = 0; n < outputChannels; n++)
        {
            ReadOnlySpan<float> source = weight.Slice(n * 9 * inputChannels, 9 * inputChannels);
            Span<float> target = transformed.AsSpan(n * Planes * inputChannels, Planes * inputChannels);
            for (int channel = 0; channel < inputChannels; channel++)
            {
                for (int i = 0; i < 4; i++)
                {
                    for (int j = 0; j < 3; j++)
                    {
                        rows[i * 3 + j] = 0;
                        for (int k = 0; k < 3; k++)
                            rows[i * 3 + j] += s_filter[i, k] * source[(k * 3 + j) * inputChannels + channel];
                    }
                }

                for (int plane = 0; plane < Planes; plane++)
                {
                    double value = 0;
                    for (int k = 0; k < 3; k++)
                        value += rows[plane / 4 * 3 + k] * s_filter[plane % 4, k];
                    target[plane * inputChannels + channel] = (float)value;
                }
            }
        }

        return ConvolutionGpu.Pack(device, transformed, inputChannels, outputChannels, Planes);
    }

    public static void Run(GpuDevice device, in ConvolutionArguments arguments)
    {
        ConvolutionWeights weights = arguments.Weights;
        int inputs = LayerKernels.DivideUp(weights.InputChannels, 4) * 4;
        int outputs = LayerKernels.DivideUp(weights.OutputChannels, 4) * 4;
        int patchColumns = LayerKernels.DivideUp(arguments.Columns, 2);
        int patches = checked(LayerKernels.DivideUp(arguments.Rows, 2) * patchColumns);

        long patchBytes = (long)Planes * (inputs + outputs) * sizeof(float);
        int most = (int)Math.Max(BandBytes / patchBytes / BandAlignment * BandAlignment, BandAlignment);
        int bands = LayerKernels.DivideUp(patches, most);
        int band = Math.Min(patches, LayerKernels.DivideUp(LayerKernels.DivideUp(patches, bands), BandAlignment) * BandAlignment);
        DeviceBuffer scratch = device.Scratch(band * patchBytes);
        var inputPlanes = new Tensor(scratch, 0, Planes, band, inputs, inputs);
        var outputPlanes = new Tensor(scratch, checked(Planes * band * inputs), Planes, band, outputs, outputs);
        for (int first = 0; first < patches; first += band)
        {
            int count = Math.Min(band, patches - first);
            TransformInput(device, arguments, patchColumns, first, inputPlanes with { Width = count });
            Multiply(device, inputPlanes with { Width = count }, weights.Packed, outputPlanes with { Width = count });
            TransformOutput(device, arguments, patchColumns, first, outputPlanes with { Width = count });
        }
    }

    private static void TransformInput(
        GpuDevice device, in ConvolutionArguments arguments, int patchColumns, int firstPatch, in Tensor planes)
    {
        Tensor x = arguments.X;
        KernelArguments launch = new KernelArguments()
            .Add(x)
            .Add(x.Height)
            .Add(x.Width)
            .Add(x.Channels)
            .Add(LayerKernels.Aligned(x))
            .Add(arguments.FirstRow)
            .Add(arguments.FirstColumn)
            .Add(patchColumns)
            .Add(firstPatch)
            .Add(planes.Width)
            .Add(planes);
        GpuKernel kernel = device.GetKernel(s_transformInput);
        device.Launch(kernel, kernel.GroupsFor(checked(planes.Width * planes.Channels / 4)), launch);
    }

    private static void Multiply(GpuDevice device, in Tensor x, DeviceBuffer weights, in Tensor y)
    {
        ConvolutionTile best = ConvolutionTile.All[^1];
        double bestTime = double.PositiveInfinity;
        foreach (ConvolutionTile tile in ConvolutionTile.All)
        {
            if (!tile.RunsOn(device))
                continue;
            double time = tile.Time(device.ProcessorCount, Planes * tile.Groups(x.Width, y.Channels));
            if (time < bestTime)
                (best, bestTime) = (tile, time);
        }

        KernelArguments launch = new KernelArguments().Add(x).Add(weights).Add(y).Add(x.Width);
        device.Launch(
            device.GetKernel(best.MultiplyPlanes), new WorkSize(checked((int)best.Groups(x.Width, y.Channels)), Planes), launch);
    }

    private static void TransformOutput(
        GpuDevice device, in ConvolutionArguments arguments, int patchColumns, int firstPatch, in Tensor planes)
    {
        Tensor y = arguments.Y;
        Tensor residual = arguments.Residual ?? y;
        KernelArguments launch = new KernelArguments()
            .Add(planes)
            .Add(patchColumns)
            .Add(firstPatch)
            .Add(planes.Width);
        launch.AddVector(arguments.Bias, y);
        launch
            .Add(residual)
            .Add(arguments.Residual is null ? 0 : 1)
            .Add(y)
            .Add(arguments.Rows)
            .Add(arguments.Columns)
            .Add(arguments.Weights.OutputChannels)
            .Add(arguments.Weights.PixelShuffle ? y.Channels : 0)
            .Add(LayerKernels.Aligned(y) & LayerKernels.Aligned(residual))
            .Add((int)arguments.Activation);
        GpuKernel kernel = device.GetKernel(s_transformOutput);
        device.Launch(kernel, kernel.GroupsFor(checked(planes.Width * planes.Channels / 4)), launch);
    }
}
