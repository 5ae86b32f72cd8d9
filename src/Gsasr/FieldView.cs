using System.Globalization;

namespace Gsasr;

/// <summary>Which part of a <see cref="GaussianField"/> is drawn, and onto how many pixels; the part is stretched to exactly these.</summary>
/// <param name="Left">The part's left edge, in pixels of the described image; need not be whole nor inside it.</param>
/// <param name="Top">The part's top edge, likewise.</param>
/// <param name="Width">Columns of the part, in pixels of the described image, above 0.</param>
/// <param name="Height">Rows of the part, likewise.</param>
/// <param name="OutputWidth">Columns to draw, at least 1.</param>
/// <param name="OutputHeight">Rows to draw, at least 1.</param>
public readonly record struct FieldView(double Left, double Top, double Width, double Height, int OutputWidth, int OutputHeight)
{
    /// <summary>The least magnification, in drawn pixels per pixel of the described image.</summary>
    public const double MinimumMagnification = 0.01;

    /// <summary>The largest magnification.</summary>
    public const double MaximumMagnification = 256;

    private const double FarthestEdge = 1 << 24;

    /// <summary>A part at a magnification: the output has floor(magnification * size) pixels, as an upscaled image has.</summary>
    /// <param name="left">The part's left edge, in pixels of the described image.</param>
    /// <param name="top">The part's top edge.</param>
    /// <param name="width">Columns of the part.</param>
    /// <param name="height">Rows of the part.</param>
    /// <param name="magnification">Drawn pixels per pixel of the described image.</param>
    /// <exception cref="ArgumentOutOfRangeException">The output has no pixels, or more than can be.</exception>
    public static FieldView At(double left, double top, double width, double height, double magnification)
    {
        double outputWidth = Math.Floor(magnification * width);
        double outputHeight = Math.Floor(magnification * height);
        if (!(outputWidth >= 1 && outputHeight >= 1 && outputWidth * outputHeight * 4 <= int.MaxValue))
        {
            throw new ArgumentOutOfRangeException(
                nameof(magnification),
                magnification,
                Invariant($"{outputWidth} x {outputHeight} pixels cannot be drawn; an image has at least one and at most {int.MaxValue / 4}."));
        }

        return new FieldView(left, top, width, height, (int)outputWidth, (int)outputHeight);
    }

    /// <summary>Checks every value's range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range or not a number.</exception>
    internal void Validate()
    {
        Check(nameof(Left), Left, Math.Abs(Left) <= FarthestEdge);
        Check(nameof(Top), Top, Math.Abs(Top) <= FarthestEdge);
        Check(nameof(Width), Width, Width is > 0 and <= FarthestEdge);
        Check(nameof(Height), Height, Height is > 0 and <= FarthestEdge);
        Check(nameof(OutputWidth), OutputWidth, OutputWidth >= 1);
        Check(nameof(OutputHeight), OutputHeight, OutputHeight >= 1 && (long)OutputWidth * OutputHeight * 4 <= int.MaxValue);
        CheckMagnification(OutputWidth / Width);
        CheckMagnification(OutputHeight / Height);
    }

    private static void Check(string name, double value, bool isInRange)
    {
        if (!isInRange)
            throw new ArgumentOutOfRangeException(name, value, $"A view cannot have this {name}; sizes are above 0, edges are numbers, and an image has at most {int.MaxValue / 4} pixels.");
    }

    private static void CheckMagnification(double magnification)
    {
        if (!(magnification is >= MinimumMagnification and <= MaximumMagnification))
        {
            throw new ArgumentOutOfRangeException(
                nameof(magnification),
                magnification,
                Invariant($"A magnification is {MinimumMagnification} to {MaximumMagnification} drawn pixels per pixel of the described image; this is {magnification:0.####}."));
        }
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
