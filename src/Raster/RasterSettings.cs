using System.Globalization;

namespace Gsasr.Raster;

/// <summary>
/// What is drawn: the canvas is the whole output image that a field of Gaussians describes, the viewport the part of it
/// that is wanted. The viewport's size is that of the image drawn into.
/// </summary>
/// <param name="CanvasWidth">Width of the canvas in pixels, 1 to <see cref="MaximumCanvas"/>.</param>
/// <param name="CanvasHeight">Height of the canvas in pixels, 1 to <see cref="MaximumCanvas"/>.</param>
/// <param name="Scale">
/// Canvas pixels per low-resolution pixel, 0.0001 to 10000; a raw Gaussian's standard deviation is below Scale / 1.2 pixels.
/// </param>
/// <param name="DMax">
/// The paper's ratio r, 0 or more: a Gaussian reaches the pixels at most r * (CanvasWidth - 1) / 2 columns and
/// r * (CanvasHeight - 1) / 2 rows from its centre.
/// </param>
/// <param name="ViewportLeft">Canvas coordinate of the viewport's first column; need not be whole nor inside the canvas.</param>
/// <param name="ViewportTop">Canvas coordinate of the viewport's first row; need not be whole nor inside the canvas.</param>
public readonly record struct RasterSettings(
    int CanvasWidth, int CanvasHeight, double Scale, double DMax = 0.1, double ViewportLeft = 0, double ViewportTop = 0)
{
    /// <summary>The largest canvas in either direction: every whole number up to it is a float.</summary>
    public const int MaximumCanvas = 1 << 24;

    /// <summary>What the columns of the Gaussians mean.</summary>
    public GaussianLayout Layout { get; init; }

    private const double MinimumScale = 1e-4;
    private const double MaximumScale = 1e4;

    /// <summary>Checks every value's range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range or not a number.</exception>
    internal void Validate()
    {
        if (!Enum.IsDefined(Layout))
            throw new ArgumentOutOfRangeException(nameof(Layout), Layout, "There is no such layout of Gaussians.");
        CheckCanvas(nameof(CanvasWidth), CanvasWidth);
        CheckCanvas(nameof(CanvasHeight), CanvasHeight);
        if (!(Scale is >= MinimumScale and <= MaximumScale))
            throw new ArgumentOutOfRangeException(nameof(Scale), Scale, $"A scale is {Text(MinimumScale)} to {Text(MaximumScale)}.");
        if (!(DMax >= 0) || double.IsInfinity(DMax))
            throw new ArgumentOutOfRangeException(nameof(DMax), DMax, "The ratio dmax is a finite number of 0 or more.");
        CheckOffset(nameof(ViewportLeft), ViewportLeft);
        CheckOffset(nameof(ViewportTop), ViewportTop);
    }

    private static void CheckCanvas(string name, int pixels)
    {
        if (pixels is < 1 or > MaximumCanvas)
            throw new ArgumentOutOfRangeException(name, pixels, $"A canvas has 1 to {MaximumCanvas} pixels in either direction.");
    }

    private static void CheckOffset(string name, double pixels)
    {
        if (!(Math.Abs(pixels) <= MaximumCanvas))
            throw new ArgumentOutOfRangeException(name, pixels, $"A viewport begins at most {MaximumCanvas} pixels from the corner.");
    }

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
}
