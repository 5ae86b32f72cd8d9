namespace Gsasr.Raster.Tests;

/// <summary>
/// The definition, term by term in double precision: all Gaussians at all pixels, nothing left out but what the box leaves out.
/// </summary>
internal static class ReferenceRasterizer
{
    public static double[] Render(
        ReadOnlySpan<float> gaussians, in RasterSettings settings, int width, int height, int channels = 9)
    {
        var image = new double[height * width * 3];
        double[] activated = Activate(gaussians, settings, channels);
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
                Sum(activated, settings, x, y, image.AsSpan((y * width + x) * 3, 3));
        }

        return image;
    }

    /// <summary>One pixel of the viewport.</summary>
    public static double[] Pixel(ReadOnlySpan<float> gaussians, in RasterSettings settings, int x, int y)
    {
        var pixel = new double[3];
        Sum(Activate(gaussians, settings, 9), settings, x, y, pixel);
        return pixel;
    }

    /// <summary>[count, 8]: sigma x, sigma y, rho, red, green, blue, x, y.</summary>
    private static double[] Activate(ReadOnlySpan<float> gaussians, in RasterSettings settings, int channels)
    {
        int count = gaussians.Length / channels;
        var activated = new double[count * 8];
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<float> raw = gaussians.Slice(i * channels, channels);
            Span<double> gaussian = activated.AsSpan(i * 8, 8);
            gaussian[0] = (0.99999 * Sigmoid(raw[1]) + 1e-6) * settings.Scale / 1.2;
            gaussian[1] = (0.99999 * Sigmoid(raw[0]) + 1e-6) * (settings.ScaleY ?? settings.Scale) / 1.2;
            gaussian[2] = 0.999999 * Math.Tanh(raw[2]);
            for (int k = 0; k < 3; k++)
                gaussian[3 + k] = Sigmoid(raw[4 + k]) * Sigmoid(raw[3]);
            double meanX = channels > 9 ? (double)raw[7] + raw[9] : raw[7];
            double meanY = channels > 9 ? (double)raw[8] + raw[10] : raw[8];
            gaussian[6] = meanX * settings.CanvasWidth - 0.5;
            gaussian[7] = meanY * settings.CanvasHeight - 0.5;
        }

        return activated;
    }

    private static void Sum(ReadOnlySpan<double> activated, in RasterSettings settings, int column, int row, Span<double> pixel)
    {
        double boxX = Math.Max(settings.DMax * (settings.CanvasWidth - 1) / 2, settings.LeastReach * settings.Scale);
        double boxY = Math.Max(settings.DMax * (settings.CanvasHeight - 1) / 2, settings.LeastReach * (settings.ScaleY ?? settings.Scale));
        for (int i = 0; i < activated.Length; i += 8)
        {
            double dx = settings.ViewportLeft + column - activated[i + 6];
            double dy = settings.ViewportTop + row - activated[i + 7];
            if (!(Math.Abs(dx) <= boxX && Math.Abs(dy) <= boxY))
                continue;
            double rho = activated[i + 2];
            double u = dx / activated[i];
            double v = dy / activated[i + 1];
            double weight = Math.Exp(-0.5 / (1 - rho * rho) * (u * u - 2 * rho * u * v + v * v));
            for (int k = 0; k < 3; k++)
                pixel[k] += weight * activated[i + 3 + k];
        }
    }

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));
}
