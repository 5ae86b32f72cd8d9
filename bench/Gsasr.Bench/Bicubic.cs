namespace Gsasr.Bench;

/// <summary>
/// The reference of super-resolution papers: cubic convolution with a = -0.5 (Keys 1981), its support widened by the scale
/// where an image shrinks, its weights normalised where they reach over the border. Double precision.
/// </summary>
internal static class Bicubic
{
    /// <summary>Resizes an image of 8-bit samples; values are rounded and clamped at the end.</summary>
    /// <param name="source">[height, width, 3].</param>
    /// <param name="width">Columns of the source.</param>
    /// <param name="height">Rows of the source.</param>
    /// <param name="newWidth">Columns of the result.</param>
    /// <param name="newHeight">Rows of the result.</param>
    public static byte[] Resize(byte[] source, int width, int height, int newWidth, int newHeight)
    {
        (int First, double[] Weights)[] columns = Taps(width, newWidth);
        (int First, double[] Weights)[] rows = Taps(height, newHeight);
        var narrow = new double[height * newWidth * 3];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < newWidth; x++)
            {
                (int first, double[] weights) = columns[x];
                for (int k = 0; k < weights.Length; k++)
                {
                    for (int c = 0; c < 3; c++)
                        narrow[(y * newWidth + x) * 3 + c] += weights[k] * source[(y * width + first + k) * 3 + c];
                }
            }
        }

        var result = new byte[newWidth * newHeight * 3];
        for (int y = 0; y < newHeight; y++)
        {
            (int first, double[] weights) = rows[y];
            for (int i = 0; i < newWidth * 3; i++)
            {
                double sum = 0;
                for (int k = 0; k < weights.Length; k++)
                    sum += weights[k] * narrow[(first + k) * newWidth * 3 + i];
                result[y * newWidth * 3 + i] = (byte)Math.Clamp(Math.Round(sum), 0, 255);
            }
        }

        return result;
    }

    private static (int First, double[] Weights)[] Taps(int size, int newSize)
    {
        double step = (double)size / newSize;
        double widening = Math.Max(1, step);
        var taps = new (int, double[])[newSize];
        for (int i = 0; i < newSize; i++)
        {
            double centre = (i + 0.5) * step;
            int first = Math.Max(0, (int)Math.Floor(centre - 2 * widening + 0.5));
            int end = Math.Min(size, (int)Math.Floor(centre + 2 * widening + 0.5));
            double[] weights = [.. Enumerable.Range(first, end - first).Select(j => Cubic((j + 0.5 - centre) / widening))];
            double sum = weights.Sum();
            taps[i] = (first, [.. weights.Select(weight => weight / sum)]);
        }

        return taps;
    }

    private static double Cubic(double x)
    {
        const double A = -0.5;
        x = Math.Abs(x);
        return x < 1 ? ((A + 2) * x - (A + 3)) * x * x + 1
            : x < 2 ? A * (((x - 5) * x + 8) * x - 4)
            : 0;
    }
}
