using Gsasr.Kernels;
using ILGPU;
using ILGPU.Algorithms;

namespace Gsasr.Raster;

/// <summary>Adam, and differences of images.</summary>
internal static class OptimisationKernels
{
    /// <summary>One work-item for each value.</summary>
    [Kernel(RasterShape.ValueGroupSize)]
    public static void AdamStep(
        ArrayView<float> parameters, // [rows, channels]
        int parametersPitch,
        ArrayView<float> gradients,  // [rows, channels]
        int gradientsPitch,
        ArrayView<float> moments,    // [rows, 2 * channels]
        ArrayView<float> settings,   // [channels, AdamNumbers.Count]
        int count,                   // rows * channels
        int channels,
        float rate,
        float meanFactor,
        float squareFactor)
    {
        int i = Grid.IdxX * RasterShape.ValueGroupSize + Group.IdxX;
        if (i >= count)
            return;
        int row = i / channels;
        int channel = i % channels;
        long place = (long)row * parametersPitch + channel;
        long means = (long)row * 2 * channels + channel;
        int own = channel * AdamNumbers.Count;
        bool logarithmic = settings[own + AdamNumbers.Logarithmic] != 0f;
        float value = parameters[place];
        float gradient = gradients[(long)row * gradientsPitch + channel];
        if (logarithmic)
            gradient = Gpu.Multiply(gradient, value);
        float mean = Gpu.Fma(AdamNumbers.MeanDecay, moments[means], (1f - AdamNumbers.MeanDecay) * gradient);
        float square = Gpu.Fma(
            AdamNumbers.SquareDecay, moments[means + channels], Gpu.Multiply((1f - AdamNumbers.SquareDecay) * gradient, gradient));
        moments[means] = mean;
        moments[means + channels] = square;
        float step = Gpu.Multiply(Gpu.Multiply(rate, settings[own + AdamNumbers.Rate]), Gpu.Multiply(mean, meanFactor))
            / Gpu.Add(XMath.Sqrt(Gpu.Multiply(square, squareFactor)), AdamNumbers.Epsilon);
        float moved = logarithmic ? Gpu.Multiply(value, Pair.Exp(-step).X) : Gpu.Subtract(value, step);
        parameters[place] = XMath.Min(XMath.Max(moved, settings[own + AdamNumbers.Minimum]), settings[own + AdamNumbers.Maximum]);
    }

    /// <summary>One work-item for each value: factor * (image - target).</summary>
    [Kernel(RasterShape.ValueGroupSize)]
    public static void Difference(
        ArrayView<float> image,    // [pixels, pitch]; may be the gradient
        int imagePitch,
        ArrayView<float> target,   // [pixels, pitch]
        int targetPitch,
        ArrayView<float> gradient, // [pixels, pitch]
        int gradientPitch,
        int channels,
        int count,                 // pixels * channels
        float factor)
    {
        int i = Grid.IdxX * RasterShape.ValueGroupSize + Group.IdxX;
        if (i >= count)
            return;
        long pixel = i / channels;
        int channel = i % channels;
        float difference = Gpu.Subtract(image[pixel * imagePitch + channel], target[pixel * targetPitch + channel]);
        gradient[pixel * gradientPitch + channel] = Gpu.Multiply(factor, difference);
    }

    /// <summary>One group for each row: the sum of squared differences.</summary>
    [Kernel(RasterShape.RowGroupSize)]
    public static void SumSquares(
        ArrayView<float> image,  // [height, width, pitch]
        int imagePitch,
        ArrayView<float> target, // [height, width, pitch]
        int targetPitch,
        int width,
        int channels,
        ArrayView<float> sums)   // [height]
    {
        ArrayView<float> parts = SharedMemory.Allocate<float>(RasterShape.RowGroupSize);
        int item = Group.IdxX;
        int row = Grid.IdxX;
        float sum = 0f;
        for (int i = item; i < width * channels; i += RasterShape.RowGroupSize)
        {
            long pixel = (long)row * width + i / channels;
            int channel = i % channels;
            float difference = Gpu.Subtract(image[pixel * imagePitch + channel], target[pixel * targetPitch + channel]);
            sum = Gpu.Fma(difference, difference, sum);
        }

        parts[item] = sum;
        Group.Barrier();
        if (item == 0)
        {
            float total = 0f;
            for (int i = 0; i < Gpu.Keep(RasterShape.RowGroupSize); i++)
                total = Gpu.Add(total, parts[i]);
            sums[row] = total;
        }
    }
}
