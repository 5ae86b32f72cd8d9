using System.Numerics.Tensors;
using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;
using Tensor = Gsasr.Tensors.Tensor;

namespace Gsasr.Layers;

/// <summary><see cref="ChannelAttention"/> on the processor.</summary>
internal static unsafe class ChannelAttentionCpu
{
    public static Tensor SumPixels(CpuDevice device, in Tensor x, Arena arena)
    {
        // Sums of rows, so that the result does not depend on which thread took which row.
        int pitch = (x.Channels + 3) / 4 * 4;
        Tensor sums = arena.Allocate(1, x.Height, pitch).SliceChannels(0, x.Channels);
        device.Run(
            new SumKernel
            {
                X = CpuPointer.Of(x),
                XPitch = x.Pitch,
                Width = x.Width,
                Channels = x.Channels,
                Sums = CpuPointer.Of(sums),
                SumsPitch = sums.Pitch,
            },
            x.Height);
        return sums;
    }

    public static void ComputeGates(in Tensor sums, int pixels, ChannelAttentionWeights weights, float factor, in Tensor gates)
    {
        int channels = weights.Channels;
        float* parts = CpuPointer.Of(sums);
        float* factors = CpuPointer.Of(gates);
        Span<double> means = new double[channels];
        for (int part = 0; part < sums.Pixels; part++)
        {
            for (int c = 0; c < channels; c++)
                means[c] += parts[(long)part * sums.Pitch + c];
        }

        Span<double> squeezed = new double[weights.Squeezed];
        float* squeeze = CpuPointer.Of(weights.Squeeze);
        float* squeezeBias = CpuPointer.Of(weights.SqueezeBias);
        for (int s = 0; s < squeezed.Length; s++)
        {
            double sum = squeezeBias[s];
            for (int c = 0; c < channels; c++)
                sum += squeeze[s * channels + c] * (means[c] / pixels);
            squeezed[s] = Math.Max(sum, 0);
        }

        float* expand = CpuPointer.Of(weights.Expand);
        float* expandBias = CpuPointer.Of(weights.ExpandBias);
        for (int c = 0; c < channels; c++)
        {
            double sum = expandBias[c];
            for (int s = 0; s < squeezed.Length; s++)
                sum += expand[c * squeezed.Length + s] * squeezed[s];
            factors[c] = (float)(factor / (1 + Math.Exp(-sum)));
        }
    }

    public static void AddGated(CpuDevice device, in Tensor x, in Tensor gates, in Tensor y) =>
        device.Run(
            new ScaleKernel
            {
                X = CpuPointer.Of(x),
                XPitch = x.Pitch,
                Y = CpuPointer.Of(y),
                YPitch = y.Pitch,
                Width = x.Width,
                Channels = x.Channels,
                Factors = CpuPointer.Of(gates),
            },
            x.Height);

    private struct SumKernel : ICpuKernel
    {
        public float* X;
        public int XPitch;
        public int Width;
        public int Channels;
        public float* Sums;
        public int SumsPitch;

        public readonly void Execute(int item, byte* scratch)
        {
            var sums = new Span<float>(Sums + (long)item * SumsPitch, Channels);
            sums.Clear();
            for (int column = 0; column < Width; column++)
                TensorPrimitives.Add(sums, new ReadOnlySpan<float>(X + ((long)item * Width + column) * XPitch, Channels), sums);
        }
    }

    private struct ScaleKernel : ICpuKernel
    {
        public float* X;
        public int XPitch;
        public float* Y;
        public int YPitch;
        public int Width;
        public int Channels;
        public float* Factors;

        public readonly void Execute(int item, byte* scratch)
        {
            var factors = new ReadOnlySpan<float>(Factors, Channels);
            for (long pixel = (long)item * Width; pixel < (item + 1L) * Width; pixel++)
            {
                var y = new Span<float>(Y + pixel * YPitch, Channels);
                TensorPrimitives.MultiplyAdd(new ReadOnlySpan<float>(X + pixel * XPitch, Channels), factors, y, y);
            }
        }
    }
}
