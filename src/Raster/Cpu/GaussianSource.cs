using System.Numerics.Tensors;
using Gsasr.Tensors;

namespace Gsasr.Raster.Cpu;

/// <summary>
/// The numbers that Gaussians are made from, and the only place on the processor where they are activated: forward and backward pass take
/// values and derivatives from here. Everything is computed in double precision, because near rho = 1 or -1 the width of an ellipse depends
/// on the last bits of rho and of the sigmas.
/// </summary>
internal unsafe struct GaussianSource
{
    /// <summary>Exponentials that <see cref="Activate"/> needs for each raw Gaussian.</summary>
    public const int Exponentials = 7;

    /// <summary>[Count, Pitch].</summary>
    public float* Gaussians;
    public int Pitch;
    public int Count;
    public GaussianLayout Layout;

    /// <summary>Columns in use.</summary>
    public int Columns;

    /// <summary>Colours of each Gaussian.</summary>
    public int Colours;
    public Viewport Viewport;

    // Constants of the published activations: sigma = SigmaGain * sigmoid + SigmaFloor, rho = RhoGain * tanh.
    private const double SigmaGain = 0.99999;
    private const double SigmaFloor = 1e-6;
    private const double RhoGain = 0.999999;

    /// <summary>Columns of a gradient. What float32 left out of the means has no gradient of its own.</summary>
    public readonly int GradientColumns => Math.Min(Columns, GaussianFormat.Raw.PublishedColumns);

    /// <summary>The row of numbers of one Gaussian.</summary>
    /// <param name="index">The Gaussian.</param>
    public readonly float* Row(int index) => Gaussians + (long)index * Pitch;

    /// <summary>Whether all numbers are finite and, of activated Gaussians, within their ranges.</summary>
    /// <param name="row">The Gaussian.</param>
    public readonly bool IsValid(float* row)
    {
        float sum = 0;
        for (int k = 0; k < Columns; k++)
            sum += row[k] * 0;
        if (sum != 0)
            return false;
        return Layout == GaussianLayout.Raw
            || (row[GaussianFormat.Activated.SigmaX] > 0 && row[GaussianFormat.Activated.SigmaY] > 0 && Math.Abs(row[GaussianFormat.Activated.Rho]) < 1);
    }

    /// <summary>Whether the widest Gaussian at this centre would touch the viewport. If not, the Gaussian need not be activated.</summary>
    /// <param name="row">The Gaussian.</param>
    public readonly bool CanReachViewport(float* row)
    {
        bool raw = Layout == GaussianLayout.Raw;
        double widest = raw ? SigmaGain + SigmaFloor : row[GaussianFormat.Activated.SigmaX];
        double tallest = raw ? SigmaGain + SigmaFloor : row[GaussianFormat.Activated.SigmaY];
        double reachX = widest * Viewport.SigmaUnitX * Viewport.Reach;
        double reachY = tallest * Viewport.SigmaUnitY * Viewport.Reach;
        double x = CentreX(row) - Viewport.Left;
        double y = CentreY(row) - Viewport.Top;
        return x >= -reachX && x <= Viewport.Width - 1 + reachX && y >= -reachY && y <= Viewport.Height - 1 + reachY;
    }

    /// <summary>Computes what <see cref="Activate"/> needs for several Gaussians at once.</summary>
    /// <param name="rows">The Gaussians.</param>
    /// <param name="count">How many.</param>
    /// <param name="exponentials">Receives [count, <see cref="Exponentials"/>] numbers, of raw Gaussians.</param>
    public readonly void ComputeExponentials(float** rows, int count, double* exponentials)
    {
        if (Layout != GaussianLayout.Raw)
            return;
        for (int i = 0; i < count; i++)
        {
            for (int k = 0; k < Exponentials; k++)
                exponentials[i * Exponentials + k] = k == GaussianFormat.Raw.Rho ? -2 * Math.Abs((double)rows[i][k]) : -(double)rows[i][k];
        }

        var arguments = new Span<double>(exponentials, count * Exponentials);
        TensorPrimitives.Exp(arguments, arguments);
    }

    /// <summary>Values and derivatives of one Gaussian.</summary>
    /// <param name="row">A valid Gaussian.</param>
    /// <param name="exponentials">Its exponentials, if it is a raw one.</param>
    /// <param name="gaussian">What is drawn.</param>
    public readonly void Activate(float* row, double* exponentials, out ActivatedGaussian gaussian)
    {
        gaussian = default;
        gaussian.X = CentreX(row);
        gaussian.Y = CentreY(row);
        double unitX = Viewport.SigmaUnitX;
        double unitY = Viewport.SigmaUnitY;
        if (Layout == GaussianLayout.Activated)
        {
            gaussian.SigmaX = row[GaussianFormat.Activated.SigmaX] * unitX;
            gaussian.SigmaY = row[GaussianFormat.Activated.SigmaY] * unitY;
            gaussian.SigmaXSlope = unitX;
            gaussian.SigmaYSlope = unitY;
            gaussian.Rho = row[GaussianFormat.Activated.Rho];
            gaussian.Complement = 1 - Math.Abs(gaussian.Rho);
            gaussian.RhoSlope = 1;
            for (int k = 0; k < Colours; k++)
            {
                gaussian.Colours[k] = row[GaussianFormat.Activated.FirstColour + k];
                gaussian.ColourSlopes[k] = 1;
            }

            return;
        }

        // The published code crosses the two sigmas: the first column belongs to y.
        double sigmoidX = 1 / (1 + exponentials[GaussianFormat.Raw.SigmaX]);
        double sigmoidY = 1 / (1 + exponentials[GaussianFormat.Raw.SigmaY]);
        gaussian.SigmaX = (SigmaGain / (1 + exponentials[GaussianFormat.Raw.SigmaX]) + SigmaFloor) * unitX;
        gaussian.SigmaY = (SigmaGain / (1 + exponentials[GaussianFormat.Raw.SigmaY]) + SigmaFloor) * unitY;
        gaussian.SigmaXSlope = SigmaGain * sigmoidX * (1 - sigmoidX) * unitX;
        gaussian.SigmaYSlope = SigmaGain * sigmoidY * (1 - sigmoidY) * unitY;

        // With e = exp(-2|t|), 1 - |rho| = 1 - gain * tanh|t| is a sum of positive terms: nothing cancels.
        double e = exponentials[GaussianFormat.Raw.Rho];
        gaussian.Complement = (1 - RhoGain) + RhoGain * (2 * e / (1 + e));
        gaussian.Rho = Math.CopySign(1 - gaussian.Complement, row[GaussianFormat.Raw.Rho]);
        gaussian.RhoSlope = RhoGain * 4 * e / ((1 + e) * (1 + e));

        double opacity = 1 / (1 + exponentials[GaussianFormat.Raw.Alpha]);
        for (int k = 0; k < Colours; k++)
        {
            double sigmoid = 1 / (1 + exponentials[GaussianFormat.Raw.FirstColour + k]);
            gaussian.Colours[k] = opacity / (1 + exponentials[GaussianFormat.Raw.FirstColour + k]);
            gaussian.ColourSlopes[k] = opacity * sigmoid * (1 - sigmoid);
            gaussian.OpacitySlopes[k] = opacity * (1 - opacity) * sigmoid;
        }
    }

    /// <summary>Turns the sums over a Gaussian's pixels into the gradient of the numbers that it was made from.</summary>
    /// <param name="gaussian">The Gaussian.</param>
    /// <param name="moments">The sums.</param>
    /// <param name="gradient">Receives <see cref="GradientColumns"/> numbers.</param>
    public readonly void WriteGradient(in ActivatedGaussian gaussian, in SplatMoments moments, float* gradient)
    {
        // The weight is exp(-(A^2 + B^2) / 2) with A = (dx - slope dy) / (sigmaX root), B = dy / sigmaY, slope = rho sigmaX / sigmaY and
        // root = sqrt(1 - rho^2). With t the upstream gradient times colour and weight, a change of A or B adds -t (A dA + B dB).
        double square = gaussian.Complement * (2 - gaussian.Complement);
        double root = Math.Sqrt(square);
        double sumA = moments.A * Splat.DeviationsPerUnit;
        double sumB = moments.B * Splat.DeviationsPerUnit;
        double sumAA = moments.AA * (Splat.DeviationsPerUnit * Splat.DeviationsPerUnit);
        double sumAB = moments.AB * (Splat.DeviationsPerUnit * Splat.DeviationsPerUnit);
        double sumBB = moments.BB * (Splat.DeviationsPerUnit * Splat.DeviationsPerUnit);
        double tilt = gaussian.Rho / root;
        double byX = sumA / (gaussian.SigmaX * root);
        double byY = (sumB - tilt * sumA) / gaussian.SigmaY;
        double bySigmaX = (sumAA + tilt * sumAB) / gaussian.SigmaX * gaussian.SigmaXSlope;
        double bySigmaY = (sumBB - tilt * sumAB) / gaussian.SigmaY * gaussian.SigmaYSlope;
        double byRho = (sumAB / root - gaussian.Rho / square * sumAA) * gaussian.RhoSlope;
        bool raw = Layout == GaussianLayout.Raw;
        gradient[raw ? GaussianFormat.Raw.SigmaX : GaussianFormat.Activated.SigmaX] = (float)bySigmaX;
        gradient[raw ? GaussianFormat.Raw.SigmaY : GaussianFormat.Activated.SigmaY] = (float)bySigmaY;
        gradient[raw ? GaussianFormat.Raw.Rho : GaussianFormat.Activated.Rho] = (float)byRho;
        gradient[raw ? GaussianFormat.Raw.MeanX : GaussianFormat.Activated.MeanX] = (float)(byX * Viewport.CanvasWidth);
        gradient[raw ? GaussianFormat.Raw.MeanY : GaussianFormat.Activated.MeanY] = (float)(byY * Viewport.CanvasHeight);
        float* colours = gradient + (raw ? GaussianFormat.Raw.FirstColour : GaussianFormat.Activated.FirstColour);
        double byOpacity = 0;
        for (int k = 0; k < Colours; k++)
        {
            colours[k] = (float)(moments.Colours[k] * gaussian.ColourSlopes[k]);
            byOpacity += moments.Colours[k] * gaussian.OpacitySlopes[k];
        }

        if (raw)
            gradient[GaussianFormat.Raw.Alpha] = (float)byOpacity;
    }

    private readonly bool HasRemainders => Columns == GaussianFormat.Raw.Columns;

    private readonly double CentreX(float* row)
    {
        double mean = Layout == GaussianLayout.Activated ? row[GaussianFormat.Activated.MeanX] : row[GaussianFormat.Raw.MeanX];
        if (HasRemainders)
            mean += row[GaussianFormat.Raw.MeanXRemainder];
        return mean * Viewport.CanvasWidth - Viewport.OriginX;
    }

    private readonly double CentreY(float* row)
    {
        double mean = Layout == GaussianLayout.Activated ? row[GaussianFormat.Activated.MeanY] : row[GaussianFormat.Raw.MeanY];
        if (HasRemainders)
            mean += row[GaussianFormat.Raw.MeanYRemainder];
        return mean * Viewport.CanvasHeight - Viewport.OriginY;
    }
}
