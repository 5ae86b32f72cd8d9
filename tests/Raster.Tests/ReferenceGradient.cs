namespace Gsasr.Raster.Tests;

/// <summary>
/// The definition and its derivatives term by term in double precision, for both layouts and any number of colours, at all pixels:
/// nothing left out but what the box leaves out. The derivatives are those of the published three-term form.
/// </summary>
internal sealed class ReferenceGradient(RasterSettings settings, int width, int height, int colours)
{
    private readonly bool _raw = settings.Layout == GaussianLayout.Raw;

    private double ScaleY => settings.ScaleY ?? settings.Scale;

    /// <summary>Columns of a Gaussian.</summary>
    public int Columns => _raw ? 9 : 5 + colours;

    /// <summary>The image, [height, width, colours].</summary>
    public double[] Render(double[] gaussians)
    {
        var image = new double[height * width * colours];
        for (int i = 0; i < gaussians.Length; i += Columns)
        {
            Shape shape = Activate(gaussians.AsSpan(i, Columns));
            for (int pixel = 0; pixel < width * height; pixel++)
            {
                if (!shape.Reaches(settings, pixel % width, pixel / width, out double u, out double v))
                    continue;
                double weight = shape.Weight(u, v);
                for (int k = 0; k < colours; k++)
                    image[pixel * colours + k] += weight * shape.Colours[k];
            }
        }

        return image;
    }

    /// <summary>The gradient of sum(image * upstream).</summary>
    public double[] Backward(double[] gaussians, double[] upstream)
    {
        var gradient = new double[gaussians.Length];
        Span<double> byColour = stackalloc double[4];
        for (int i = 0; i < gaussians.Length; i += Columns)
        {
            ReadOnlySpan<double> row = gaussians.AsSpan(i, Columns);
            Shape shape = Activate(row);
            double complement = 1 - shape.Rho * shape.Rho;
            double bySigmaX = 0, bySigmaY = 0, byRho = 0, byX = 0, byY = 0;
            byColour.Clear();
            for (int pixel = 0; pixel < width * height; pixel++)
            {
                if (!shape.Reaches(settings, pixel % width, pixel / width, out double u, out double v))
                    continue;
                double weight = shape.Weight(u, v);
                double byWeight = 0;
                for (int k = 0; k < colours; k++)
                {
                    byColour[k] += weight * upstream[pixel * colours + k];
                    byWeight += shape.Colours[k] * upstream[pixel * colours + k];
                }

                double t = weight * byWeight / complement;
                double form = u * u - 2 * shape.Rho * u * v + v * v;
                byX += t * (u - shape.Rho * v) / shape.SigmaX;
                byY += t * (v - shape.Rho * u) / shape.SigmaY;
                bySigmaX += t * (u - shape.Rho * v) * u / shape.SigmaX;
                bySigmaY += t * (v - shape.Rho * u) * v / shape.SigmaY;
                byRho += t * (u * v - shape.Rho * form / complement);
            }

            Chain(row, bySigmaX, bySigmaY, byRho, byX, byY, byColour, gradient.AsSpan(i, Columns));
        }

        return gradient;
    }

    private void Chain(
        ReadOnlySpan<double> row, double bySigmaX, double bySigmaY, double byRho, double byX, double byY, ReadOnlySpan<double> byColour,
        Span<double> gradient)
    {
        if (!_raw)
        {
            gradient[0] = bySigmaX * settings.Scale;
            gradient[1] = bySigmaY * ScaleY;
            gradient[2] = byRho;
            gradient[3] = byX * settings.CanvasWidth;
            gradient[4] = byY * settings.CanvasHeight;
            byColour[..colours].CopyTo(gradient[5..]);
            return;
        }

        gradient[0] = bySigmaY * 0.99999 * ScaleY / 1.2 * SigmoidSlope(row[0]);
        gradient[1] = bySigmaX * 0.99999 * settings.Scale / 1.2 * SigmoidSlope(row[1]);
        gradient[2] = byRho * 0.999999 / Math.Pow(Math.Cosh(row[2]), 2);
        for (int k = 0; k < 3; k++)
        {
            gradient[3] += byColour[k] * Sigmoid(row[4 + k]) * SigmoidSlope(row[3]);
            gradient[4 + k] = byColour[k] * SigmoidSlope(row[4 + k]) * Sigmoid(row[3]);
        }

        gradient[7] = byX * settings.CanvasWidth;
        gradient[8] = byY * settings.CanvasHeight;
    }

    private Shape Activate(ReadOnlySpan<double> row)
    {
        var shape = new Shape();
        if (_raw)
        {
            shape.SigmaX = (0.99999 * Sigmoid(row[1]) + 1e-6) * settings.Scale / 1.2;
            shape.SigmaY = (0.99999 * Sigmoid(row[0]) + 1e-6) * ScaleY / 1.2;
            shape.Rho = 0.999999 * Math.Tanh(row[2]);
            shape.X = row[7] * settings.CanvasWidth - 0.5;
            shape.Y = row[8] * settings.CanvasHeight - 0.5;
            for (int k = 0; k < 3; k++)
                shape.Colours[k] = Sigmoid(row[4 + k]) * Sigmoid(row[3]);
            return shape;
        }

        shape.SigmaX = row[0] * settings.Scale;
        shape.SigmaY = row[1] * ScaleY;
        shape.Rho = row[2];
        shape.X = row[3] * settings.CanvasWidth - 0.5;
        shape.Y = row[4] * settings.CanvasHeight - 0.5;
        row[5..].CopyTo(shape.Colours);
        return shape;
    }

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    private static double SigmoidSlope(double x) => Sigmoid(x) * Sigmoid(-x);

    private sealed class Shape
    {
        public double SigmaX;
        public double SigmaY;
        public double Rho;
        public double X;
        public double Y;
        public readonly double[] Colours = new double[4];

        public bool Reaches(in RasterSettings settings, int column, int row, out double u, out double v)
        {
            double dx = settings.ViewportLeft + column - X;
            double dy = settings.ViewportTop + row - Y;
            u = dx / SigmaX;
            v = dy / SigmaY;
            return Math.Abs(dx) <= Math.Max(settings.DMax * (settings.CanvasWidth - 1) / 2, settings.LeastReach * settings.Scale)
                && Math.Abs(dy) <= Math.Max(settings.DMax * (settings.CanvasHeight - 1) / 2, settings.LeastReach * (settings.ScaleY ?? settings.Scale));
        }

        public double Weight(double u, double v) => Math.Exp(-0.5 / (1 - Rho * Rho) * (u * u - 2 * Rho * u * v + v * v));
    }
}
