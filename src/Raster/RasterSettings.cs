using System.Globalization;

namespace Gsasr.Raster;

/// <summary>
/// What is drawn. The canvas is the whole output image that a field of Gaussians describes, the viewport is the part of it that is wanted.
/// The viewport has the size of the image that is drawn into.
/// </summary>
/// <param name="CanvasWidth">
/// Width of the canvas in pixels, above 0 and up to <see cref="MaximumCanvas"/>; need not be whole. It is a float because that is what
/// every device computes with.
/// </param>
/// <param name="CanvasHeight">Height of the canvas in pixels, likewise.</param>
/// <param name="Scale">
/// Canvas columns per low-resolution pixel, 0.0001 to 10000; a raw Gaussian's horizontal standard deviation is below Scale / 1.2 pixels.
/// </param>
/// <param name="DMax">
/// The paper's ratio r, 0 or more: a Gaussian reaches the pixels at most r * (CanvasWidth - 1) / 2 columns and
/// r * (CanvasHeight - 1) / 2 rows from its centre.
/// </param>
/// <param name="ViewportLeft">Canvas coordinate of the viewport's first column; need not be whole nor inside the canvas.</param>
/// <param name="ViewportTop">Canvas coordinate of the viewport's first row; need not be whole nor inside the canvas.</param>
/// <param name="ScaleY">Canvas rows per low-resolution pixel, for vertical standard deviations; null if it equals Scale.</param>
/// <param name="LeastReach">Every Gaussian reaches at least so many low-resolution pixels, 0 or more, even if DMax says less.</param>
internal readonly record struct RasterSettings(
    float CanvasWidth,
    float CanvasHeight,
    double Scale,
    double DMax = 0.1,
    double ViewportLeft = 0,
    double ViewportTop = 0,
    double? ScaleY = null,
    double LeastReach = 0)
{
    /// <summary>The largest canvas in either direction: every whole number up to it is a float.</summary>
    public const int MaximumCanvas = 1 << 24;

    /// <summary>What the columns of the Gaussians mean.</summary>
    public GaussianLayout Layout { get; init; }

    /// <summary>Half the width of the box of a Gaussian, in pixels.</summary>
    internal double BoxX => Math.Max(DMax * (CanvasWidth - 1) / 2, LeastReach * Scale);

    /// <summary>Half the height of the box of a Gaussian, in pixels.</summary>
    internal double BoxY => Math.Max(DMax * (CanvasHeight - 1) / 2, LeastReach * (ScaleY ?? Scale));

    /// <summary>Columns per unit of an activated sigma.</summary>
    internal double SigmaUnitX => Layout == GaussianLayout.Raw ? Scale / SigmaDivisor : Scale;

    /// <summary>Rows per unit of an activated sigma.</summary>
    internal double SigmaUnitY => Layout == GaussianLayout.Raw ? (ScaleY ?? Scale) / SigmaDivisor : ScaleY ?? Scale;

    // The published code divides every sigma by this. The sigmas of activated Gaussians are in units of a scale.
    private const double SigmaDivisor = 1.2;
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
        CheckScale(nameof(Scale), Scale);
        CheckScale(nameof(ScaleY), ScaleY ?? Scale);
        if (!(DMax >= 0) || double.IsInfinity(DMax))
            throw new ArgumentOutOfRangeException(nameof(DMax), DMax, "The ratio dmax is a finite number of 0 or more.");
        if (!(LeastReach >= 0) || double.IsInfinity(LeastReach))
            throw new ArgumentOutOfRangeException(nameof(LeastReach), LeastReach, "A reach is a finite number of 0 or more.");
        CheckOffset(nameof(ViewportLeft), ViewportLeft);
        CheckOffset(nameof(ViewportTop), ViewportTop);
    }

    private static void CheckCanvas(string name, float pixels)
    {
        if (!(pixels is > 0 and <= MaximumCanvas))
            throw new ArgumentOutOfRangeException(name, pixels, $"A canvas has up to {MaximumCanvas} pixels in either direction, and more than 0.");
    }

    private static void CheckScale(string name, double scale)
    {
        if (!(scale is >= MinimumScale and <= MaximumScale))
            throw new ArgumentOutOfRangeException(name, scale, $"A scale is {Text(MinimumScale)} to {Text(MaximumScale)}.");
    }

    private static void CheckOffset(string name, double pixels)
    {
        if (!(Math.Abs(pixels) <= MaximumCanvas))
            throw new ArgumentOutOfRangeException(name, pixels, $"A viewport begins at most {MaximumCanvas} pixels from the corner.");
    }

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
}
