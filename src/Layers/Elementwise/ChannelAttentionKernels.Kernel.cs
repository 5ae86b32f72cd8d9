using Gsasr.Kernels;
using ILGPU;
using ILGPU.Algorithms;

namespace Gsasr.Layers;

/// <summary>
/// y += factor * x * sigmoid(expand * relu(squeeze * mean x + squeezeBias) + expandBias), with the mean over all pixels. The mean is
/// taken in two stages of fixed order, so that it is the same from run to run.
/// </summary>
internal static class ChannelAttentionKernels
{
    private const int GroupSize = 256;

    // How many reads are started at once.
    private const int Ahead = 8;

    /// <summary>sums[group][channel] = the sum of pixelsPerGroup pixels.</summary>
    [Kernel(GroupSize)]
    public static void SumPixels(ArrayView<float> x, int xPitch, ArrayView<float> sums, int pixels, int channels, int pixelsPerGroup)
    {
        int first = Grid.IdxX * pixelsPerGroup;
        int end = XMath.Min(first + pixelsPerGroup, pixels);
        for (int c = Group.IdxX; c < channels; c += GroupSize)
            sums[Grid.IdxX * channels + c] = Sum(x, first * xPitch + c, xPitch, end - first);
    }

    /// <summary>
    /// gates[channel] = factor * sigmoid(...), by one group. means and hidden are memory of the group's, [channels] and [squeezed].
    /// </summary>
    [Kernel(GroupSize)]
    public static void ComputeGates(
        ArrayView<float> sums,
        ArrayView<float> squeeze,
        ArrayView<float> squeezeBias,
        ArrayView<float> expand,
        ArrayView<float> expandBias,
        ArrayView<float> means,
        ArrayView<float> hidden,
        ArrayView<float> gates,
        int groups,
        int pixels,
        int channels,
        int squeezed,
        float factor)
    {
        ArrayView<float> partial = SharedMemory.Allocate<float>(GroupSize);
        int item = Group.IdxX;
        for (int c = item; c < channels; c += GroupSize)
            means[c] = Sum(sums, c, channels, groups) / pixels;

        // Squeezed channels that are added up at once, and the items that share one of them.
        const int Rows = 8;
        const int Lanes = GroupSize / Rows;
        int row = item / Lanes;
        int lane = item - row * Lanes;
        Gpu.GlobalBarrier();
        for (int first = 0; first < squeezed; first += Rows)
        {
            int s = first + row;
            float sum = 0f;
            for (int c = lane; s < squeezed & c < channels; c += Lanes)
                sum = Gpu.Fma(squeeze[s * channels + c], means[c], sum);
            partial[item] = sum;
            Group.Barrier();
            for (int step = Lanes / 2; step > 0; step /= 2)
            {
                if (lane < step)
                    partial[item] += partial[item + step];
                Group.Barrier();
            }

            if (lane == 0 & s < squeezed)
                hidden[s] = Functions.Rectified(partial[item] + squeezeBias[s]);
            Group.Barrier();
        }

        Gpu.GlobalBarrier();
        for (int c = item; c < channels; c += GroupSize)
        {
            float sum = expandBias[c];
            for (int s = 0; s < squeezed; s++)
                sum = Gpu.Fma(expand[c * squeezed + s], hidden[s], sum);
            gates[c] = factor / (1f + XMath.Exp(-sum));
        }
    }

    /// <summary>y += x * gates; a work-item takes four channels of a pixel.</summary>
    [Kernel(GroupSize)]
    public static void AddGated(
        ArrayView<float> x,
        int xPitch,
        ArrayView<float> gates,
        ArrayView<float> y,
        int yPitch,
        int pixels,
        int channels,
        int aligned)
    {
        int fours = (channels + 3) / 4;
        int item = Grid.IdxX * GroupSize + Group.IdxX;
        int pixel = item / fours;
        if (pixel >= pixels)
            return;
        int channel = (item - pixel * fours) * 4;
        int count = channels - channel;
        int place = pixel * yPitch + channel;
        Float4 values = Channels.LoadReadOnly(x, pixel * xPitch + channel, count, aligned)
            * Channels.LoadReadOnly(gates, channel, count, aligned);
        Channels.Store(y, place, count, aligned, Channels.Load(y, place, count, aligned) + values);
    }

    // The sum of `count` values, `pitch` apart, from first to last.
    private static float Sum(ArrayView<float> values, int first, int pitch, int count)
    {
        float sum = 0f;
        int i = 0;
        var ahead = new float[Ahead];
        for (; i + Ahead <= count; i += Ahead)
        {
            for (int k = 0; k < Ahead; k++)
                ahead[k] = values[first + (i + k) * pitch];
            for (int k = 0; k < Ahead; k++)
                sum += ahead[k];
        }

        for (; i < count; i++)
            sum += values[first + i * pitch];
        return sum;
    }
}
