using Gsasr.Kernels;
using ILGPU;
using ILGPU.Algorithms;

namespace Gsasr.Layers;

/// <summary>
/// The parts of channel attention that read and write activations, of float16. Sums and gates are float32, and the gates are computed by
/// <see cref="ChannelAttentionKernels"/>.
/// </summary>
internal static class Float16ChannelAttentionKernels
{
    private const int SumGroupSize = 128;
    private const int GroupSize = 256;

    // How many reads are started at once.
    private const int Ahead = 8;

    /// <summary>sums[group][channel] = the sum of pixelsPerGroup pixels; an item takes two channels.</summary>
    [Kernel(SumGroupSize, Target = "sm_80")]
    public static void SumPixelsFloat16(ArrayView<short> x, int xPitch, ArrayView<float> sums, int pixels, int channels, int pixelsPerGroup)
    {
        int start = Grid.IdxX * pixelsPerGroup;
        int count = XMath.Min(pixelsPerGroup, pixels - start);
        var ahead = new int[Ahead];
        for (int c = Group.IdxX * 2; c < channels; c += SumGroupSize * 2)
        {
            int first = start * xPitch + c;
            float even = 0f;
            float odd = 0f;
            int i = 0;
            for (; i + Ahead <= count; i += Ahead)
            {
                for (int k = 0; k < Ahead; k++)
                    ahead[k] = TensorCores.Load2(ref x[first + (i + k) * xPitch]);
                for (int k = 0; k < Ahead; k++)
                {
                    Float2 two = TensorCores.UnpackFloat16(ahead[k]);
                    even += two.X;
                    odd += two.Y;
                }
            }

            for (; i < count; i++)
            {
                Float2 two = TensorCores.UnpackFloat16(TensorCores.Load2(ref x[first + i * xPitch]));
                even += two.X;
                odd += two.Y;
            }

            Gpu.Store2(ref sums[Grid.IdxX * channels + c], new Float2(even, odd));
        }
    }

    /// <summary>y += x * gates; a work-item takes eight channels of a pixel.</summary>
    [Kernel(GroupSize, Target = "sm_80")]
    public static void AddGatedFloat16(
        ArrayView<short> x, int xPitch, ArrayView<float> gates, ArrayView<short> y, int yPitch, int pixels, int channels)
    {
        int eights = channels / 8;
        int item = Grid.IdxX * GroupSize + Group.IdxX;
        int pixel = item / eights;
        if (pixel >= pixels)
            return;
        int channel = (item - pixel * eights) * 8;
        Int4 values = TensorCores.Load8(ref x[pixel * xPitch + channel]);
        Int4 before = TensorCores.Load8(ref y[pixel * yPitch + channel]);
        TensorCores.Store8(ref y[pixel * yPitch + channel], Float16Values.Pack(
            Float16Values.First(before) + Float16Values.First(values) * Gpu.Load4(ref gates[channel]),
            Float16Values.Second(before) + Float16Values.Second(values) * Gpu.Load4(ref gates[channel + 4])));
    }
}
