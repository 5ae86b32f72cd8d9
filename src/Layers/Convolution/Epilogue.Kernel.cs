using Gsasr.Kernels;
using ILGPU;

namespace Gsasr.Layers;

/// <summary>What happens to four neighbouring channels of a product on their way to memory: activation, residual, pixel shuffle.</summary>
internal static class Epilogue
{
    // The values of the enumeration Activation.
    private const int Relu = 1;
    private const int Gelu = 2;
    private const int LeakyRelu = 3;

    /// <summary>The activation of each value.</summary>
    public static Float4 Activated(Float4 x, int activation)
    {
        if (activation == Relu)
            return Functions.Rectified(x);
        if (activation == Gelu)
            return Functions.Gelu(x);
        if (activation == LeakyRelu)
            return Functions.LeakyRectified(x);
        return x;
    }

    /// <summary>
    /// Stores channels [channel, channel + 4) of the output's <paramref name="pixel"/>, as far as they are below
    /// <paramref name="outputChannels"/>. Pixels count row by row, <paramref name="columns"/> to a row.
    /// </summary>
    /// <param name="y">The output.</param>
    /// <param name="yPitch">Floats from pixel to pixel.</param>
    /// <param name="residual">Added last; of the output's shape.</param>
    /// <param name="residualPitch">Floats from pixel to pixel.</param>
    /// <param name="hasResidual">Whether there is a residual; not with a pixel shuffle.</param>
    /// <param name="pixel">The pixel.</param>
    /// <param name="columns">Pixels in a row.</param>
    /// <param name="channel">The first channel.</param>
    /// <param name="outputChannels">Channels of the product.</param>
    /// <param name="shuffledChannels">
    /// Channels of y. With a pixel shuffle they are a quarter of <paramref name="outputChannels"/>, which stand in the order (i, j, c) of
    /// sub-pixel row, sub-pixel column and channel; without one they are as many. Never 0: PoCL divides by it on either
    /// way, and divisions by zero are traps on a processor.
    /// </param>
    /// <param name="aligned">Whether pitch, offset and channels of y and of the residual are multiples of 4.</param>
    /// <param name="values">The values.</param>
    public static void Store(
        ArrayView<float> y,
        int yPitch,
        ArrayView<float> residual,
        int residualPitch,
        int hasResidual,
        int pixel,
        int columns,
        int channel,
        int outputChannels,
        int shuffledChannels,
        int aligned,
        Float4 values)
    {
        int count = outputChannels - channel;
        if (shuffledChannels == outputChannels)
        {
            if (hasResidual != 0)
                values += Channels.Load(residual, pixel * residualPitch + channel, count, aligned);
            Channels.Store(y, pixel * yPitch + channel, count, aligned, values);
            return;
        }

        int row = pixel / columns;
        int column = pixel - row * columns;
        if (aligned != 0)
        {
            if (count > 0)
                Gpu.Store4(ref y[ShuffledPlace(row, column, columns, channel, shuffledChannels, yPitch)], values);
            return;
        }

        if (count > 0)
            y[ShuffledPlace(row, column, columns, channel, shuffledChannels, yPitch)] = values.X;
        if (count > 1)
            y[ShuffledPlace(row, column, columns, channel + 1, shuffledChannels, yPitch)] = values.Y;
        if (count > 2)
            y[ShuffledPlace(row, column, columns, channel + 2, shuffledChannels, yPitch)] = values.Z;
        if (count > 3)
            y[ShuffledPlace(row, column, columns, channel + 3, shuffledChannels, yPitch)] = values.W;
    }

    private static int ShuffledPlace(int row, int column, int columns, int channel, int shuffledChannels, int yPitch)
    {
        int subpixel = channel / shuffledChannels;
        int pixel = (2 * row + (subpixel >> 1)) * 2 * columns + 2 * column + (subpixel & 1);
        return pixel * yPitch + channel - subpixel * shuffledChannels;
    }
}
