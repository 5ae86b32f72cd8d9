using Gsasr.Kernels;
using ILGPU;
using ILGPU.Algorithms;

namespace Gsasr.Layers;

/// <summary>Layer normalisation of float16; everything between loading and storing is float32.</summary>
internal static class Float16NormalizationKernels
{
    private const int Eights = Float16NormalizationShape.MostChannels / 8 / Float16NormalizationShape.ItemsPerPixel;

    /// <summary>
    /// y = (z - mean z) / sqrt(var z + epsilon) * gamma + beta + table, with z = x + shift, as NormalizePixels. Eight items share a pixel.
    /// Each takes every eighth group of eight channels and keeps it in registers. Channels from countedChannels on only fill up eights: they
    /// are zero in x, shift, gamma, beta and table, and the mean and the variance leave them out.
    /// </summary>
    [Kernel(Float16NormalizationShape.GroupSize, Target = "sm_75")]
    public static void NormalizeFloat16(
        ArrayView<short> x,
        int xPitch,
        ArrayView<float> gamma,
        ArrayView<float> beta,
        ArrayView<short> y,
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
        int countedChannels,
        float epsilon)
    {
        int item = Group.IdxX;
        int pixel = Grid.IdxX * Float16NormalizationShape.PixelsOfGroup + item / Float16NormalizationShape.ItemsPerPixel;
        int first = Gpu.Keep((item & (Float16NormalizationShape.ItemsPerPixel - 1)) * 8);

        // After the last pixel the last one is read again, because all items of a warp have to exchange their sums.
        int source = Gpu.Keep(XMath.Min(pixel, pixels - 1) * xPitch);
        var low = new Float4[Eights];
        var high = new Float4[Eights];
        float sum = 0f;
        var packed = new Int4[Eights];
        for (int i = 0; i < Eights; i++)
            packed[i] = TensorCores.Load8(ref x[source + XMath.Min(first + i * Float16NormalizationShape.ItemsPerPixel * 8, channels - 8)]);
        for (int i = 0; i < Eights; i++)
        {
            int c = first + i * Float16NormalizationShape.ItemsPerPixel * 8;
            low[i] = default;
            high[i] = default;
            if (c < channels)
            {
                low[i] = Float16Values.First(packed[i]);
                high[i] = Float16Values.Second(packed[i]);
                if (hasShift != 0)
                {
                    low[i] += Gpu.Load4(ref shift[c]);
                    high[i] += Gpu.Load4(ref shift[c + 4]);
                }
            }

            sum += Sum(low[i]) + Sum(high[i]);
        }

        float inverse = Centre(low, high, sum, first, countedChannels, epsilon);
        if (pixel >= pixels)
            return;
        int row = pixel / width;
        int tablePixel = hasTable != 0 ? (row % tableHeight * tableWidth + (pixel - row * width) % tableWidth) * tablePitch : 0;
        for (int i = 0; i < Eights; i++)
        {
            int c = first + i * Float16NormalizationShape.ItemsPerPixel * 8;
            if (c < channels)
            {
                Float4 a = low[i] * inverse * Gpu.Load4(ref gamma[c]) + Gpu.Load4(ref beta[c]);
                Float4 b = high[i] * inverse * Gpu.Load4(ref gamma[c + 4]) + Gpu.Load4(ref beta[c + 4]);
                if (hasTable != 0)
                {
                    a += Gpu.Load4(ref table[tablePixel + c]);
                    b += Gpu.Load4(ref table[tablePixel + c + 4]);
                }

                TensorCores.Store8(ref y[pixel * yPitch + c], Float16Values.Pack(a, b));
            }
        }
    }

    /// <summary>
    /// y += x * gates, and normal = (y - mean y) / sqrt(var y + epsilon) * gamma + beta, of y as it is rounded. Items share pixels as in
    /// NormalizeFloat16, and the channels that only fill up eights are left out as there.
    /// </summary>
    [Kernel(Float16NormalizationShape.GroupSize, Target = "sm_75")]
    public static void AddGatedAndNormalizeFloat16(
        ArrayView<short> x,
        int xPitch,
        ArrayView<float> gates,
        ArrayView<short> y,
        int yPitch,
        ArrayView<float> gamma,
        ArrayView<float> beta,
        ArrayView<short> normal,
        int normalPitch,
        int pixels,
        int channels,
        int countedChannels,
        float epsilon)
    {
        int item = Group.IdxX;
        int pixel = Grid.IdxX * Float16NormalizationShape.PixelsOfGroup + item / Float16NormalizationShape.ItemsPerPixel;
        int first = Gpu.Keep((item & (Float16NormalizationShape.ItemsPerPixel - 1)) * 8);

        // After the last pixel the last one is read again, because all items of a warp have to exchange their sums. What is made of it is not used.
        int source = XMath.Min(pixel, pixels - 1);
        int xStart = Gpu.Keep(source * xPitch);
        int yStart = Gpu.Keep(source * yPitch);
        var values = new Int4[Eights];
        var before = new Int4[Eights];
        for (int i = 0; i < Eights; i++)
        {
            int c = XMath.Min(first + i * Float16NormalizationShape.ItemsPerPixel * 8, channels - 8);
            values[i] = TensorCores.Load8(ref x[xStart + c]);
            before[i] = TensorCores.Load8(ref y[yStart + c]);
        }

        var low = new Float4[Eights];
        var high = new Float4[Eights];
        float sum = 0f;
        for (int i = 0; i < Eights; i++)
        {
            int c = first + i * Float16NormalizationShape.ItemsPerPixel * 8;
            low[i] = default;
            high[i] = default;
            if (c < channels)
            {
                Int4 rounded = Float16Values.Pack(
                    Float16Values.First(before[i]) + Float16Values.First(values[i]) * Gpu.Load4(ref gates[c]),
                    Float16Values.Second(before[i]) + Float16Values.Second(values[i]) * Gpu.Load4(ref gates[c + 4]));
                if (pixel < pixels)
                    TensorCores.Store8(ref y[yStart + c], rounded);
                low[i] = Float16Values.First(rounded);
                high[i] = Float16Values.Second(rounded);
            }

            sum += Sum(low[i]) + Sum(high[i]);
        }

        float inverse = Centre(low, high, sum, first, countedChannels, epsilon);
        if (pixel >= pixels)
            return;
        for (int i = 0; i < Eights; i++)
        {
            int c = first + i * Float16NormalizationShape.ItemsPerPixel * 8;
            if (c < channels)
            {
                TensorCores.Store8(ref normal[pixel * normalPitch + c], Float16Values.Pack(
                    low[i] * inverse * Gpu.Load4(ref gamma[c]) + Gpu.Load4(ref beta[c]),
                    high[i] * inverse * Gpu.Load4(ref gamma[c + 4]) + Gpu.Load4(ref beta[c + 4])));
            }
        }
    }

    // Takes the mean from an item's values, of which it knows the sum, and returns 1 / the deviation.
    private static float Centre(Float4[] low, Float4[] high, float sum, int first, int countedChannels, float epsilon)
    {
        float mean = PixelSum(sum) / countedChannels;
        sum = 0f;
        for (int i = 0; i < Eights; i++)
        {
            int counted = countedChannels - first - i * Float16NormalizationShape.ItemsPerPixel * 8;
            if (counted > 0)
            {
                low[i] -= mean;
                high[i] -= mean;
                if (counted < 8)
                {
                    low[i] = First(low[i], counted);
                    high[i] = First(high[i], counted - 4);
                }
            }

            sum += Sum(low[i] * low[i]) + Sum(high[i] * high[i]);
        }

        return 1f / XMath.Sqrt(PixelSum(sum) / countedChannels + epsilon);
    }

    // Gives the sum over the items of a pixel to each of them.
    private static float PixelSum(float value)
    {
        value += TensorCores.Exchange(value, 1);
        value += TensorCores.Exchange(value, 2);
        return value + TensorCores.Exchange(value, 4);
    }

    // The first of four values, zeros behind them.
    private static Float4 First(Float4 values, int count) => new(
        count > 0 ? values.X : 0f, count > 1 ? values.Y : 0f, count > 2 ? values.Z : 0f, count > 3 ? values.W : 0f);

    private static float Sum(Float4 values) => (values.X + values.Y) + (values.Z + values.W);
}
