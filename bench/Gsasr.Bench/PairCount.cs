using Gsasr.Raster;
using Gsasr.Tensors;

namespace Gsasr.Bench;

/// <summary>How many pairs of a Gaussian and a pixel a set has, counted in different ways.</summary>
/// <param name="All">Gaussians times pixels: what it costs without culling.</param>
/// <param name="Box">Within the dmax box: what the published kernel computes.</param>
/// <param name="Ellipse">Within the box and the ellipse of e^-16: what is not negligible.</param>
/// <param name="Quads">Pixels of the 8 x 8 quads that the ellipse touches: what the GPU kernel computes.</param>
internal readonly record struct PairCount(double All, double Box, double Ellipse, double Quads)
{
    private const int Quad = 8;

    /// <summary>Counts, in double precision.</summary>
    /// <param name="gaussians">[count, 11] raw.</param>
    /// <param name="settings">The canvas; all of it is drawn.</param>
    public static PairCount Of(float[] gaussians, RasterSettings settings)
    {
        int count = gaussians.Length / GaussianFormat.Raw.Columns;
        double box = 0;
        double ellipse = 0;
        double quads = 0;
        object together = new();
        Parallel.For(0, (count + 4095) / 4096, chunk =>
        {
            double boxHere = 0;
            double ellipseHere = 0;
            double quadsHere = 0;
            for (int i = chunk * 4096; i < Math.Min(count, (chunk + 1) * 4096); i++)
            {
                ReadOnlySpan<float> raw = gaussians.AsSpan(i * GaussianFormat.Raw.Columns, GaussianFormat.Raw.Columns);
                Add(raw, settings, ref boxHere, ref ellipseHere, ref quadsHere);
            }

            lock (together)
            {
                box += boxHere;
                ellipse += ellipseHere;
                quads += quadsHere;
            }
        });
        return new PairCount((double)count * settings.CanvasWidth * settings.CanvasHeight, box, ellipse, quads);
    }

    private static void Add(ReadOnlySpan<float> raw, RasterSettings settings, ref double box, ref double ellipse, ref double quads)
    {
        double sigmaY = (0.99999 * Sigmoid(raw[GaussianFormat.Raw.SigmaY]) + 1e-6) * settings.Scale / 1.2;
        double sigmaX = (0.99999 * Sigmoid(raw[GaussianFormat.Raw.SigmaX]) + 1e-6) * settings.Scale / 1.2;
        double rho = 0.999999 * Math.Tanh(raw[GaussianFormat.Raw.Rho]);
        double x = ((double)raw[GaussianFormat.Raw.MeanX] + raw[GaussianFormat.Raw.MeanXRemainder]) * settings.CanvasWidth - 0.5;
        double y = ((double)raw[GaussianFormat.Raw.MeanY] + raw[GaussianFormat.Raw.MeanYRemainder]) * settings.CanvasHeight - 0.5;
        double boxX = settings.DMax * (settings.CanvasWidth - 1) / 2;
        double boxY = settings.DMax * (settings.CanvasHeight - 1) / 2;
        (int left, int right) = Whole(x - boxX, x + boxX, (int)settings.CanvasWidth);
        (int top, int bottom) = Whole(y - boxY, y + boxY, (int)settings.CanvasHeight);
        if (right < left || bottom < top)
            return;
        box += (double)(right - left + 1) * (bottom - top + 1);

        double reach = Math.Sqrt(2 * Rasterizer.CutoffExponent);
        (top, bottom) = Whole(Math.Max(y - boxY, y - reach * sigmaY), Math.Min(y + boxY, y + reach * sigmaY), (int)settings.CanvasHeight);
        int quadRow = -1;
        int quadLeft = 0;
        int quadRight = -1;
        for (int row = top; row <= bottom; row++)
        {
            double v = (row - y) / sigmaY;
            double centre = x + rho * sigmaX * v;
            double half = sigmaX * Math.Sqrt(Math.Max(0, (1 - rho * rho) * (2 * Rasterizer.CutoffExponent - v * v)));
            (int first, int last) = Whole(Math.Max(x - boxX, centre - half), Math.Min(x + boxX, centre + half), (int)settings.CanvasWidth);
            if (last < first)
                continue;
            ellipse += last - first + 1;
            if (row / Quad != quadRow)
            {
                quads += Quad * Quad * (quadRight - quadLeft + 1);
                (quadRow, quadLeft, quadRight) = (row / Quad, first / Quad, last / Quad);
            }

            quadLeft = Math.Min(quadLeft, first / Quad);
            quadRight = Math.Max(quadRight, last / Quad);
        }

        quads += Quad * Quad * (quadRight - quadLeft + 1);
    }

    private static (int First, int Last) Whole(double low, double high, int size) =>
        ((int)Math.Max(0, Math.Ceiling(low)), (int)Math.Min(size - 1, Math.Floor(high)));

    private static double Sigmoid(double value) => 1 / (1 + Math.Exp(-value));
}
