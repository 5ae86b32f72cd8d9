using System.Collections.Frozen;
using Gsasr.Imaging;

namespace Gsasr.Cli.Upscaling;

/// <summary>The formats that can be written, by their extensions.</summary>
internal static class OutputFormats
{
    /// <summary>The extensions as words of a sentence.</summary>
    public const string Names = "png, jpg, jpeg, webp, tif, tiff, bmp, tga, ppm, pgm or pnm";

    /// <summary>The extensions, without their dots.</summary>
    public static FrozenSet<string> Extensions { get; } =
        Names.Replace(" or ", ", ", StringComparison.Ordinal).Split(", ").ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether a picture with this extension can be written.</summary>
    /// <param name="extension">The extension, with its dot or without.</param>
    public static bool IsKnown(string extension) => Extensions.Contains(extension.TrimStart('.'));

    /// <summary>Whether an extension is that of WebP.</summary>
    /// <param name="extension">The extension, with its dot or without.</param>
    public static bool IsWebP(string extension) => extension.TrimStart('.').Equals("webp", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether an extension is that of PGM, which holds greys.</summary>
    /// <param name="extension">The extension without its dot.</param>
    public static bool IsPgm(string extension) => extension.Equals("pgm", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a quality can be chosen.</summary>
    /// <param name="extension">A known extension, with its dot or without.</param>
    public static bool HasQuality(string extension) => FormatOf(extension.TrimStart('.')) is ImageFormat.Jpeg or ImageFormat.WebP;

    /// <summary>The format of an extension.</summary>
    /// <param name="extension">The extension without its dot.</param>
    /// <exception cref="ImageFormatException">No picture can be written so.</exception>
    public static ImageFormat FormatOf(string extension) => ImageFile.FormatFromExtension("." + extension);

    /// <summary>The extension of an output if only its input decides: the input's own, or png if that cannot be written.</summary>
    /// <param name="input">The input.</param>
    public static string ExtensionFor(InputFile input)
    {
        string extension = Path.GetExtension(input.Path);
        return IsKnown(extension) ? extension[1..] : "png";
    }

    /// <summary>Refuses colours for .pgm, which has only greys: the file would be a .ppm, and puzzle whoever opens it.</summary>
    /// <param name="extension">The extension of the output, without its dot.</param>
    /// <param name="layout">The channels of the picture.</param>
    /// <param name="areKnown">Whether it has been found out that an RGB picture has colours.</param>
    /// <exception cref="ImageFormatException">It is pgm, and the picture has colours.</exception>
    public static void CheckColours(string extension, ChannelLayout layout, bool areKnown)
    {
        if (IsPgm(extension) && !layout.IsGrey())
        {
            throw new ImageFormatException(areKnown
                ? "PGM holds greys, and the image has colours: write a PPM or PNG."
                : "PGM holds greys, and the image is stored in colours: write a PPM or PNG or, if there are only greys in it, use --keep-grey.");
        }
    }
}
