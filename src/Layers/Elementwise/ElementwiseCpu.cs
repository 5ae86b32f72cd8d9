using System.Numerics.Tensors;
using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;
using Tensor = Gsasr.Tensors.Tensor;

namespace Gsasr.Layers;

/// <summary><see cref="Elementwise"/> on the processor.</summary>
internal static unsafe class ElementwiseCpu
{
    public static void Add(CpuDevice device, in Tensor a, in Tensor b, in Tensor y)
    {
        var kernel = new AddKernel
        {
            A = CpuPointer.Of(a),
            APitch = a.Pitch,
            B = CpuPointer.Of(b),
            BPitch = b.Pitch,
            Y = CpuPointer.Of(y),
            YPitch = y.Pitch,
            Width = y.Width,
            Channels = y.Channels,
        };
        device.Run(kernel, y.Height);
    }

    public static void Repeat(CpuDevice device, in Tensor table, in Tensor y)
    {
        var kernel = new RepeatKernel
        {
            Table = CpuPointer.Of(table),
            TableHeight = table.Height,
            TableWidth = table.Width,
            TablePitch = table.Pitch,
            Y = CpuPointer.Of(y),
            YPitch = y.Pitch,
            Width = y.Width,
            Channels = y.Channels,
        };
        device.Run(kernel, y.Height);
    }

    private struct AddKernel : ICpuKernel
    {
        public float* A;
        public int APitch;
        public float* B;
        public int BPitch;
        public float* Y;
        public int YPitch;
        public int Width;
        public int Channels;

        public readonly void Execute(int item, byte* scratch)
        {
            for (long pixel = (long)item * Width; pixel < (item + 1L) * Width; pixel++)
            {
                TensorPrimitives.Add(
                    new ReadOnlySpan<float>(A + pixel * APitch, Channels),
                    new ReadOnlySpan<float>(B + pixel * BPitch, Channels),
                    new Span<float>(Y + pixel * YPitch, Channels));
            }
        }
    }

    private struct RepeatKernel : ICpuKernel
    {
        public float* Table;
        public int TableHeight;
        public int TableWidth;
        public int TablePitch;
        public float* Y;
        public int YPitch;
        public int Width;
        public int Channels;

        public readonly void Execute(int item, byte* scratch)
        {
            float* row = Table + item % TableHeight * TableWidth * TablePitch;
            for (int column = 0; column < Width; column++)
            {
                new ReadOnlySpan<float>(row + column % TableWidth * TablePitch, Channels)
                    .CopyTo(new Span<float>(Y + ((long)item * Width + column) * YPitch, Channels));
            }
        }
    }
}
