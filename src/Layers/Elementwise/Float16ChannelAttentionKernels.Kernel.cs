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
    private const int GroupSize = 256;

    // How many reads are started at once.
    private const int Ahead = 8;

    /// <summary>
    /// sums[group][channel] = the sum of pixelsPerGroup pixels. An item adds up eight channels of every so many pixels, and what the items of the
    /// same channels have is added up in their order.
    /// </summary>
    /// <remarks>channels, offset and pitch are multiples of 8.</remarks>
    [Kernel(GroupSize, Target = "sm_80")]
    public static void SumPixelsFloat16(ArrayView<short> x, int xPitch, ArrayView<float> sums, int pixels, int channels, int pixelsPerGroup)
    {
        ArrayView<float> partial = SharedMemory.Allocate<float>(GroupSize * 8);
        int item = Group.IdxX;
        int start = Grid.IdxX * pixelsPerGroup;
        int count = XMath.Min(pixelsPerGroup, pixels - start);
        int columns = XMath.Min(channels / 8, GroupSize);
        int lanes = GroupSize / columns;
        int lane = item / columns;
        for (int first = 0; first < channels; first += columns * 8)
        {
            int channel = first + (item - lane * columns) * 8;
            bool isChannel = lane < lanes & channel < channels;
            Float4 low = default;
            Float4 high = default;
            var ahead = new Int4[Ahead];
            for (int i = lane; isChannel & i < count; i += Ahead * lanes)
            {
                for (int k = 0; k < Ahead; k++)
                    ahead[k] = TensorCores.Load8(ref x[(start + XMath.Min(i + k * lanes, count - 1)) * xPitch + channel]);
                for (int k = 0; k < Ahead; k++)
                {
                    // The last pixel again, where there is none.
                    float share = i + k * lanes < count ? 1f : 0f;
                    low = low + Float16Values.First(ahead[k]) * share;
                    high = high + Float16Values.Second(ahead[k]) * share;
                }
            }

            Gpu.Store4(ref partial[item * 8], low);
            Gpu.Store4(ref partial[item * 8 + 4], high);
            Group.Barrier();
            if (isChannel & lane == 0)
            {
                for (int other = 1; other < lanes; other++)
                {
                    low = low + Gpu.Load4(ref partial[(item + other * columns) * 8]);
                    high = high + Gpu.Load4(ref partial[(item + other * columns) * 8 + 4]);
                }

                Gpu.Store4(ref sums[Grid.IdxX * channels + channel], low);
                Gpu.Store4(ref sums[Grid.IdxX * channels + channel + 4], high);
            }

            Group.Barrier();
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
