using Gsasr.Imaging.Jpeg;
using Gsasr.Imaging.Png;
using Gsasr.Imaging.Pnm;

namespace Gsasr.Imaging;

/// <summary>Reads and writes image files. All members may be called from several threads at once.</summary>
public static class ImageFile
{
    private const int ProbeLength = 16;

    /// <summary>Reads an image, its format found by its content; the name and its extension play no part.</summary>
    /// <param name="path">The file.</param>
    /// <param name="limits">What the file may ask for; <see cref="ImageLimits.Default"/> where null.</param>
    /// <exception cref="ImageFormatException">The file is no image, is damaged, above the limits, or of a kind not supported.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static Image Read(string path, ImageLimits? limits = null)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        return Read(stream, limits);
    }

    /// <summary>Reads an image from where the stream stands to its end, its format found by its content.</summary>
    /// <param name="stream">A readable stream; it need not be seekable and is left open.</param>
    /// <param name="limits">What the file may ask for; <see cref="ImageLimits.Default"/> where null.</param>
    /// <exception cref="ImageFormatException">The data are no image, are damaged, above the limits, or of a kind not supported.</exception>
    /// <exception cref="IOException">The stream cannot be read.</exception>
    public static Image Read(Stream stream, ImageLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        limits ??= ImageLimits.Default;
        // The first bytes are looked at before the rest is read: an endless stream of something else is refused at once.
        Span<byte> start = stackalloc byte[ProbeLength];
        start = start[..stream.ReadAtLeast(start, ProbeLength, throwOnEndOfStream: false)];
        DetectFormat(start);
        return Decode(StreamContent.ReadToEnd(stream, start, limits), limits);
    }

    /// <summary>Decodes an image file that is in memory.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="limits">What the file may ask for; <see cref="ImageLimits.Default"/> where null.</param>
    /// <exception cref="ImageFormatException">The data are no image, are damaged, above the limits, or of a kind not supported.</exception>
    public static Image Decode(ReadOnlyMemory<byte> file, ImageLimits? limits = null)
    {
        limits ??= ImageLimits.Default;
        Image image = DetectFormat(file.Span) switch
        {
            ImageFormat.Png => PngDecoder.Decode(file, limits),
            ImageFormat.Jpeg => JpegDecoder.Decode(file.Span, limits),
            _ => PnmCodec.Decode(file.Span, limits),
        };
        return Orientation.Apply(image);
    }

    /// <summary>Writes an image to a file, whole or not at all (<see cref="AtomicFile"/>), the format given by the extension.</summary>
    /// <param name="path">The file, ending in .png, .jpg, .jpeg, .ppm, .pgm or .pnm.</param>
    /// <param name="image">The image.</param>
    /// <param name="options">How to write it; <see cref="ImageWriteOptions.Default"/> where null.</param>
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
    /// <param name="options">How to write it; <see cref="ImageWriteOptions.Default"/> where null.</param>
    /// <exception cref="ImageFormatException">The format cannot hold the image.</exception>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    /// <exception cref="OperationCanceledException">The options asked to stop.</exception>
    public static void Write(Stream stream, Image image, ImageFormat format, ImageWriteOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(image);
        options ??= ImageWriteOptions.Default;
        CheckCanWrite(format, image.Width, image.Height, image.Layout, image.BitDepth);
        if (options.Cancellation.CanBeCanceled)
            stream = new CancellableStream(stream, options.Cancellation);
        switch (format)
        {
            case ImageFormat.Png:
                PngEncoder.Encode(stream, image, options);
                break;
            case ImageFormat.Jpeg:
                JpegEncoder.Encode(stream, image, options);
                break;
            default:
                PnmCodec.Encode(stream, image);
                break;
        }
    }

    /// <summary>
    /// Refuses what a format cannot hold. Call it before a long computation to learn of it then, not when saving.
    /// </summary>
    /// <param name="format">The format to be written.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="layout">The channels.</param>
    /// <param name="bitDepth">Bits in a sample, 8 or 16.</param>
    /// <exception cref="ImageFormatException">The format cannot hold such an image.</exception>
    public static void CheckCanWrite(ImageFormat format, int width, int height, ChannelLayout layout, int bitDepth)
    {
        switch (format)
        {
            case ImageFormat.Png:
                if ((long)width * layout.ChannelCount() * (bitDepth / 8) >= Array.MaxLength)
                    throw new ImageFormatException($"A row of {width} pixels is too long to be written.");
                return;
            case ImageFormat.Jpeg:
                if (layout.HasAlpha())
                    throw new ImageFormatException("JPEG has no alpha channel: write a PNG, or put the image on a background first.");
                if (bitDepth != 8)
                    throw new ImageFormatException("JPEG has 8 bits a sample: write a 16-bit image as PNG, or reduce it first.");
                if (width > JpegEncoder.MaximumSide || height > JpegEncoder.MaximumSide)
                {
                    throw new ImageFormatException(
                        $"JPEG holds at most {JpegEncoder.MaximumSide} pixels across and down, not {width} x {height}: write a PNG.");
                }
                return;
            case ImageFormat.Pnm:
                if (layout.HasAlpha())
                    throw new ImageFormatException("PGM and PPM have no alpha: write a PNG, or put the image on a background first.");
                return;
            default:
                throw new ArgumentOutOfRangeException(nameof(format), format, "Unknown image format.");
        }
    }

    /// <summary>The format that a file name asks for.</summary>
    /// <param name="path">A file name or path; letter case plays no part.</param>
    /// <exception cref="ImageFormatException">The extension is none of .png, .jpg, .jpeg, .ppm, .pgm, .pnm.</exception>
    public static ImageFormat FormatFromExtension(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        string extension = Path.GetExtension(path);
        return extension.ToLowerInvariant() switch
        {
            ".png" => ImageFormat.Png,
            ".jpg" or ".jpeg" => ImageFormat.Jpeg,
            ".ppm" or ".pgm" or ".pnm" => ImageFormat.Pnm,
            "" => throw new ImageFormatException($"'{path}' has no extension: use .png, .jpg, .jpeg, .ppm, .pgm or .pnm."),
            _ => throw new ImageFormatException($"'{extension}' cannot be written: use .png, .jpg, .jpeg, .ppm, .pgm or .pnm."),
        };
    }

    /// <summary>The format that the first bytes of a file show.</summary>
    /// <param name="start">The beginning of the file, 16 bytes or more where it has them.</param>
    /// <exception cref="ImageFormatException">The bytes begin no format that can be read; it is named where it is known.</exception>
    public static ImageFormat DetectFormat(ReadOnlySpan<byte> start)
    {
        if (start.IsEmpty)
            throw new ImageFormatException("The file is empty.");
        if (start.StartsWith(PngChunks.Signature))
            return ImageFormat.Png;
        if (start.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8]))
            return ImageFormat.Jpeg;
        if (start.Length >= 3 && start[0] == 'P' && start[1] is (byte)'5' or (byte)'6' && (PnmCodec.IsSpace(start[2]) || start[2] == '#'))
            return ImageFormat.Pnm;
        string what = OtherFormat(start) is { } name
            ? $"The file is {name}, which is not supported"
            : "The file is not an image of a known format";
        throw new ImageFormatException($"{what}: PNG, JPEG, PGM and PPM can be read.");
    }

    private static string? OtherFormat(ReadOnlySpan<byte> start)
    {
        if (start.StartsWith("GIF8"u8))
            return "a GIF";
        if (start.StartsWith("BM"u8))
            return "a BMP";
        if (start.StartsWith("II*\0"u8) || start.StartsWith("MM\0*"u8))
            return "a TIFF (or a camera's raw format)";
        if (start.Length >= 12 && start.StartsWith("RIFF"u8) && start[8..].StartsWith("WEBP"u8))
            return "a WebP";
        if (start.Length >= 12 && start[4..].StartsWith("ftyp"u8))
            return "an AVIF, HEIC or video";
        if (start.StartsWith("\0\0\0\fJXL "u8) || start.StartsWith((ReadOnlySpan<byte>)[0xFF, 0x0A]))
            return "a JPEG XL";
        if (start.StartsWith("\0\0\0\fjP  "u8))
            return "a JPEG 2000";
        if (start.Length >= 3 && start[0] == 'P' && start[1] is >= (byte)'1' and <= (byte)'7' && PnmCodec.IsSpace(start[2]))
            return $"a P{(char)start[1]} portable any-map";
        return null;
    }
}
