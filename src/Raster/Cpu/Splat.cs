namespace Gsasr.Raster.Cpu;

/// <summary>
/// A Gaussian ready to be drawn, one cache line. With dx, dy the distance of a pixel from (X, Y), its weight there is
/// 2^-(a^2 + b^2), a = (dx - Slope * dy) * Normal and b = dy * InverseSigmaY: the quadratic form written as two squares,
/// so that a thin ellipse (rho near 1 or -1) loses nothing to cancellation. A row's pixels are centred on X + Slope * dy.
/// </summary>
internal struct Splat
{
    /// <summary>Column of the centre, in canvas pixels counted from the viewport's fraction of a pixel.</summary>
    public double X;

    /// <summary>Row of the centre, likewise.</summary>
    public double Y;

    /// <summary>Columns that the ellipse's ridge moves per row: rho * sigmaX / sigmaY.</summary>
    public double Slope;

    /// <summary>sqrt(log2(e) / 2) / (sigmaX * sqrt(1 - rho^2)).</summary>
    public float Normal;

    /// <summary>1 / Normal.</summary>
    public float InverseNormal;

    /// <summary>sqrt(log2(e) / 2) / sigmaY.</summary>
    public float InverseSigmaY;

    /// <summary>Colour times opacity.</summary>
    public float Red;

    /// <summary>Colour times opacity.</summary>
    public float Green;

    /// <summary>Colour times opacity.</summary>
    public float Blue;

    /// <summary>The first column of the viewport that it can touch.</summary>
    public int Left;

    /// <summary>The first column after those that it can touch.</summary>
    public int Right;

    /// <summary>The first row of the viewport that it can touch.</summary>
    public int Top;

    /// <summary>The first row after those that it can touch.</summary>
    public int Bottom;
}
