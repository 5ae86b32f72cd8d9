namespace Gsasr.Imaging;

/// <summary>What an image file says about its picture besides the samples.</summary>
public sealed record ImageMetadata
{
    /// <summary>No metadata at all.</summary>
    public static ImageMetadata None { get; } = new();

    /// <summary>
    /// The ICC colour profile. It is written only for the kind of channels that it was made for: a grey profile is left out of a colour
    /// file and a colour profile out of a grey one, where it would be misread.
    /// </summary>
    public byte[]? IccProfile { get; init; }

    /// <summary>
    /// The EXIF data, from its TIFF header on. After reading, its orientation is 1: the picture has been turned already.
    /// </summary>
    public byte[]? Exif { get; init; }

    /// <summary>The XMP packet, UTF-8.</summary>
    public byte[]? Xmp { get; init; }

    /// <summary>Pixels per unit of length.</summary>
    public PixelDensity? Density { get; init; }

    /// <summary>
    /// Chunks of a PNG that are kept unchanged for another PNG: text (tEXt, zTXt, iTXt) and the meaning of the colours (gAMA, cHRM, sRGB,
    /// cICP).
    /// </summary>
    public IReadOnlyList<PngChunk> PngChunks { get; init; } = [];

    /// <summary>
    /// What is still true when the picture gets another size. Where EXIF gives its size it gives the new one, and the thumbnail of the
    /// former picture is gone.
    /// </summary>
    /// <param name="width">The new picture's pixels in a row.</param>
    /// <param name="height">Its rows.</param>
    public ImageMetadata ForSize(int width, int height) =>
        Exif is null ? this : this with { Exif = ExifData.WithSize(Exif, width, height) };

    /// <summary>
    /// Only what says what the colours mean, without which they would look different; nothing about where the picture comes from.
    /// </summary>
    public ImageMetadata OfColoursOnly() =>
        new() { IccProfile = IccProfile, PngChunks = [.. PngChunks.Where(chunk => chunk.Type is "gAMA" or "cHRM" or "sRGB" or "cICP")] };
}

/// <summary>A chunk of a PNG file.</summary>
/// <param name="Type">Its four letters.</param>
/// <param name="Data">Its content.</param>
public readonly record struct PngChunk(string Type, byte[] Data);

/// <summary>Pixels per metre or, without a unit, only the shape of a pixel.</summary>
/// <param name="Horizontal">Pixels per unit along a row, at least 1.</param>
/// <param name="Vertical">Pixels per unit down a column, at least 1.</param>
/// <param name="IsPerMetre">Whether the unit is the metre; otherwise only the ratio of the two means something.</param>
public readonly record struct PixelDensity(uint Horizontal, uint Vertical, bool IsPerMetre)
{
    private const double MetresPerInch = 0.0254;

    /// <summary>The density of pixels per inch, or null if a number makes no sense.</summary>
    internal static PixelDensity? PerInch(double horizontal, double vertical)
    {
        double x = Math.Round(horizontal / MetresPerInch), y = Math.Round(vertical / MetresPerInch);
        return x >= 1 && y >= 1 && x <= uint.MaxValue && y <= uint.MaxValue ? new PixelDensity((uint)x, (uint)y, true) : null;
    }
}
