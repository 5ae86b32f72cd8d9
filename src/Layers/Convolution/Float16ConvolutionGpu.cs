using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary><see cref="Convolution"/> of float16 on the tensor cores of a GPU.</summary>
internal static class Float16ConvolutionGpu
{
    /// <summary>Packs weights: [output channels][taps][input channels, filled up with zeros to slices of the depth].</summary>
    /// <param name="device">The device that will use them.</param>
    /// <param name="weight">[outputChannels][taps][inputChannels].</param>
    /// <param name="inputChannels">Channels of the input.</param>
    /// <param name="outputChannels">Channels of the product.</param>
    /// <param name="taps">Pixels of the neighbourhood.</param>
    /// <exception cref="NotSupportedException">The device has no tensor cores that the kernels can use.</exception>
    public static DeviceBuffer Pack(GpuDevice device, ReadOnlySpan<float> weight, int inputChannels, int outputChannels, int taps)
    {
        if (!IsSupported(device))
            throw new NotSupportedException($"{device.Name} has no products of {ElementType.Float16}.");
        return LayerKernels.Upload(device, Pack(weight, inputChannels, outputChannels, taps));
    }

    /// <summary>The order of <see cref="Pack(GpuDevice, ReadOnlySpan{float}, int, int, int)"/>, on the host.</summary>
    public static Half[] Pack(ReadOnlySpan<float> weight, int inputChannels, int outputChannels, int taps)
    {
        int filled = LayerKernels.DivideUp(inputChannels, Float16Tiles.Depth) * Float16Tiles.Depth;
        var packed = new Half[checked(outputChannels * taps * filled)];
        for (int row = 0; row < outputChannels * taps; row++)
        {
            System.Numerics.Tensors.TensorPrimitives.ConvertToHalf(
                weight.Slice(row * inputChannels, inputChannels), packed.AsSpan(row * filled, inputChannels));
        }

        return packed;
    }

    /// <summary>Whether a device can run the kernels.</summary>
    /// <param name="device">The device.</param>
    public static bool IsSupported(GpuDevice device) => device.Supports(Float16ConvolutionKernels.ConvolveFloat16.Half128x128);

    public static void Run(GpuDevice device, in ConvolutionArguments arguments)
    {
        ConvolutionWeights weights = arguments.Weights;
        Tensor x = arguments.X;
        Tensor y = arguments.Y;
        Tensor residual = arguments.Residual ?? y;
        LayerKernels.RequireEights(x);
        LayerKernels.RequireEights(y);
        LayerKernels.RequireEights(residual);
        int pixels = checked(arguments.Rows * arguments.Columns);
        (Kernel<Float16ConvolutionKernels.ConvolveFloat16.Arguments> kernel, int rows, int columns) =
            Choose(device, pixels, weights.OutputChannels, weights.KernelSize);
        int tiles = LayerKernels.DivideUp(pixels, rows);
        int wideTiles = columns == Warpgroups128x192.ColumnCount
            ? WideTiles(tiles, LayerKernels.DivideUp(weights.OutputChannels, columns), Warpgroups128x192.GroupsPerProcessor * device.ProcessorCount)
            : tiles;
        long groups = (long)wideTiles * LayerKernels.DivideUp(weights.OutputChannels, columns)
            + (long)(tiles - wideTiles) * LayerKernels.DivideUp(weights.OutputChannels, Warpgroups128x64.ColumnCount);
        device.Launch(kernel, new WorkSize(checked((int)groups)), new()
        {
            X = x.ViewAs<short>(),
            XPitch = x.Pitch,
            XHeight = x.Height,
            XWidth = x.Width,
            Channels = weights.InputChannels,
            Taps = weights.KernelSize * weights.KernelSize,
            Weights = new(weights.Packed),
            Bias = arguments.Bias.View,
            Residual = residual.ViewAs<short>(),
            ResidualPitch = residual.Pitch,
            HasResidual = arguments.Residual is null ? 0 : 1,
            Y = y.ViewAs<short>(),
            YPitch = y.Pitch,
            FirstRow = arguments.FirstRow,
            FirstColumn = arguments.FirstColumn,
            Columns = arguments.Columns,
            Pixels = pixels,
            OutputChannels = weights.OutputChannels,
            ShuffledChannels = weights.PixelShuffle ? y.Channels : 0,
            WideTiles = wideTiles,
            Activation = (int)arguments.Activation,
        });
    }

    // The fewest columns that are computed only to be left out, then the largest tile, as long as every processor has something to do.
    private static (Kernel<Float16ConvolutionKernels.ConvolveFloat16.Arguments> Kernel, int Rows, int Columns) Choose(
        GpuDevice device, int pixels, int channels, int kernelSize)
    {
        if (device.Supports(Float16ConvolutionKernels.ConvolveFloat16.Warpgroups128x192))
        {
            int columns = LayerKernels.WarpgroupColumns(channels);
            if (Groups(pixels, channels, Warpgroups128x64.RowCount, columns) >= device.ProcessorCount)
            {
                return columns switch
                {
                    Warpgroups128x192.ColumnCount => (Float16ConvolutionKernels.ConvolveFloat16.Warpgroups128x192, Warpgroups128x192.RowCount, columns),
                    Warpgroups128x128.ColumnCount => (Float16ConvolutionKernels.ConvolveFloat16.Warpgroups128x128, Warpgroups128x128.RowCount, columns),
                    _ => (Float16ConvolutionKernels.ConvolveFloat16.Warpgroups128x64, Warpgroups128x64.RowCount, columns),
                };
            }

            if (Groups(pixels, channels, Warpgroups64x64.RowCount, Warpgroups64x64.ColumnCount) <= device.ProcessorCount)
                return (Float16ConvolutionKernels.ConvolveFloat16.Warpgroups64x64, Warpgroups64x64.RowCount, Warpgroups64x64.ColumnCount);
        }

        if (kernelSize > 1 && channels >= Half128x128.ColumnCount && Groups(pixels, channels, Half128x128.RowCount, Half128x128.ColumnCount) >= 2 * device.ProcessorCount)
            return (Float16ConvolutionKernels.ConvolveFloat16.Half128x128, Half128x128.RowCount, Half128x128.ColumnCount);
        return Groups(pixels, channels, Half128x64.Rows, Half128x64.Columns) >= device.ProcessorCount
            ? (Float16ConvolutionKernels.ConvolveFloat16.Half128x64, Half128x64.Rows, Half128x64.Columns)
            : (Float16ConvolutionKernels.ConvolveFloat16.Half64x64, Half64x64.Rows, Half64x64.Columns);
    }

    // Groups run in waves. If the last wave would leave most processors without work, its rows are given to groups of fewer columns.
    private static int WideTiles(int tiles, int columnTiles, int groupsAtOnce)
    {
        long groups = (long)tiles * columnTiles;
        long last = groups % groupsAtOnce;
        return groups < groupsAtOnce || last == 0 || last > groupsAtOnce / 2 ? tiles : (int)((groups - last) / columnTiles);
    }

    private static long Groups(int pixels, int channels, int rows, int columns) =>
        (long)LayerKernels.DivideUp(pixels, rows) * LayerKernels.DivideUp(channels, columns);
}
