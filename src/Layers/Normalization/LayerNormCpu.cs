using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Layers;

/// <summary><see cref="LayerNorm"/> on the processor.</summary>
internal static unsafe class LayerNormCpu
{
    private const int PixelsPerItem = 64;

    public static void Run(CpuDevice device, in Tensor x, in Tensor gamma, in Tensor beta, in Tensor y, Tensor? shift, Tensor? windowTable) =>
        SimdDispatch.Run(new Operation(device, x, gamma, beta, y, shift, windowTable));

    private readonly record struct Operation(
        CpuDevice Device, Tensor X, Tensor Gamma, Tensor Beta, Tensor Y, Tensor? Shift, Tensor? WindowTable) : ISimdOperation
    {
        public void Run<TVector, TSimd>()
            where TVector : unmanaged
            where TSimd : ISimd<TVector>
        {
            var kernel = new Kernel<TVector, TSimd>
            {
                X = CpuPointer.Of(X),
                XPitch = X.Pitch,
                Gamma = CpuPointer.Of(Gamma),
                Beta = CpuPointer.Of(Beta),
                Y = CpuPointer.Of(Y),
                YPitch = Y.Pitch,
                Pixels = X.Pixels,
                Width = X.Width,
                Channels = X.Channels,
                Shift = Shift is Tensor shift ? CpuPointer.Of(shift) : null,
                Table = WindowTable is Tensor table ? CpuPointer.Of(table) : null,
                TableHeight = WindowTable?.Height ?? 1,
                TableWidth = WindowTable?.Width ?? 1,
                TablePitch = WindowTable?.Pitch ?? 0,
            };
            Device.Run(kernel, (X.Pixels + PixelsPerItem - 1) / PixelsPerItem);
        }
    }

    private struct Kernel<TVector, TSimd> : ICpuKernel
        where TVector : unmanaged
        where TSimd : ISimd<TVector>
    {
        public float* X;
        public int XPitch;
        public float* Gamma;
        public float* Beta;
        public float* Y;
        public int YPitch;
        public int Pixels;
        public int Width;
        public int Channels;
        public float* Shift;
        public float* Table;
        public int TableHeight;
        public int TableWidth;
        public int TablePitch;

        public readonly void Execute(int item, byte* scratch)
        {
            int end = Math.Min(Pixels, (item + 1) * PixelsPerItem);
            for (int pixel = item * PixelsPerItem; pixel < end; pixel++)
            {
                float* table = null;
                if (Table is not null)
                {
                    int row = pixel / Width;
                    table = Table + (row % TableHeight * TableWidth + (pixel - row * Width) % TableWidth) * TablePitch;
                }

                Normalize(X + (long)pixel * XPitch, Y + (long)pixel * YPitch, table);
            }
        }

        private readonly void Normalize(float* x, float* y, float* table)
        {
            TVector sums = default;
            int c = 0;
            for (; c <= Channels - TSimd.Width; c += TSimd.Width)
                sums = TSimd.Add(sums, Shifted(x, c));
            float sum = TSimd.Sum(sums);
            for (; c < Channels; c++)
                sum += ShiftedScalar(x, c);
            float mean = sum / Channels;

            TVector squares = default;
            for (c = 0; c <= Channels - TSimd.Width; c += TSimd.Width)
            {
                TVector d = TSimd.Subtract(Shifted(x, c), TSimd.Broadcast(mean));
                squares = TSimd.MultiplyAdd(d, d, squares);
            }

            float square = TSimd.Sum(squares);
            for (; c < Channels; c++)
                square += (ShiftedScalar(x, c) - mean) * (ShiftedScalar(x, c) - mean);
            float factor = 1 / MathF.Sqrt(square / Channels + LayerNorm.Epsilon);

            for (c = 0; c <= Channels - TSimd.Width; c += TSimd.Width)
            {
                TVector scaled = TSimd.Multiply(TSimd.Subtract(Shifted(x, c), TSimd.Broadcast(mean)), TSimd.Broadcast(factor));
                TVector value = TSimd.MultiplyAdd(scaled, TSimd.Load(Gamma + c), TSimd.Load(Beta + c));
                if (table is not null)
                    value = TSimd.Add(value, TSimd.Load(table + c));
                TSimd.Store(y + c, value);
            }

            for (; c < Channels; c++)
            {
                float value = (ShiftedScalar(x, c) - mean) * factor * Gamma[c] + Beta[c];
                y[c] = table is null ? value : value + table[c];
            }
        }

        private readonly TVector Shifted(float* x, int c) =>
            Shift is null ? TSimd.Load(x + c) : TSimd.Add(TSimd.Load(x + c), TSimd.Load(Shift + c));

        private readonly float ShiftedScalar(float* x, int c) => Shift is null ? x[c] : x[c] + Shift[c];
    }
}
