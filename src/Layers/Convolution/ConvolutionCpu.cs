using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Layers;

/// <summary><see cref="Convolution"/> on the processor.</summary>
internal static unsafe class ConvolutionCpu
{
    // A block of input that one thread works on stays in its second-level cache, and leaves space for the weights.
    private const int BlockFloats = 64 * 1024;

    // Without neighbours a block need only be long enough to use the weights a few times. It stays in the first-level cache.
    private const int PixelBlockFloats = 12 * 1024;

    // A block's halo costs a copy, so blocks of a 3x3 kernel are several rows high.
    private const int MostBlockRows = 4;
    private const int LeastBlockPixels = 24;

    public static DeviceBuffer Pack(CpuDevice device, ReadOnlySpan<float> weight, int outputChannels, int depth)
    {
        DeviceBuffer packed = device.Allocate(ProductCpu.PackedLength(outputChannels, depth) * sizeof(float));
        ProductCpu.Pack(weight, outputChannels, depth, (float*)CpuPointer.Of(packed));
        return packed;
    }

    /// <summary>The most bytes of scratch memory that a thread takes.</summary>
    /// <param name="inputChannels">Channels of the input.</param>
    /// <param name="kernelSize">1 or 3.</param>
    public static long ThreadBytes(int inputChannels, int kernelSize)
    {
        bool gather = kernelSize == 3;
        long floats = 0;
        for (int blockRows = 1; blockRows <= MostBlockRows; blockRows++)
            floats = Math.Max(floats, ScratchFloats(gather, blockRows, BlockPixels(gather, blockRows, inputChannels), inputChannels));
        return floats * sizeof(float);
    }

    public static void Run(CpuDevice device, in ConvolutionArguments arguments) => SimdDispatch.Run(new Operation(device, arguments));

    private static void Run<TVector, TSimd>(CpuDevice device, in ConvolutionArguments arguments)
        where TVector : unmanaged
        where TSimd : ISimd<TVector>
    {
        ConvolutionWeights weights = arguments.Weights;
        bool gather = weights.KernelSize == 3;
        int rows = arguments.Rows;
        int columns = arguments.Columns;
        bool wholeRows = columns == arguments.X.Width;
        if (!gather && wholeRows && !weights.PixelShuffle)
        {
            // Pixels are independent, so all rows are treated as one long row, which can be cut into blocks without a remainder in each
            // row.
            columns *= rows;
            rows = 1;
        }

        int channels = weights.InputChannels;
        int blockRows = gather ? Math.Min(rows, MostBlockRows) : 1;
        int blockColumns = Math.Min(columns, BlockPixels(gather, blockRows, channels));
        // Enough blocks to keep every thread busy to the end.
        int wanted = 4 * device.Threads;
        while (blockColumns > 48 && (long)((rows + blockRows - 1) / blockRows) * ((columns + blockColumns - 1) / blockColumns) < wanted)
            blockColumns = (blockColumns / 2 + 23) / 24 * 24;

        var kernel = new Kernel<TVector, TSimd>
        {
            X = CpuPointer.Of(arguments.X),
            XPitch = arguments.X.Pitch,
            XHeight = arguments.X.Height,
            XWidth = arguments.X.Width,
            Channels = channels,
            FirstRow = arguments.FirstRow,
            FirstColumn = arguments.FirstColumn,
            Rows = rows,
            Columns = columns,
            BlockRows = blockRows,
            BlockColumns = blockColumns,
            BlocksPerRow = (columns + blockColumns - 1) / blockColumns,
            Gather = gather,
            Weights = (float*)CpuPointer.Of(weights.Packed),
            OutputChannels = weights.OutputChannels,
            YWidth = arguments.Y.Width,
            Epilogue = EpilogueCpu.Of(arguments),
        };
        device.Run(kernel, kernel.BlocksPerRow * ((rows + blockRows - 1) / blockRows), ScratchFloats(gather, blockRows, blockColumns, channels) * sizeof(float));
    }

    private static int BlockPixels(bool gather, int blockRows, int channels) =>
        Math.Max(LeastBlockPixels, (gather ? BlockFloats / (blockRows + 2) : PixelBlockFloats) / channels) / LeastBlockPixels * LeastBlockPixels;

    private static long ScratchFloats(bool gather, int blockRows, int blockColumns, int channels) => gather
        ? (long)(blockRows + 2) * (blockColumns + 2 + ProductCpu.TileRows) * channels
        : (long)ProductCpu.TileRows * channels;

    private readonly record struct Operation(CpuDevice Device, ConvolutionArguments Arguments) : ISimdOperation
    {
        public void Run<TVector, TSimd>()
            where TVector : unmanaged
            where TSimd : ISimd<TVector> => ConvolutionCpu.Run<TVector, TSimd>(Device, Arguments);
    }

    private struct Kernel<TVector, TSimd> : ICpuKernel
        where TVector : unmanaged
        where TSimd : ISimd<TVector>
    {
        public float* X;
        public int XPitch;
        public int XHeight;
        public int XWidth;
        public int Channels;
        public int FirstRow;
        public int FirstColumn;
        public int Rows;
        public int Columns;
        public int BlockRows;
        public int BlockColumns;
        public int BlocksPerRow;
        public bool Gather;
        public float* Weights;
        public int OutputChannels;
        public int YWidth;
        public EpilogueCpu Epilogue;

        public readonly void Execute(int item, byte* scratch)
        {
            int row = item / BlocksPerRow * BlockRows;
            int column = item % BlocksPerRow * BlockColumns;
            int rows = Math.Min(BlockRows, Rows - row);
            int columns = Math.Min(BlockColumns, Columns - column);
            if (Gather)
                MultiplyNeighbourhoods(row, column, rows, columns, (float*)scratch);
            else
                MultiplyPixels(row, column, columns, (float*)scratch);
        }

        private readonly void MultiplyPixels(int row, int column, int columns, float* scratch)
        {
            float* source = X + ((long)(FirstRow + row) * XWidth + FirstColumn + column) * XPitch;
            int stride = XPitch;
            if (columns < ProductCpu.TileRows)
            {
                // A tile reads six rows. If there are fewer, copies stand in for the missing ones.
                for (int i = 0; i < ProductCpu.TileRows; i++)
                    CpuPointer.Copy(source + (long)Math.Min(i, columns - 1) * XPitch, scratch + (long)i * Channels, Channels);
                source = scratch;
                stride = Channels;
            }

            var pixels = new ProductRows { First = source, Stride = stride, RunLength = Channels, Runs = 1 };
            ProductCpu.Multiply<TVector, TSimd>(pixels, columns, Weights, OutputChannels, Epilogue.OfRow(row, YWidth), column);
        }

        private readonly void MultiplyNeighbourhoods(int row, int column, int rows, int columns, float* scratch)
        {
            // Copies the block with a border of one pixel, zero outside the image: [rows + 2, width, Channels].
            int width = Math.Max(columns, ProductCpu.TileRows) + 2;
            for (int r = 0; r < rows + 2; r++)
            {
                int sourceRow = FirstRow + row + r - 1;
                float* target = scratch + (long)r * width * Channels;
                if (sourceRow < 0 || sourceRow >= XHeight)
                {
                    new Span<float>(target, width * Channels).Clear();
                    continue;
                }

                int firstColumn = FirstColumn + column - 1;
                int first = Math.Max(0, -firstColumn);
                int end = Math.Min(columns + 2, XWidth - firstColumn);
                new Span<float>(target, first * Channels).Clear();
                float* source = X + ((long)sourceRow * XWidth + firstColumn) * XPitch;
                if (XPitch == Channels)
                {
                    CpuPointer.Copy(source + first * Channels, target + first * Channels, (end - first) * Channels);
                }
                else
                {
                    for (int c = first; c < end; c++)
                        CpuPointer.Copy(source + (long)c * XPitch, target + c * Channels, Channels);
                }

                new Span<float>(target + end * Channels, (width - end) * Channels).Clear();
            }

            for (int r = 0; r < rows; r++)
            {
                var neighbourhoods = new ProductRows
                {
                    First = scratch + (long)r * width * Channels,
                    Stride = Channels,
                    RunLength = 3 * Channels,
                    RunStride = (nint)width * Channels,
                    Runs = 3,
                };
                ProductCpu.Multiply<TVector, TSimd>(neighbourhoods, columns, Weights, OutputChannels, Epilogue.OfRow(row + r, YWidth), column);
            }
        }
    }
}
