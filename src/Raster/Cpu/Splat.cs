namespace Gsasr.Raster.Cpu;

/// <summary>
/// A Gaussian ready to be drawn, one cache line. If a pixel's distance from (X, Y) is (dx, dy), the weight there is 2^-(a^2 + b^2), a = (dx
/// - Slope * dy) * Normal and b = dy * InverseSigmaY. The quadratic form is written as two squares, so that no digits cancel in a thin
/// ellipse (rho near 1 or -1). A row's pixels are centred on X + Slope * dy.
/// </summary>
internal unsafe struct Splat
{
    /// <summary>Column of the centre, in canvas pixels counted from the viewport's fraction of a pixel.</summary>
    public double X;

    /// <summary>Row of the centre, likewise.</summary>
    public double Y;

    /// <summary>Columns that the ellipse's ridge moves per row: rho * sigmaX / sigmaY.</summary>
    public double Slope;

    /// <summary>sqrt(log2(e) / 2) / (sigmaX * sqrt(1 - rho^2)).</summary>
    public float Normal;

    /// <summary>sqrt(log2(e) / 2) / sigmaY.</summary>
    public float InverseSigmaY;

    /// <summary>What is added to each channel at the centre.</summary>
    public fixed float Colours[ActivatedGaussian.MaximumColours];

    /// <summary>The first column of the viewport that it can touch.</summary>
    public int Left;

    /// <summary>The first column after those that it can touch.</summary>
    public int Right;

    /// <summary>The first row of the viewport that it can touch.</summary>
    public int Top;

    /// <summary>The first row after those that it can touch.</summary>
    public int Bottom;

    /// <summary>Standard deviations per unit of a and b, sqrt(2 / log2(e)).</summary>
    public const double DeviationsPerUnit = 1 / UnitsPerDeviation;

    private const double UnitsPerDeviation = 0.84932180028801904272;

    // Larger than any Gaussian on a canvas needs; a distance times this is still a float.
    private const double Narrowest = 1e30;

    /// <summary>Makes a splat.</summary>
    /// <param name="gaussian">What is drawn.</param>
    /// <param name="viewport">Where it is drawn.</param>
    /// <param name="splat">The splat, if it touches the viewport.</param>
    /// <returns>Whether it touches the viewport.</returns>
    public static bool TryCreate(in ActivatedGaussian gaussian, in Viewport viewport, out Splat splat)
    {
        splat = default;
        splat.X = gaussian.X;
        splat.Y = gaussian.Y;
        double reachX = Math.Min(viewport.BoxX, Viewport.Reach * gaussian.SigmaX);
        double reachY = Math.Min(viewport.BoxY, Viewport.Reach * gaussian.SigmaY);
        double left = Math.Max(viewport.Left, Math.Ceiling(splat.X - reachX));
        double right = Math.Min((double)viewport.Left + viewport.Width, Math.Floor(splat.X + reachX) + 1);
        double top = Math.Max(viewport.Top, Math.Ceiling(splat.Y - reachY));
        double bottom = Math.Min((double)viewport.Top + viewport.Height, Math.Floor(splat.Y + reachY) + 1);
        if (left >= right || top >= bottom)
            return false;
        splat.Left = (int)left;
        splat.Right = (int)right;
        splat.Top = (int)top;
        splat.Bottom = (int)bottom;

        double width = gaussian.SigmaX * Math.Sqrt(gaussian.Complement * (2 - gaussian.Complement));
        splat.Slope = gaussian.Rho * (gaussian.SigmaX / gaussian.SigmaY);
        splat.Normal = (float)Math.Min(UnitsPerDeviation / width, Narrowest);
        splat.InverseSigmaY = (float)Math.Min(UnitsPerDeviation / gaussian.SigmaY, Narrowest);
        for (int k = 0; k < ActivatedGaussian.MaximumColours; k++)
            splat.Colours[k] = (float)gaussian.Colours[k];
        return true;
    }
}
