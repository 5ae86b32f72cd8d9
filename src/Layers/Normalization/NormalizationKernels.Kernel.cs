using Gsasr.Kernels;
using ILGPU;
using ILGPU.Algorithms;

namespace Gsasr.Layers;

/// <summary>Layer normalisation over the channels of each pixel, with mean and variance in two passes over values that stay in the cache.</summary>
internal static class NormalizationKernels
{
    private const int ItemsPerPixel = NormalizationShape.GroupSize / NormalizationShape.PixelsOfGroup;

    /// <summary>
    /// y = (z - mean z) / sqrt(var z + epsilon) * gamma + beta + table, with z = x + shift. y may be x: an item writes only what it
    /// alone has read. The table is repeated over the image.
    /// </summary>
    [Kernel(NormalizationShape.GroupSize)]
    public static void NormalizePixels(
        ArrayView<float> x,
        int xPitch,
        ArrayView<float> gamma,
        ArrayView<float> beta,
        ArrayView<float> y,
        int yPitch,
        ArrayView<float> shift,
        int hasShift,
        ArrayView<float> table,
        int tablePitch,
        int hasTable,
        int tableHeight,
        int tableWidth,
        int pixels,
        int width,
        int channels,
        float epsilon,
        int aligned)
    {
        ArrayView<float> partial = SharedMemory.Allocate<float>(NormalizationShape.GroupSize);
        int item = Group.IdxX;
        int pixel = Grid.IdxX * NormalizationShape.PixelsOfGroup + item / ItemsPerPixel;
        int first = Gpu.Keep((item & (ItemsPerPixel - 1)) * 4);

        // After the last pixel the last one is read again, because all items have to reach the barriers.
        int source = Gpu.Keep(XMath.Min(pixel, pixels - 1) * xPitch);
        float sum = 0f;
        for (int c = first; c < channels; c += ItemsPerPixel * 4)
        {
            sum += Sum(Channels.Load(x, source + c, channels - c, aligned));
            if (hasShift != 0)
                sum += Sum(Channels.LoadReadOnly(shift, c, channels - c, aligned));
        }

        float mean = PixelSum(partial, sum) / channels;
        sum = 0f;
        for (int c = first; c < channels; c += ItemsPerPixel * 4)
        {
            Float4 z = Channels.Load(x, source + c, channels - c, aligned);
            if (hasShift != 0)
                z += Channels.LoadReadOnly(shift, c, channels - c, aligned);
            z -= mean;
            z.Y = c + 1 < channels ? z.Y : 0f;
            z.Z = c + 2 < channels ? z.Z : 0f;
            z.W = c + 3 < channels ? z.W : 0f;
            sum += Sum(z * z);
        }

        float inverse = 1f / XMath.Sqrt(PixelSum(partial, sum) / channels + epsilon);
        if (pixel >= pixels)
            return;
        int row = pixel / width;
        int tablePixel = hasTable != 0 ? (row % tableHeight * tableWidth + (pixel - row * width) % tableWidth) * tablePitch : 0;
        for (int c = first; c < channels; c += ItemsPerPixel * 4)
        {
            int count = channels - c;
            Float4 z = Channels.Load(x, source + c, count, aligned);
            if (hasShift != 0)
                z += Channels.LoadReadOnly(shift, c, count, aligned);
            z = (z - mean) * inverse * Channels.LoadReadOnly(gamma, c, count, aligned) + Channels.LoadReadOnly(beta, c, count, aligned);
            if (hasTable != 0)
                z += Channels.LoadReadOnly(table, tablePixel + c, count, aligned);
            Channels.Store(y, pixel * yPitch + c, count, aligned, z);
        }
    }

    // Gives the sum over the items of a pixel to each of them, always added in the same order.
    private static float PixelSum(ArrayView<float> partial, float value)
    {
        int item = Group.IdxX;
        int lane = item & (ItemsPerPixel - 1);
        partial[item] = value;
        Group.Barrier();
        for (int step = ItemsPerPixel / 2; step > 0; step /= 2)
        {
            if (lane < step)
                partial[item] += partial[item + step];
            Group.Barrier();
        }

        float sum = partial[item - lane];
        Group.Barrier();
        return sum;
    }

    private static float Sum(Float4 values) => (values.X + values.Y) + (values.Z + values.W);
}
