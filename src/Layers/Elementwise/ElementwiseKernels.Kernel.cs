using Gsasr.Kernels;
using ILGPU;

namespace Gsasr.Layers;

/// <summary>Operations on each value alone: a work-item takes four channels of a pixel.</summary>
internal static class ElementwiseKernels
{
    private const int GroupSize = 256;

    /// <summary>y = a + b; y may be a or b.</summary>
    [Kernel(GroupSize)]
    public static void Add(
        ArrayView<float> a,
        int aPitch,
        ArrayView<float> b,
        int bPitch,
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
        Float4 sum = Channels.Load(a, pixel * aPitch + channel, count, aligned)
            + Channels.Load(b, pixel * bPitch + channel, count, aligned);
        Channels.Store(y, pixel * yPitch + channel, count, aligned, sum);
    }

    /// <summary>y[row][column] = table[row mod tableHeight][column mod tableWidth].</summary>
    [Kernel(GroupSize)]
    public static void Repeat(
        ArrayView<float> table,
        int tablePitch,
        ArrayView<float> y,
        int yPitch,
        int tableHeight,
        int tableWidth,
        int pixels,
        int width,
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
        int row = pixel / width;
        int source = row % tableHeight * tableWidth + (pixel - row * width) % tableWidth;
        Float4 values = Channels.LoadReadOnly(table, source * tablePitch + channel, count, aligned);
        Channels.Store(y, pixel * yPitch + channel, count, aligned, values);
    }
}
