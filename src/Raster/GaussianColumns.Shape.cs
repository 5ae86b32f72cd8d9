namespace Gsasr.Raster;

/// <summary>The columns of a Gaussian in <c>GaussianLayout.Activated</c>.</summary>
internal static class GaussianColumns
{
    /// <summary>Standard deviation along x.</summary>
    public const int SigmaX = 0;

    /// <summary>Standard deviation along y.</summary>
    public const int SigmaY = 1;

    /// <summary>The correlation of x and y.</summary>
    public const int Rho = 2;

    /// <summary>Centre along x, with [0, 1] spanning the canvas.</summary>
    public const int MeanX = 3;

    /// <summary>Centre along y, with [0, 1] spanning the canvas.</summary>
    public const int MeanY = 4;

    /// <summary>The first of one to four colours.</summary>
    public const int FirstColour = 5;
}
