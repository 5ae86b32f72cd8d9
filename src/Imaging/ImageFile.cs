using Gsasr.Imaging.Formats;
using Gsasr.Tensors.Files;

namespace Gsasr.Imaging;

/// <summary>Reads and writes image files. All members may be called from several threads at once.</summary>
public static class ImageFile
{
    private const int ProbeLength = TgaFile.HeaderLength;
    private const string Readable = "PNG, JPEG, WebP, TIFF, BMP, GIF, TGA, PBM, PGM and PPM can be read.";
    private const string Extensions = ".png, .jpg, .jpeg, .webp, .tif, .tiff, .bmp, .tga, .ppm, .pgm or .pnm";

    /// <summary>Reads an image. Its content decides the format; its name and extension do not matter.</summary>
    /// <param name="path">The file.</param>
    /// <param name="limits">What the file may ask for; null for <see cref="ImageLimits.Default"/>.</param>
    /// <exception cref="ImageFormatException">The file is no image, is damaged, above the limits, or of a kind not supported.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static Image Read(string path, ImageLimits? limits = null)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        return Read(stream, limits);
    }

    /// <summary>Reads an image from a stream's position to its end. Its content decides the format.</summary>
    /// <param name="stream">A readable stream; it need not be seekable and is left open.</param>
    /// <param name="limits">What the file may ask for; null for <see cref="ImageLimits.Default"/>.</param>
    /// <exception cref="ImageFormatException">The data are no image, are damaged, above the limits, or of a kind not supported.</exception>
    /// <exception cref="IOException">The stream cannot be read.</exception>
    public static Image Read(Stream stream, ImageLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        limits ??= ImageLimits.Default;
        // The first bytes are checked before the rest is read, so that an endless stream of something else is refused at once.
        Span<byte> start = stackalloc byte[ProbeLength];
        start = start[..stream.ReadAtLeast(start, ProbeLength, throwOnEndOfStream: false)];
        DetectFormat(start);
        return Decode(StreamContent.ReadToEnd(stream, start, limits), limits);
    }

    /// <summary>Decodes an image file that is in memory.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="limits">What the file may ask for; null for <see cref="ImageLimits.Default"/>.</param>
    /// <exception cref="ImageFormatException">The data are no image, are damaged, above the limits, or of a kind not supported.</exception>
    public static Image Decode(ReadOnlyMemory<byte> file, ImageLimits? limits = null)
    {
        limits ??= ImageLimits.Default;
        Image image = DetectFormat(file.Span) switch
        {
            ImageFormat.Png => PngFile.Decode(file, limits),
            ImageFormat.Jpeg => JpegFile.Decode(file.Span, limits),
            ImageFormat.WebP => WebPFile.Decode(file, limits),
            ImageFormat.Tiff => TiffFile.Decode(file, limits),
            ImageFormat.Bmp => BmpFile.Decode(file, limits),
            ImageFormat.Gif => GifFile.Decode(file.Span, limits),
            ImageFormat.Tga => TgaFile.Decode(file, limits),
            _ => PnmFile.Decode(file.Span, limits),
        };
        return Orientation.Apply(image);
    }

    /// <summary>Writes an image to a file, completely or not at all (<see cref="AtomicFile"/>). The extension decides the format.</summary>
    /// <param name="path">The file; its extension gives the format.</param>
    /// <param name="image">The image.</param>
    /// <param name="options">How to write it; null for <see cref="ImageWriteOptions.Default"/>.</param>
    /// <exception cref="ImageFormatException">The extension is not known, or the format cannot hold the image.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="OperationCanceledException">The options asked to stop.</exception>
    public static void Write(string path, Image image, ImageWriteOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(image);
        ImageFormat format = FormatFromExtension(path);
        CheckCanWrite(format, image.Width, image.Height, image.Layout, image.BitDepth);
        AtomicFile.Write(path, stream => Write(stream, image, format, options));
    }

    /// <summary>Writes an image to a stream.</summary>
    /// <param name="stream">A writable stream; it is left open.</param>
    /// <param name="image">The image.</param>
    /// <param name="format">The format.</param>
    /// <param name="options">How to write it; null for <see cref="ImageWriteOptions.Default"/>.</param>
    /// <exception cref="ImageFormatException">The format cannot hold the image.</exception>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    /// <exception cref="OperationCanceledException">The options asked to stop.</exception>
    public static void Write(Stream stream, Image image, ImageFormat format, ImageWriteOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(image);
        CheckCanWrite(format, image.Width, image.Height, image.Layout, image.BitDepth);
        if (!ImageWriter.IsStreaming(format))
        {
            ImageEncoding.Encode(stream, image, format, options ?? ImageWriteOptions.Default);
            return;
        }

        var header = new ImageHeader(image.Width, image.Height, image.Layout, image.BitDepth);
        ImageWriter writer = ImageWriter.Create(stream, format, header, image.Metadata, options);
        if (image.BitDepth == 8)
            writer.WriteRows(image.Samples8);
        else
            writer.WriteRows(image.Samples16);
        writer.Complete();
    }

    /// <summary>Refuses what a format cannot hold. Call it before a long computation, to find out before and not after.</summary>
    /// <param name="format">The format to be written.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="layout">The channels.</param>
    /// <param name="bitDepth">Bits in a sample, 8 or 16.</param>
    /// <exception cref="ImageFormatException">The format cannot hold such an image.</exception>
    public static void CheckCanWrite(ImageFormat format, int width, int height, ChannelLayout layout, int bitDepth)
    {
        string name = format switch
        {
            ImageFormat.Gif => throw new ImageFormatException("GIF is read, not written: write a PNG or WebP."),
            ImageFormat.Pnm => "PGM and PPM",
            _ => NameOf(format),
        };
        if (layout.HasAlpha() && !format.HoldsAlpha())
            throw new ImageFormatException($"{name} is written without alpha: write a PNG or WebP, or put the image on a background first.");
        if (bitDepth != 8 && !format.HoldsSixteenBits())
            throw new ImageFormatException($"{name} is written with 8 bits a sample: write a 16-bit image as PNG, or reduce it first.");
        int maximumSide = format switch
        {
            ImageFormat.Jpeg => 65535,
            ImageFormat.WebP => 16383,
            // The encoder stores sizes as signed 16-bit numbers.
            ImageFormat.Tga => 32767,
            _ => int.MaxValue,
        };
        if (width > maximumSide || height > maximumSide)
            throw new ImageFormatException($"{name} holds at most {maximumSide} pixels across and down, not {width} x {height}: write a PNG.");
        // For formats that keep the length of a row or of the file in 31 bits.
        long rowBytes = ((long)width * layout.ChannelCount() + 3) * (bitDepth / 8);
        if (rowBytes >= Array.MaxLength || (format is ImageFormat.Bmp or ImageFormat.Tiff && rowBytes * height >= int.MaxValue))
            throw new ImageFormatException($"{width} x {height} pixels are too many for {name}.");
    }

    /// <summary>The format that a file name asks for.</summary>
    /// <param name="path">A file name or path; upper and lower case are the same.</param>
    /// <exception cref="ImageFormatException">No format that can be written has this extension.</exception>
    public static ImageFormat FormatFromExtension(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        string extension = Path.GetExtension(path);
        return extension.ToLowerInvariant() switch
        {
            ".png" => ImageFormat.Png,
            ".jpg" or ".jpeg" => ImageFormat.Jpeg,
            ".webp" => ImageFormat.WebP,
            ".tif" or ".tiff" => ImageFormat.Tiff,
            ".bmp" => ImageFormat.Bmp,
            ".tga" => ImageFormat.Tga,
            ".ppm" or ".pgm" or ".pnm" => ImageFormat.Pnm,
            "" => throw new ImageFormatException($"'{path}' has no extension: use {Extensions}."),
            _ => throw new ImageFormatException($"'{extension}' cannot be written: use {Extensions}."),
        };
    }

    /// <summary>The format that the first bytes of a file show.</summary>
    /// <param name="start">The beginning of the file, 18 bytes or more if the file has them.</param>
    /// <exception cref="ImageFormatException">
    /// No format that can be read begins with these bytes; if the format is known, the message names it.
    /// </exception>
    public static ImageFormat DetectFormat(ReadOnlySpan<byte> start)
    {
        if (start.IsEmpty)
            throw new ImageFormatException("The file is empty.");
        if (start.StartsWith(PngFile.Signature))
            return ImageFormat.Png;
        if (start.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8]))
            return ImageFormat.Jpeg;
        if (start.Length >= 12 && start.StartsWith("RIFF"u8) && start[8..].StartsWith("WEBP"u8))
            return ImageFormat.WebP;
        if (start.StartsWith("II*\0"u8) || start.StartsWith("MM\0*"u8))
            return ImageFormat.Tiff;
        if (start.StartsWith("GIF87a"u8) || start.StartsWith("GIF89a"u8))
            return ImageFormat.Gif;
        if (start.StartsWith("BM"u8))
            return ImageFormat.Bmp;
        if (start.Length >= 3 && start[0] == 'P' && start[1] is >= (byte)'1' and <= (byte)'6' && (PnmFile.IsSpace(start[2]) || start[2] == '#'))
            return ImageFormat.Pnm;
        if (TgaFile.MayBe(start))
            return ImageFormat.Tga;
        string what = OtherFormat(start) is { } name
            ? $"The file is {name}, which is not supported"
            : "The file is not an image of a known format";
        throw new ImageFormatException($"{what}: {Readable}");
    }

    private static string NameOf(ImageFormat format) => format == ImageFormat.WebP ? "WebP" : format.ToString().ToUpperInvariant();

    private static string? OtherFormat(ReadOnlySpan<byte> start)
    {
        if (start.Length >= 12 && start[4..].StartsWith("ftyp"u8))
            return "an AVIF, HEIC or video";
        if (start.StartsWith("\0\0\0\fJXL "u8) || start.StartsWith((ReadOnlySpan<byte>)[0xFF, 0x0A]))
            return "a JPEG XL";
        if (start.StartsWith("\0\0\0\fjP  "u8))
            return "a JPEG 2000";
        if (start.StartsWith("II+\0"u8) || start.StartsWith("MM\0+"u8))
            return "a BigTIFF";
        return start.StartsWith("P7"u8) ? "a P7 portable any-map" : null;
    }
}
