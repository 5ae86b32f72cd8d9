using Gsasr.Kernels;
using ILGPU;

namespace Gsasr.Raster;

/// <summary>Turns images of floats into whole numbers, with one work-item for each value.</summary>
internal static class QuantizeKernels
{
    private const uint ExponentBits = 0x7F800000;

    /// <summary>Sets the count of values that are not finite to 0.</summary>
    [Kernel(1)]
    public static void ClearCount(ArrayView<int> nonFinite) => nonFinite[0] = 0;

    /// <summary>Values clamped to [0, 1] to whole numbers of 0 to 255.</summary>
    [Kernel(RasterShape.QuantizeGroupSize)]
    public static void Quantize8(
        ArrayView<float> image,      // [at least height, imageWidth, pitch]
        int imagePitch,
        int imageWidth,
        int width,
        int count,                   // height * width * 3
        ArrayView<byte> destination, // [height, width, 3]
        ArrayView<int> nonFinite)
    {
        ArrayView<int> groupCount = BeginCount();
        int i = Grid.IdxX * RasterShape.QuantizeGroupSize + Group.IdxX;
        if (i < count)
            destination[i] = (byte)Nearest(Read(image, imageWidth, imagePitch, width, i, groupCount), 255f);
        EndCount(groupCount, nonFinite);
    }

    /// <summary>Values clamped to [0, 1] to whole numbers of 0 to 65535.</summary>
    [Kernel(RasterShape.QuantizeGroupSize)]
    public static void Quantize16(
        ArrayView<float> image,        // [at least height, imageWidth, pitch]
        int imagePitch,
        int imageWidth,
        int width,
        int count,                     // height * width * 3
        ArrayView<ushort> destination, // [height, width, 3]
        ArrayView<int> nonFinite)
    {
        ArrayView<int> groupCount = BeginCount();
        int i = Grid.IdxX * RasterShape.QuantizeGroupSize + Group.IdxX;
        if (i < count)
            destination[i] = (ushort)Nearest(Read(image, imageWidth, imagePitch, width, i, groupCount), 65535f);
        EndCount(groupCount, nonFinite);
    }

    // The whole number of 0 to largest that is nearest to a value clamped to [0, 1]; ties to even. NaN gives 0.
    private static int Nearest(float value, float largest)
    {
        float clamped = value > 0f ? value : 0f;
        return (int)Gpu.Round(Gpu.Multiply(clamped < 1f ? clamped : 1f, largest));
    }

    // The value of dense index i of [height, width, 3]; adds to the group's count if it is not finite.
    private static float Read(ArrayView<float> image, int imageWidth, int imagePitch, int width, int i, ArrayView<int> groupCount)
    {
        int row = i / (width * 3);
        int inRow = i - row * (width * 3);
        int column = inRow / 3;
        float value = image[((long)row * imageWidth + column) * imagePitch + inRow - 3 * column];
        if ((Interop.FloatAsInt(value) & ExponentBits) == ExponentBits)
            Atomic.Add(ref groupCount[0], 1);
        return value;
    }

    private static ArrayView<int> BeginCount()
    {
        ArrayView<int> groupCount = SharedMemory.Allocate<int>(1);
        if (Group.IdxX == 0)
            groupCount[0] = 0;
        Group.Barrier();
        return groupCount;
    }

    private static void EndCount(ArrayView<int> groupCount, ArrayView<int> nonFinite)
    {
        Group.Barrier();
        if (Group.IdxX == 0 && groupCount[0] > 0)
            Atomic.Add(ref nonFinite[0], groupCount[0]);
    }
}
