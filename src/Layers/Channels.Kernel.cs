using Gsasr.Kernels;
using ILGPU;

namespace Gsasr.Layers;

/// <summary>
/// Four consecutive channels at a time, whether or not they lie on a boundary of 16 bytes. <c>aligned</c> is the same for all work-items of
/// a launch: pitch, offset and number of channels are multiples of 4. Only the first <c>count</c> of the channels exist, which may be none
/// or a negative number.
/// </summary>
internal static class Channels
{
    /// <summary>The channels at an index; zero for those that do not exist.</summary>
    public static Float4 Load(ArrayView<float> values, int index, int count, int aligned)
    {
        if (aligned != 0)
            return Gpu.Load4If(ref values[index], count > 0);
        Float4 channels = default;
        if (count > 0)
            channels.X = values[index];
        if (count > 1)
            channels.Y = values[index + 1];
        if (count > 2)
            channels.Z = values[index + 2];
        if (count > 3)
            channels.W = values[index + 3];
        return channels;
    }

    /// <summary>As <see cref="Load"/>, of values that nothing writes while the kernel runs.</summary>
    public static Float4 LoadReadOnly(ArrayView<float> values, int index, int count, int aligned)
    {
        if (aligned != 0)
            return Gpu.LoadReadOnly4If(ref values[index], count > 0);
        Float4 channels = default;
        if (count > 0)
            channels.X = Gpu.LoadReadOnly(ref values[index]);
        if (count > 1)
            channels.Y = Gpu.LoadReadOnly(ref values[index + 1]);
        if (count > 2)
            channels.Z = Gpu.LoadReadOnly(ref values[index + 2]);
        if (count > 3)
            channels.W = Gpu.LoadReadOnly(ref values[index + 3]);
        return channels;
    }

    /// <summary>Writes the channels that exist.</summary>
    public static void Store(ArrayView<float> values, int index, int count, int aligned, Float4 channels)
    {
        if (aligned != 0)
        {
            if (count > 0)
                Gpu.Store4(ref values[index], channels);
            return;
        }

        if (count > 0)
            values[index] = channels.X;
        if (count > 1)
            values[index + 1] = channels.Y;
        if (count > 2)
            values[index + 2] = channels.Z;
        if (count > 3)
            values[index + 3] = channels.W;
    }
}
