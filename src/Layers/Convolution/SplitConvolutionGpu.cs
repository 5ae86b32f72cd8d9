using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary><see cref="Convolution"/> of float32 on Hopper's tensor cores, which multiply numbers in two parts.</summary>
internal static class SplitConvolutionGpu
{
    // With fewer channels a slice of the depth is filled badly. No model has layers of 4 to 47 channels.
    private const int LeastChannels = 48;

    // Of a weight's exponent, so that neither the factor nor its reciprocal leaves float32's range.
    private const int LeastExponent = -111;

    // Of the largest weight in its packed form.
    private const int PackedExponent = 14;

    private const int GroupTerms = 16;

    /// <summary>Whether a convolution is computed this way.</summary>
    /// <param name="device">The device.</param>
    /// <param name="inputChannels">Channels of the input.</param>
    /// <param name="outputChannels">Channels of the product.</param>
    public static bool IsUsedFor(Device device, int inputChannels, int outputChannels) =>
        inputChannels >= LeastChannels && outputChannels >= LeastChannels
        && device is GpuDevice gpu && gpu.Supports(SplitConvolutionKernels.ConvolveSplit.Split64x192);

    /// <summary>
    /// Packs weights as <see cref="PackedColumns"/>: a column is an output channel, its slices are those of the input channels of one tap after the other, each
    /// the high parts of 32 weights and then the low ones, in the order of SplitProduct.
    /// </summary>
    /// <param name="device">The device that will use them.</param>
    /// <param name="weight">[outputChannels][taps][inputChannels].</param>
    /// <param name="inputChannels">Channels of the input.</param>
    /// <param name="outputChannels">Channels of the product.</param>
    /// <param name="taps">Pixels of the neighbourhood.</param>
    /// <param name="scale">A power of two; packed weights are divided by it.</param>
    public static DeviceBuffer Pack(GpuDevice device, ReadOnlySpan<float> weight, int inputChannels, int outputChannels, int taps, out float scale) =>
        LayerKernels.Upload(device, Pack(weight, inputChannels, outputChannels, taps, out scale));

    public static void Run(GpuDevice device, in ConvolutionArguments arguments)
    {
        ConvolutionWeights weights = arguments.Weights;
        Tensor x = arguments.X;
        Tensor y = arguments.Y;
        Tensor residual = arguments.Residual ?? y;
        int pixels = checked(arguments.Rows * arguments.Columns);
        (Kernel<SplitConvolutionKernels.ConvolveSplit.Arguments> kernel, int columns) = Choose(device, pixels, weights.OutputChannels);
        device.Launch(kernel, new WorkSize(checked((int)Groups(pixels, weights.OutputChannels, columns))), new()
        {
            X = x.View,
            XPitch = x.Pitch,
            XHeight = x.Height,
            XWidth = x.Width,
            Channels = weights.InputChannels,
            Taps = weights.KernelSize * weights.KernelSize,
            AlignedInput = LayerKernels.IsAligned(x) ? 1 : 0,
            Weights = new(weights.Packed),
            WeightScale = weights.Scale,
            Bias = arguments.Bias.View,
            Residual = residual.View,
            ResidualPitch = residual.Pitch,
            HasResidual = arguments.Residual is null ? 0 : 1,
            Y = y.View,
            YPitch = y.Pitch,
            FirstRow = arguments.FirstRow,
            FirstColumn = arguments.FirstColumn,
            Columns = arguments.Columns,
            Pixels = pixels,
            OutputChannels = weights.OutputChannels,
            ShuffledChannels = y.Channels,
            AlignedOutput = LayerKernels.IsAligned(y) && LayerKernels.IsAligned(residual) ? 1 : 0,
            Activation = (int)arguments.Activation,
        });
    }

    private static Half[] Pack(ReadOnlySpan<float> weight, int inputChannels, int outputChannels, int taps, out float scale)
    {
        float largest = MathF.Abs(System.Numerics.Tensors.TensorPrimitives.MaxMagnitude(weight));
        int exponent = largest > 0 && float.IsFinite(largest) ? Math.Max(Math.ILogB(largest), LeastExponent) - PackedExponent : 0;
        scale = MathF.ScaleB(1, exponent);
        float factor = MathF.ScaleB(1, -exponent);
        int slices = LayerKernels.DivideUp(inputChannels, SplitTiles.Depth);
        var packed = new PackedColumns(outputChannels, taps * slices);
        var target = new Half[slices * Float16Tiles.Depth];
        var values = new float[inputChannels];
        var rounded = new float[inputChannels];
        var high = new Half[inputChannels];
        var low = new Half[inputChannels];
        var places = new int[inputChannels];
        for (int channel = 0; channel < inputChannels; channel++)
            places[channel] = channel / SplitTiles.Depth * Float16Tiles.Depth + TermOf(channel % SplitTiles.Depth);
        for (int row = 0; row < outputChannels * taps; row++)
        {
            System.Numerics.Tensors.TensorPrimitives.Multiply(weight.Slice(row * inputChannels, inputChannels), factor, values);
            System.Numerics.Tensors.TensorPrimitives.ConvertToHalf(values, high);
            System.Numerics.Tensors.TensorPrimitives.ConvertToSingle(high, rounded);
            System.Numerics.Tensors.TensorPrimitives.Subtract(values, rounded, rounded);
            System.Numerics.Tensors.TensorPrimitives.ConvertToHalf(rounded, low);
            for (int channel = 0; channel < inputChannels; channel++)
            {
                target[places[channel]] = high[channel];
                target[places[channel] + SplitTiles.Depth] = low[channel];
            }

            packed.Set(row / taps, row % taps * slices, target);
        }

        return packed.Values;
    }

    // The term of the depth as which the tensor cores take a channel of a slice.
    private static int TermOf(int channel)
    {
        int inGroup = channel % GroupTerms;
        return channel - inGroup + inGroup / 4 * 2 + inGroup % 2 + inGroup % 4 / 2 * 8;
    }

    // The fewest columns that are computed only to be left out, then the widest tile, as long as every processor has something to do. All
    // tiles give the same bits.
    private static (Kernel<SplitConvolutionKernels.ConvolveSplit.Arguments> Kernel, int Columns) Choose(GpuDevice device, int pixels, int channels)
    {
        int columns = LayerKernels.WarpgroupColumns(channels);
        if (Groups(pixels, channels, columns) < device.ProcessorCount)
            columns = Split64x64.ColumnCount;
        return columns switch
        {
            Split64x192.ColumnCount => (SplitConvolutionKernels.ConvolveSplit.Split64x192, columns),
            Split64x128.ColumnCount => (SplitConvolutionKernels.ConvolveSplit.Split64x128, columns),
            _ => (SplitConvolutionKernels.ConvolveSplit.Split64x64, columns),
        };
    }

    private static long Groups(int pixels, int channels, int columns) =>
        (long)LayerKernels.DivideUp(pixels, SplitTiles.Rows) * LayerKernels.DivideUp(channels, columns);
}
