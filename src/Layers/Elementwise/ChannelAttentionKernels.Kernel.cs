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

    // How many reads of pixels, of four sums and of factors are started at once.
    private const int Ahead = 32;
    private const int SumsAhead = 16;
    private const int FactorsAhead = 8;

    /// <summary>sums[group][channel] = the sum of pixelsPerGroup pixels.</summary>
    [Kernel(GroupSize)]
    public static void SumPixels(
        ArrayView<float> x, int xPitch, ArrayView<float> sums, int sumsPitch, int pixels, int channels, int pixelsPerGroup)
    {
        int first = Grid.IdxX * pixelsPerGroup;
        int end = XMath.Min(first + pixelsPerGroup, pixels);
        for (int c = Group.IdxX; c < channels; c += GroupSize)
            sums[Grid.IdxX * sumsPitch + c] = Sum(x, first * xPitch + c, xPitch, end - first);
    }

    /// <summary>
    /// gates[channel] = factor * sigmoid(...), by one group. An item adds up four channels of every so many parts, and what the items of the same
    /// channels have is added up in their order. means and hidden are memory of the group's, [channels] and [squeezed].
    /// </summary>
    /// <remarks>sums: [parts][sumsPitch], the pitch and the offset multiples of 4.</remarks>
    [Kernel(GroupSize)]
    public static void ComputeGates(
        ArrayView<float> sums,
        int sumsPitch,
        ArrayView<float> squeeze,
        ArrayView<float> squeezeBias,
        ArrayView<float> expand,
        ArrayView<float> expandBias,
        ArrayView<float> means,
        ArrayView<float> hidden,
        ArrayView<float> gates,
        int parts,
        int pixels,
        int channels,
        int squeezed,
        float factor)
    {
        ArrayView<float> partial = SharedMemory.Allocate<float>(GroupSize * 4);
        int item = Group.IdxX;
        int fours = (channels + 3) / 4;
        int columns = XMath.Min(fours, GroupSize);
        int sharers = GroupSize / columns;
        int sharer = item / columns;
        for (int first = 0; first < fours; first += columns)
        {
            int four = first + item - sharer * columns;
            int end = sharer < sharers & four < fours ? parts : 0;
            Gpu.Store4(ref partial[item * 4], SumFour(sums, four * 4, sumsPitch, sharer, sharers, end));
            Group.Barrier();
            int count = XMath.Min(columns * 4, channels - first * 4);
            for (int c = item; c < count; c += GroupSize)
            {
                float sum = partial[c];
                for (int other = 1; other < sharers; other++)
                    sum += partial[other * columns * 4 + c];
                means[first * 4 + c] = sum / pixels;
            }

            Gpu.GlobalBarrier();
        }

        // Squeezed channels that are added up at once, and the items that share one of them.
        const int Rows = 8;
        const int Lanes = GroupSize / Rows;
        int row = item / Lanes;
        int lane = item - row * Lanes;
        for (int first = 0; first < squeezed; first += Rows)
        {
            int s = first + row;
            int count = s < squeezed & lane < channels ? (channels - lane + Lanes - 1) / Lanes : 0;
            partial[item] = Product(squeeze, s * channels + lane, means, lane, Lanes, count, 0f);
            Group.Barrier();
            if (lane == 0 & s < squeezed)
            {
                Float4 sum = Gpu.Load4(ref partial[item]);
                for (int other = 4; other < Lanes; other += 4)
                    sum += Gpu.Load4(ref partial[item + other]);
                hidden[s] = Functions.Rectified((sum.X + sum.Y) + (sum.Z + sum.W) + squeezeBias[s]);
            }

            Gpu.GlobalBarrier();
        }

        for (int c = item; c < channels; c += GroupSize)
        {
            float sum = Product(expand, c * squeezed, hidden, 0, 1, squeezed, expandBias[c]);
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

    // The sums of four channels over every `step`th part from `first` on.
    private static Float4 SumFour(ArrayView<float> sums, int channel, int pitch, int first, int step, int end)
    {
        Float4 sum = default;
        var ahead = new Float4[SumsAhead];
        for (int part = first; part < end; part += SumsAhead * step)
        {
            for (int k = 0; k < SumsAhead; k++)
                ahead[k] = Gpu.LoadReadOnly4If(ref sums[(part + k * step) * pitch + channel], part + k * step < end);
            for (int k = 0; k < SumsAhead; k++)
                sum += ahead[k];
        }

        return sum;
    }

    // start + a * b over `count` values, `pitch` apart, from first to last.
    private static float Product(ArrayView<float> a, int firstA, ArrayView<float> b, int firstB, int pitch, int count, float start)
    {
        var aheadA = new float[FactorsAhead];
        var aheadB = new float[FactorsAhead];
        for (int i = 0; i < count; i += FactorsAhead)
        {
            for (int k = 0; k < FactorsAhead; k++)
            {
                // The last factors again, where there are none.
                int place = XMath.Min(i + k, count - 1) * pitch;
                aheadA[k] = a[firstA + place];
                aheadB[k] = b[firstB + place];
            }

            for (int k = 0; k < FactorsAhead; k++)
                start = i + k < count ? Gpu.Fma(aheadA[k], aheadB[k], start) : start;
        }

        return start;
    }
}
