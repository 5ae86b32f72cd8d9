using Gsasr.Kernels;
using ILGPU;

namespace Gsasr.Layers;

/// <summary>Operations on each value alone that end in float16: a work-item takes eight channels of a pixel.</summary>
internal static class Float16ElementwiseKernels
{
    private const int GroupSize = 256;

    /// <summary>y = a + b, rounded; y may be a or b.</summary>
    [Kernel(GroupSize, Target = "sm_75")]
    public static void AddFloat16(
        ArrayView<short> a, int aPitch, ArrayView<short> b, int bPitch, ArrayView<short> y, int yPitch, int pixels, int channels)
    {
        int eights = channels / 8;
        int item = Grid.IdxX * GroupSize + Group.IdxX;
        int pixel = item / eights;
        if (pixel >= pixels)
            return;
        int channel = (item - pixel * eights) * 8;
        Int4 first = TensorCores.Load8(ref a[pixel * aPitch + channel]);
        Int4 second = TensorCores.Load8(ref b[pixel * bPitch + channel]);
        TensorCores.Store8(ref y[pixel * yPitch + channel], Float16Values.Pack(
            Float16Values.First(first) + Float16Values.First(second), Float16Values.Second(first) + Float16Values.Second(second)));
    }

    /// <summary>
    /// y[row][column] = table[row mod tableHeight][column mod tableWidth], rounded. With a table of y's size it only rounds.
    /// </summary>
    [Kernel(GroupSize, Target = "sm_75")]
    public static void RepeatFloat16(
        ArrayView<float> table,
        int tablePitch,
        ArrayView<short> y,
        int yPitch,
        int tableHeight,
        int tableWidth,
        int pixels,
        int width,
        int channels)
    {
        int eights = channels / 8;
        int item = Grid.IdxX * GroupSize + Group.IdxX;
        int pixel = item / eights;
        if (pixel >= pixels)
            return;
        int channel = (item - pixel * eights) * 8;
        int row = pixel / width;
        int source = (row % tableHeight * tableWidth + (pixel - row * width) % tableWidth) * tablePitch + channel;
        Int4 packed = Float16Values.Pack(Gpu.Load4(ref table[source]), Gpu.Load4(ref table[source + 4]));
        TensorCores.Store8(ref y[pixel * yPitch + channel], packed);
    }
}
