using System.Numerics.Tensors;
using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;
using Tensor = Gsasr.Tensors.Tensor;

namespace Gsasr.Layers;

/// <summary><see cref="ChannelAttention"/> on the processor.</summary>
internal static unsafe class ChannelAttentionCpu
{
    public static void AddScaled(CpuDevice device, in Tensor x, ChannelAttentionWeights weights, float factor, in Tensor y, Arena arena)
    {
        // Sums of rows come first, so that the result does not depend on which thread took which row.
        Tensor rowSums = arena.Allocate(1, x.Height, x.Channels);
        Tensor channelFactors = arena.Allocate(1, 1, x.Channels);
        device.Run(
            new SumKernel
            {
                X = CpuPointer.Of(x),
                XPitch = x.Pitch,
                Width = x.Width,
                Channels = x.Channels,
                Sums = CpuPointer.Of(rowSums),
            },
            x.Height);
        ComputeFactors(x, weights, factor, CpuPointer.Of(rowSums), CpuPointer.Of(channelFactors));
        device.Run(
            new ScaleKernel
            {
                X = CpuPointer.Of(x),
                XPitch = x.Pitch,
                Y = CpuPointer.Of(y),
                YPitch = y.Pitch,
                Width = x.Width,
                Channels = x.Channels,
                Factors = CpuPointer.Of(channelFactors),
            },
            x.Height);
    }

    private static void ComputeFactors(in Tensor x, ChannelAttentionWeights weights, float factor, float* rowSums, float* factors)
    {
        int channels = weights.Channels;
        Span<double> means = new double[channels];
        for (int row = 0; row < x.Height; row++)
        {
            for (int c = 0; c < channels; c++)
                means[c] += rowSums[row * channels + c];
        }

        Span<double> squeezed = new double[weights.Squeezed];
        float* squeeze = CpuPointer.Of(weights.Squeeze);
        float* squeezeBias = CpuPointer.Of(weights.SqueezeBias);
        for (int s = 0; s < squeezed.Length; s++)
        {
            double sum = squeezeBias[s];
            for (int c = 0; c < channels; c++)
                sum += squeeze[s * channels + c] * (means[c] / x.Pixels);
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

    private struct SumKernel : ICpuKernel
    {
        public float* X;
        public int XPitch;
        public int Width;
        public int Channels;
        public float* Sums;

        public readonly void Execute(int item, byte* scratch)
        {
            var sums = new Span<float>(Sums + (long)item * Channels, Channels);
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
