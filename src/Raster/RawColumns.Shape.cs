namespace Gsasr.Raster;

/// <summary>The columns of a Gaussian in <c>GaussianLayout.Raw</c>. The published code crosses the two sigmas.</summary>
internal static class RawColumns
{
    public const int SigmaY = 0;
    public const int SigmaX = 1;
    public const int Rho = 2;
    public const int Alpha = 3;
    public const int FirstColour = 4;
    public const int MeanX = 7;
    public const int MeanY = 8;
    public const int MeanXRemainder = 9;
    public const int MeanYRemainder = 10;
}
