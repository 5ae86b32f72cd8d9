using Gsasr.Raster;
using Gsasr.Tensors;

namespace Gsasr.Fitting;

/// <summary>Gaussians to start from.</summary>
internal static class FitStart
{
    private const int Columns = FieldFitter.Columns;

    // A standard deviation as a share of the distance between neighbours: wide enough that their sum is even.
    private const double GridWidth = 0.6;

    // The standard deviation of an added Gaussian, as a share of the distance that neighbours have in the end, and the share of the
    // missing colour that it brings. Its neighbours bring the rest.
    private const double AddedWidth = 0.4;
    private const float AddedShare = 0.5f;

    // Pixels on a side of the cells by which Gaussians are sorted.
    private const int CellSize = 8;

    /// <summary>Gaussians on a grid, with the image's colours, so that their sum is the image blurred.</summary>
    /// <param name="image">[height, width, 3].</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    /// <param name="count">The most Gaussians.</param>
    public static float[] Grid(float[] image, int width, int height, int count)
    {
        int columns = Math.Clamp((int)Math.Round(Math.Sqrt((double)count * width / height)), 1, count);
        int rows = Math.Max(1, count / columns);
        double stepX = (double)width / columns;
        double stepY = (double)height / rows;
        double sigmaX = GridWidth * stepX;
        double sigmaY = GridWidth * stepY;
        float share = (float)(stepX * stepY / (2 * Math.PI * sigmaX * sigmaY));
        var gaussians = new float[rows * columns * Columns];
        for (int i = 0; i < rows * columns; i++)
        {
            double x = (i % columns + 0.5) * stepX;
            double y = (i / columns + 0.5) * stepY;
            Span<float> gaussian = gaussians.AsSpan(i * Columns, Columns);
            gaussian[GaussianFormat.Activated.SigmaX] = (float)sigmaX;
            gaussian[GaussianFormat.Activated.SigmaY] = (float)sigmaY;
            gaussian[GaussianFormat.Activated.MeanX] = (float)(x / width);
            gaussian[GaussianFormat.Activated.MeanY] = (float)(y / height);
            int pixel = Math.Min((int)y, height - 1) * width + Math.Min((int)x, width - 1);
            for (int k = 0; k < 3; k++)
                gaussian[GaussianFormat.Activated.FirstColour + k] = share * image[pixel * 3 + k];
        }

        return gaussians;
    }

    /// <summary>
    /// Gaussians at places drawn with a probability in proportion to the error there. Since Gaussians add up, each starts with the colour
    /// that is missing.
    /// </summary>
    /// <param name="target">[height, width, 3], what is wanted.</param>
    /// <param name="image">[height, width, 3], what there is.</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    /// <param name="count">How many Gaussians.</param>
    /// <param name="total">How many there are to be in the end, which decides how large they start.</param>
    /// <param name="random">Random numbers.</param>
    public static float[] WhereErrorIsLarge(
        float[] target, float[] image, int width, int height, int count, int total, Random random)
    {
        var sums = new double[width * height];
        double sum = 0;
        for (int i = 0; i < sums.Length; i++)
        {
            double square = 0;
            for (int k = 0; k < 3; k++)
                square += Math.Pow(target[i * 3 + k] - image[i * 3 + k], 2);
            sum += Math.Sqrt(square + 1e-12);
            sums[i] = sum;
        }

        double sigma = Math.Max(0.5, AddedWidth * Math.Sqrt((double)width * height / total));
        var gaussians = new float[count * Columns];
        int pixel = 0;
        for (int i = 0; i < count; i++)
        {
            // One draw from each of "count" equal parts of the sum, so that no place is drawn much more often than it should be.
            double place = (i + random.NextDouble()) / count * sum;
            while (pixel < sums.Length - 1 && sums[pixel] < place)
                pixel++;
            Span<float> gaussian = gaussians.AsSpan(i * Columns, Columns);
            gaussian[GaussianFormat.Activated.SigmaX] = (float)sigma;
            gaussian[GaussianFormat.Activated.SigmaY] = (float)sigma;
            gaussian[GaussianFormat.Activated.MeanX] = (float)((pixel % width + random.NextDouble()) / width);
            gaussian[GaussianFormat.Activated.MeanY] = (float)((pixel / width + random.NextDouble()) / height);
            for (int k = 0; k < 3; k++)
                gaussian[GaussianFormat.Activated.FirstColour + k] = AddedShare * (target[pixel * 3 + k] - image[pixel * 3 + k]);
        }

        return gaussians;
    }

    /// <summary>Sorts Gaussians along a curve through the image (Morton's order), so that neighbours in memory are neighbours there.</summary>
    /// <param name="gaussians">[count, 8].</param>
    /// <param name="width">Columns of the image.</param>
    /// <param name="height">Rows of the image.</param>
    public static void SortByPlace(float[] gaussians, int width, int height)
    {
        int count = gaussians.Length / Columns;
        var keys = new ulong[count];
        var order = new int[count];
        for (int i = 0; i < count; i++)
        {
            uint x = (uint)Math.Clamp(gaussians[i * Columns + GaussianFormat.Activated.MeanX] * width / CellSize, 0, 1 << 20);
            uint y = (uint)Math.Clamp(gaussians[i * Columns + GaussianFormat.Activated.MeanY] * height / CellSize, 0, 1 << 20);

            // The index below makes every key different, so that the order is the same on every machine.
            keys[i] = (Spread(x) | Spread(y) << 1) << 20;
            order[i] = i;
        }

        float[] unsorted = [.. gaussians];
        int[] sorted = [.. order.OrderBy(i => keys[i]).ThenBy(i => i)];
        for (int i = 0; i < count; i++)
            unsorted.AsSpan(sorted[i] * Columns, Columns).CopyTo(gaussians.AsSpan(i * Columns));
    }

    // The bits of a number with a gap after each.
    private static ulong Spread(ulong value)
    {
        value = (value | value << 16) & 0x0000FFFF0000FFFF;
        value = (value | value << 8) & 0x00FF00FF00FF00FF;
        value = (value | value << 4) & 0x0F0F0F0F0F0F0F0F;
        value = (value | value << 2) & 0x3333333333333333;
        return (value | value << 1) & 0x5555555555555555;
    }
}
