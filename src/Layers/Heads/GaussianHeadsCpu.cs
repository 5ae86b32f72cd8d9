using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Layers;

/// <summary>
/// <see cref="GaussianHeads"/> on the processor: one thread takes a few cells through all layers, so that the values between the layers (5C
/// + 4C for each cell) never leave its cache.
/// </summary>
internal static unsafe class GaussianHeadsCpu
{
    private const int CellsPerItem = 8 * ProductCpu.TileRows;

    /// <summary>Bytes of scratch memory that a thread takes.</summary>
    /// <param name="channels">C.</param>
    public static long ThreadBytes(int channels) => (GaussianHeadsWeights.HeadCount + 4L) * CellsPerItem * channels * sizeof(float);

    public static void Run(CpuDevice device, in Tensor x, GaussianHeadsWeights weights, in Tensor y, in GridPlacement placement) =>
        SimdDispatch.Run(new Operation(device, x, weights, y, placement));

    [System.Runtime.CompilerServices.InlineArray(GaussianHeadsWeights.HeadCount)]
    private struct Heads
    {
        private Head _first;
    }

    private struct Head
    {
        public float* Second;
        public float* SecondBias;
        public float* Third;
        public float* ThirdBias;
        public int Outputs;
        public int FirstColumn;
    }

    private readonly record struct Operation(
        CpuDevice Device, Tensor X, GaussianHeadsWeights Weights, Tensor Y, GridPlacement Placement) : ISimdOperation
    {
        public void Run<TVector, TSimd>()
            where TVector : unmanaged
            where TSimd : ISimd<TVector>
        {
            int channels = Weights.Channels;
            var kernel = new Kernel<TVector, TSimd>
            {
                X = CpuPointer.Of(X),
                XPitch = X.Pitch,
                Y = CpuPointer.Of(Y),
                YPitch = Y.Pitch,
                Width = Y.Width,
                Cells = Y.Pixels,
                Channels = channels,
                First = (float*)CpuPointer.Of(Weights.First.Packed),
                FirstBias = CpuPointer.Of(Weights.First.Bias),
                GridHeight = Placement.GridHeight,
                GridWidth = Placement.GridWidth,
                RowCentres = CpuPointer.Of(Placement.RowCentres),
                ColumnCentres = CpuPointer.Of(Placement.ColumnCentres),
            };
            for (int head = 0; head < GaussianHeadsWeights.HeadCount; head++)
            {
                kernel.Heads[head] = new Head
                {
                    Second = (float*)CpuPointer.Of(Weights.Second[head].Packed),
                    SecondBias = CpuPointer.Of(Weights.Second[head].Bias),
                    Third = CpuPointer.Of(Weights.Third[head]),
                    ThirdBias = CpuPointer.Of(Weights.ThirdBias[head]),
                    Outputs = Weights.Third[head].Width,
                    FirstColumn = GaussianHeadsWeights.FirstColumn(head),
                };
            }

            Device.Run(kernel, (Y.Pixels + CellsPerItem - 1) / CellsPerItem, ThreadBytes(channels));
        }
    }

    private struct Kernel<TVector, TSimd> : ICpuKernel
        where TVector : unmanaged
        where TSimd : ISimd<TVector>
    {
        public float* X;
        public int XPitch;
        public float* Y;
        public int YPitch;
        public int Width;
        public int Cells;
        public int Channels;
        public float* First;
        public float* FirstBias;
        public Heads Heads;
        public int GridHeight;
        public int GridWidth;
        public float* RowCentres;
        public float* ColumnCentres;

        public readonly void Execute(int item, byte* scratch)
        {
            int first = item * CellsPerItem;
            int cells = Math.Min(CellsPerItem, Cells - first);
            int pitch = GaussianHeadsWeights.HeadCount * Channels;
            float* hidden = (float*)scratch;
            float* inner = hidden + CellsPerItem * pitch;

            float* x = X + (long)first * XPitch;
            int xPitch = XPitch;
            if (cells < ProductCpu.TileRows)
            {
                // A tile reads six rows. If there are fewer, copies stand in for the missing ones.
                for (int i = 0; i < ProductCpu.TileRows; i++)
                    new ReadOnlySpan<float>(x + (long)Math.Min(i, cells - 1) * XPitch, Channels).CopyTo(new Span<float>(inner + i * Channels, Channels));
                x = inner;
                xPitch = Channels;
            }

            var relu = new EpilogueCpu((nint)hidden, pitch, (nint)FirstBias, Activation.Relu, 0, 0, 0, 0);
            var rows = new ProductRows { First = x, Stride = xPitch, RunLength = Channels, Runs = 1 };
            ProductCpu.Multiply<TVector, TSimd>(rows, cells, First, pitch, relu, 0);
            for (int index = 0; index < GaussianHeadsWeights.HeadCount; index++)
            {
                Head head = Heads[index];
                relu = new EpilogueCpu((nint)inner, 4 * Channels, (nint)head.SecondBias, Activation.Relu, 0, 0, 0, 0);
                rows = new ProductRows { First = hidden + index * Channels, Stride = pitch, RunLength = Channels, Runs = 1 };
                ProductCpu.Multiply<TVector, TSimd>(rows, cells, head.Second, 4 * Channels, relu, 0);
                for (int cell = 0; cell < cells; cell++)
                {
                    for (int output = 0; output < head.Outputs; output++)
                    {
                        float sum = Dot(inner + cell * 4 * Channels, head.Third + output * 4 * Channels, 4 * Channels);
                        Y[(long)(first + cell) * YPitch + head.FirstColumn + output] = sum + head.ThirdBias[output];
                    }
                }
            }

            for (int cell = first; cell < first + cells; cell++)
                PlaceMeans(Y + (long)cell * YPitch + 7, cell);
        }

        // means: the network's outputs for x and y, followed by space for the remainders.
        private readonly void PlaceMeans(float* means, int cell)
        {
            double x = (double)means[0] / GridWidth + ColumnCentres[cell % Width];
            double y = (double)means[1] / GridHeight + RowCentres[cell / Width];
            means[0] = (float)x;
            means[1] = (float)y;
            means[2] = (float)(x - means[0]);
            means[3] = (float)(y - means[1]);
        }

        private static float Dot(float* a, float* b, int count)
        {
            TVector sums0 = default;
            TVector sums1 = default;
            int i = 0;
            for (; i <= count - 2 * TSimd.Width; i += 2 * TSimd.Width)
            {
                sums0 = TSimd.MultiplyAdd(TSimd.Load(a + i), TSimd.Load(b + i), sums0);
                sums1 = TSimd.MultiplyAdd(TSimd.Load(a + i + TSimd.Width), TSimd.Load(b + i + TSimd.Width), sums1);
            }

            float sum = TSimd.Sum(TSimd.Add(sums0, sums1));
            for (; i < count; i++)
                sum += a[i] * b[i];
            return sum;
        }
    }
}
