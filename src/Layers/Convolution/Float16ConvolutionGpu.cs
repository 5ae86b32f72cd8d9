using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary><see cref="Convolution"/> of float16 on the tensor cores of a GPU.</summary>
internal static class Float16ConvolutionGpu
{
    // On an H100, 180 x 180 pixels: with tiles that fill one wave of groups instead of two, convolutions are 26 % faster, with two instead of three 4 %; with four instead of five, 2 % slower.
    private const int FewWaves = 3;

    /// <summary>Packs weights as <see cref="PackedColumns"/>: a column is an output channel, its slices are those of 64 input channels at a time, of one tap after the other.</summary>
    /// <param name="device">The device that will use them.</param>
    /// <param name="weight">[outputChannels][taps][inputChannels].</param>
    /// <param name="inputChannels">Channels of the input.</param>
    /// <param name="outputChannels">Channels of the product.</param>
    /// <param name="taps">Pixels of the neighbourhood.</param>
    /// <param name="layers">Layers that lie side by side; each begins with a block of columns.</param>
    /// <exception cref="NotSupportedException">The device has no tensor cores that the kernels can use.</exception>
    public static DeviceBuffer Pack(GpuDevice device, ReadOnlySpan<float> weight, int inputChannels, int outputChannels, int taps, int layers)
    {
        if (!IsSupported(device))
            throw new NotSupportedException($"{device.Name} has no products of {ElementType.Float16}.");
        return LayerKernels.Upload(device, Pack(weight, inputChannels, outputChannels, taps, layers));
    }

    /// <summary>The order of <see cref="Pack(GpuDevice, ReadOnlySpan{float}, int, int, int, int)"/>, on the host.</summary>
    public static Half[] Pack(ReadOnlySpan<float> weight, int inputChannels, int outputChannels, int taps, int layers = 1)
    {
        int slices = LayerKernels.DivideUp(inputChannels, Float16Tiles.Depth);
        int columns = outputChannels / layers;
        int filledColumns = layers == 1 ? columns : LayerKernels.DivideUp(columns, Float16Tiles.BlockColumns) * Float16Tiles.BlockColumns;
        var packed = new PackedColumns(layers * filledColumns, taps * slices);
        var values = new Half[inputChannels];
        for (int row = 0; row < outputChannels * taps; row++)
        {
            int output = row / taps;
            int column = output / columns * filledColumns + output % columns;
            System.Numerics.Tensors.TensorPrimitives.ConvertToHalf(weight.Slice(row * inputChannels, inputChannels), values);
            for (int slice = 0; slice < slices; slice++)
            {
                int first = slice * Float16Tiles.Depth;
                packed.Set(column, slice * taps + row % taps, values.AsSpan(first, Math.Min(Float16Tiles.Depth, inputChannels - first)));
            }
        }

        return packed.Values;
    }

    /// <summary>Whether a device can run the kernels.</summary>
    /// <param name="device">The device.</param>
    public static bool IsSupported(GpuDevice device) => device.Supports(Float16ConvolutionKernels.ConvolveFloat16.Half64x64OnTuring);

    /// <summary>Whether a device has the tiles of Ampere; if not, it has those of Turing.</summary>
    /// <param name="device">The device.</param>
    public static bool HasLargeTiles(GpuDevice device) => device.Supports(Float16ConvolutionKernels.ConvolveFloat16.Half128x128);

    /// <summary>How many tiles of rows a layer's pixels have: with sums of pixels, so many of each channel.</summary>
    /// <param name="device">The device.</param>
    /// <param name="y">The layer's result.</param>
    /// <param name="weights">The layer.</param>
    public static int RowTiles(GpuDevice device, in Tensor y, ConvolutionWeights weights) => RunsNeighbours(device, weights, y.Height, y.Width)
        ? ChooseNeighbours(device, y.Height, y.Width, weights.OutputChannels).Tiles
        : LayerKernels.DivideUp(y.Pixels, Choose(device, y.Pixels, weights.OutputChannels, weights.KernelSize).Rows);

    public static void Run(GpuDevice device, in ConvolutionArguments arguments)
    {
        ConvolutionWeights weights = arguments.Weights;
        Tensor x = arguments.X;
        Tensor y = arguments.Y;
        Tensor residual = arguments.Residual ?? y;
        LayerKernels.RequireEights(x);
        LayerKernels.RequireEights(y);
        LayerKernels.RequireEights(residual);
        if (RunsNeighbours(device, weights, arguments.Rows, arguments.Columns))
        {
            RunNeighbours(device, arguments, residual);
            return;
        }

        int pixels = checked(arguments.Rows * arguments.Columns);
        (Kernel<Float16ConvolutionKernels.ConvolveFloat16.Arguments> kernel, int rows, int columns) =
            Choose(device, pixels, weights.OutputChannels, weights.KernelSize);
        int tiles = LayerKernels.DivideUp(pixels, rows);
        int wideTiles = WideTiles(device, tiles, weights.OutputChannels, columns);
        device.Launch(kernel, GroupsOf(tiles, wideTiles, weights.OutputChannels, columns), new()
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
            PixelSums = (arguments.PixelSums ?? arguments.Bias).View,
            HasPixelSums = arguments.PixelSums is null ? 0 : 1,
        });
    }

    private static void RunNeighbours(GpuDevice device, in ConvolutionArguments arguments, in Tensor residual)
    {
        ConvolutionWeights weights = arguments.Weights;
        (Kernel<Float16NeighboursKernels.ConvolveNeighboursFloat16.Arguments> kernel, int tiles, int columns) =
            ChooseNeighbours(device, arguments.Rows, arguments.Columns, weights.OutputChannels);
        int wideTiles = WideTiles(device, tiles, weights.OutputChannels, columns);
        device.Launch(kernel, GroupsOf(tiles, wideTiles, weights.OutputChannels, columns), new()
        {
            X = arguments.X.ViewAs<short>(),
            XPitch = arguments.X.Pitch,
            XHeight = arguments.X.Height,
            XWidth = arguments.X.Width,
            Channels = weights.InputChannels,
            Weights = new(weights.Packed),
            Bias = arguments.Bias.View,
            Residual = residual.ViewAs<short>(),
            ResidualPitch = residual.Pitch,
            HasResidual = arguments.Residual is null ? 0 : 1,
            Y = arguments.Y.ViewAs<short>(),
            YPitch = arguments.Y.Pitch,
            FirstRow = arguments.FirstRow,
            FirstColumn = arguments.FirstColumn,
            Rows = arguments.Rows,
            Columns = arguments.Columns,
            OutputChannels = weights.OutputChannels,
            ShuffledChannels = weights.PixelShuffle ? arguments.Y.Channels : 0,
            WideTiles = wideTiles,
            Activation = (int)arguments.Activation,
            PixelSums = (arguments.PixelSums ?? arguments.Bias).View,
            HasPixelSums = arguments.PixelSums is null ? 0 : 1,
        });
    }

    // Their tiles are 8 pixels wide. Where the image's width is no multiple, there are more of them, and in few waves of groups one wave more takes longer than fetching each pixel
    // for every neighbour.
    private static bool RunsNeighbours(GpuDevice device, ConvolutionWeights weights, int rows, int columns)
    {
        if (weights.KernelSize == 1 || !device.Supports(Float16NeighboursKernels.ConvolveNeighboursFloat16.Warpgroups128x192))
            return false;
        int tileColumns = LayerKernels.WarpgroupColumns(weights.OutputChannels);
        if (tileColumns == Warpgroups128x64.ColumnCount)
            return true;
        int groupsAtOnce = Warpgroups128x192.GroupsPerProcessor * device.ProcessorCount;
        int waves = WavesOf(ChooseNeighbours(device, rows, columns, weights.OutputChannels).Tiles);
        return waves > FewWaves || waves <= WavesOf(LayerKernels.DivideUp(checked(rows * columns), Warpgroups128x192.RowCount));

        int WavesOf(int tiles) => LayerKernels.DivideUp(checked(tiles * LayerKernels.DivideUp(weights.OutputChannels, tileColumns)), groupsAtOnce);
    }

    // As Choose, with the number of tiles of rows.
    private static (Kernel<Float16NeighboursKernels.ConvolveNeighboursFloat16.Arguments> Kernel, int Tiles, int Columns) ChooseNeighbours(
        GpuDevice device, int rows, int columns, int channels)
    {
        int tileColumns = LayerKernels.WarpgroupColumns(channels);
        int tiles = TilesOf(Warpgroups128x64.RowCount);
        if ((long)tiles * LayerKernels.DivideUp(channels, tileColumns) < device.ProcessorCount)
        {
            return (
                Float16NeighboursKernels.ConvolveNeighboursFloat16.Warpgroups64x64, TilesOf(Warpgroups64x64.RowCount), Warpgroups64x64.ColumnCount);
        }

        return tileColumns switch
        {
            Warpgroups128x192.ColumnCount => (Float16NeighboursKernels.ConvolveNeighboursFloat16.Warpgroups128x192, tiles, tileColumns),
            Warpgroups128x128.ColumnCount => (Float16NeighboursKernels.ConvolveNeighboursFloat16.Warpgroups128x128, tiles, tileColumns),
            _ => (Float16NeighboursKernels.ConvolveNeighboursFloat16.Warpgroups128x64, tiles, tileColumns),
        };

        int TilesOf(int tileRows) => checked(LayerKernels.DivideUp(columns, Float16NeighboursShape.TileWidth)
            * LayerKernels.DivideUp(rows, tileRows / Float16NeighboursShape.TileWidth));
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

        if (!HasLargeTiles(device))
            return (Float16ConvolutionKernels.ConvolveFloat16.Half64x64OnTuring, Half64x64OnTuring.RowCount, Half64x64OnTuring.ColumnCount);
        if (kernelSize > 1 && channels >= Half128x128.ColumnCount && Groups(pixels, channels, Half128x128.RowCount, Half128x128.ColumnCount) >= 2 * device.ProcessorCount)
            return (Float16ConvolutionKernels.ConvolveFloat16.Half128x128, Half128x128.RowCount, Half128x128.ColumnCount);
        return Groups(pixels, channels, Half128x64.Rows, Half128x64.Columns) >= device.ProcessorCount
            ? (Float16ConvolutionKernels.ConvolveFloat16.Half128x64, Half128x64.Rows, Half128x64.Columns)
            : (Float16ConvolutionKernels.ConvolveFloat16.Half64x64, Half64x64.Rows, Half64x64.Columns);
    }

    // Groups run in waves. If the last wave would leave most processors without work, its rows are given to groups of fewer columns.
    private static int WideTiles(GpuDevice device, int tiles, int channels, int columns)
    {
        if (columns != Warpgroups128x192.ColumnCount)
            return tiles;
        int groupsAtOnce = Warpgroups128x192.GroupsPerProcessor * device.ProcessorCount;
        int columnTiles = LayerKernels.DivideUp(channels, columns);
        long groups = (long)tiles * columnTiles;
        long last = groups % groupsAtOnce;
        return groups < groupsAtOnce || last == 0 || last > groupsAtOnce / 2 ? tiles : (int)((groups - last) / columnTiles);
    }

    private static WorkSize GroupsOf(int tiles, int wideTiles, int channels, int columns) => new(checked((int)(
        (long)wideTiles * LayerKernels.DivideUp(channels, columns)
        + (long)(tiles - wideTiles) * LayerKernels.DivideUp(channels, Warpgroups128x64.ColumnCount))));

    private static long Groups(int pixels, int channels, int rows, int columns) =>
        (long)LayerKernels.DivideUp(pixels, rows) * LayerKernels.DivideUp(channels, columns);
}
