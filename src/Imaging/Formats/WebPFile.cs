using System.Buffers.Binary;
using System.Text;
using SixLabors.ImageSharp.Formats.Webp;

namespace Gsasr.Imaging.Formats;

/// <summary>
/// Reads and writes WebP. A file is a RIFF container of chunks, whose lengths are checked first, and the data of the pixels
/// (<see cref="WebPLossless"/>, <see cref="WebPLossy"/>).
/// The decoder then gets the picture's own chunks. It does not know animations; of those it gets the chunks of the first frame.
/// </summary>
internal sealed class WebPFile
{
    private const int HeaderLength = 12;
    private const int IccFlag = 0x20, AlphaFlag = 0x10, ExifFlag = 0x08, XmpFlag = 0x04;

    private readonly List<(string Type, ReadOnlyMemory<byte> Data)> _chunks = [];

    private WebPFile(ReadOnlyMemory<byte> chunks)
    {
        while (!chunks.IsEmpty)
        {
            if (chunks.Length < 8)
                throw Wrong("a chunk is cut off: the file is damaged.");
            string type = Encoding.Latin1.GetString(chunks.Span[..4]);
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(chunks.Span[4..]);
            if (length > chunks.Length - 8)
                throw Wrong($"chunk {type} claims {length} bytes, there are only {chunks.Length - 8} more: the file is truncated or damaged.");
            _chunks.Add((type, chunks.Slice(8, (int)length)));
            chunks = chunks[(8 + (int)Math.Min(length + (length & 1), chunks.Length - 8))..];
        }
    }

    /// <summary>Reads a file.</summary>
    public static Image Decode(ReadOnlyMemory<byte> bytes, ImageLimits limits)
    {
        uint riffLength = BinaryPrimitives.ReadUInt32LittleEndian(bytes.Span[4..]);
        if (riffLength < 4 || riffLength > bytes.Length - 8)
            throw Wrong($"the header claims {riffLength + 8L} bytes, the file has {bytes.Length}: it is truncated.");
        var file = new WebPFile(bytes[HeaderLength..(8 + (int)riffLength)]);
        ReadOnlySpan<byte> extended = file.Find("VP8X").Span;
        if (extended.IsEmpty)
            return file.DecodePicture(0, 0, null, limits, bytes.Length, orientation: 1);
        if (extended.Length < 10)
            throw Wrong("the VP8X chunk is too short.");
        (int width, int height) = (ReadSize(extended[4..]), ReadSize(extended[7..]));
        byte[]? exif = WithoutName(file.FindMetadata("EXIF"));
        int orientation = ExifData.GetOrientation(exif);
        ReadOnlyMemory<byte> frame = file.Find("ANMF");
        Image image;
        if (frame.IsEmpty)
        {
            image = file.DecodePicture(0, 0, (width, height), limits, bytes.Length, orientation);
        }
        else
        {
            if (frame.Length < 16)
                throw Wrong("the first frame is cut off.");
            (int left, int top) = (2 * (ReadSize(frame.Span) - 1), 2 * (ReadSize(frame.Span[3..]) - 1));
            image = new WebPFile(frame[16..]).DecodePicture(left, top, (width, height), limits, bytes.Length, orientation);
            image.Notes = [$"WebP: the first of {file._chunks.Count(chunk => chunk.Type == "ANMF")} frames was read."];
        }

        image.Metadata = new ImageMetadata
        {
            IccProfile = file.FindMetadata("ICCP"),
            Exif = exif,
            Xmp = file.FindMetadata("XMP "),
        };
        return image;
    }

    /// <summary>Writes what the encoder made, with an image's metadata.</summary>
    /// <param name="encoded">The encoder's file.</param>
    /// <param name="image">The image.</param>
    /// <param name="target">Where to write.</param>
    public static void Write(ReadOnlyMemory<byte> encoded, Image image, Stream target)
    {
        var file = new WebPFile(encoded[HeaderLength..]);
        byte[]? profile = image.Metadata.IccProfile is { } icc && IccProfile.Matches(icc, ChannelLayout.Rgb) ? icc : null;
        byte[]? exif = image.Metadata.Exif, xmp = image.Metadata.Xmp;
        if (profile is null && exif is null && xmp is null)
        {
            target.Write(encoded.Span);
            return;
        }

        byte[] extended = new byte[10];
        extended[0] = (byte)((image.Layout.HasAlpha() ? AlphaFlag : 0)
            | (profile is null ? 0 : IccFlag) | (exif is null ? 0 : ExifFlag) | (xmp is null ? 0 : XmpFlag));
        WriteSize(extended.AsSpan(4), image.Width);
        WriteSize(extended.AsSpan(7), image.Height);
        List<(string Type, ReadOnlyMemory<byte> Data)> chunks = [("VP8X", extended)];
        if (profile is not null)
            chunks.Add(("ICCP", profile));
        chunks.AddRange(file._chunks.Where(chunk => chunk.Type != "VP8X"));
        if (exif is not null)
            chunks.Add(("EXIF", exif));
        if (xmp is not null)
            chunks.Add(("XMP ", xmp));
        WriteChunks(chunks, target);
    }

    private Image DecodePicture(int left, int top, (int Width, int Height)? canvas, ImageLimits limits, int fileBytes, int orientation)
    {
        ReadOnlyMemory<byte> lossy = Find("VP8 "), lossless = Find("VP8L"), alpha = Find("ALPH");
        int width, height;
        bool hasAlpha;
        if (!lossless.IsEmpty)
        {
            if (lossless.Length < 5 || lossless.Span[0] != 0x2F)
                throw Wrong("the VP8L chunk is damaged.");
            uint bits = BinaryPrimitives.ReadUInt32LittleEndian(lossless.Span[1..]);
            (width, height, hasAlpha) = ((int)(bits & 0x3FFF) + 1, (int)(bits >> 14 & 0x3FFF) + 1, (bits >> 28 & 1) == 1);
        }
        else
        {
            if (lossy.Length < 10 || !lossy.Span[3..].StartsWith((ReadOnlySpan<byte>)[0x9D, 0x01, 0x2A]))
                throw Wrong("there is no VP8 or VP8L chunk, that is no picture, or it is damaged.");
            width = BinaryPrimitives.ReadUInt16LittleEndian(lossy.Span[6..]) & 0x3FFF;
            height = BinaryPrimitives.ReadUInt16LittleEndian(lossy.Span[8..]) & 0x3FFF;
            hasAlpha = _chunks.Exists(chunk => chunk.Type == "ALPH");
            if (hasAlpha && alpha.Length < 2)
                throw Wrong("the ALPH chunk is empty: the file is damaged.");
        }

        (int canvasWidth, int canvasHeight) = canvas ?? (width, height);
        if ((long)left + width > canvasWidth || (long)top + height > canvasHeight)
            throw Wrong($"a picture of {width} x {height} does not fit on a canvas of {canvasWidth} x {canvasHeight}.");
        bool isWhole = (width, height) == (canvasWidth, canvasHeight);
        ChannelLayout layout = hasAlpha || !isWhole ? ChannelLayout.Rgba : ChannelLayout.Rgb;
        limits.Check("WebP", new ImageHeader(canvasWidth, canvasHeight, layout, 8), fileBytes, orientation);

        if (!lossless.IsEmpty)
            WebPLossless.Check(lossless.Span[5..], width, height, fileBytes);
        else
            WebPLossy.Check(lossy.Span);
        if (lossless.IsEmpty && hasAlpha)
            CheckAlpha(alpha.Span, width, height, fileBytes);

        using var content = new MemoryStream();
        List<(string, ReadOnlyMemory<byte>)> chunks = [];
        if (lossless.IsEmpty && hasAlpha)
        {
            byte[] extended = [AlphaFlag, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            WriteSize(extended.AsSpan(4), width);
            WriteSize(extended.AsSpan(7), height);
            chunks.AddRange([("VP8X", extended), ("ALPH", alpha)]);
        }

        ReadOnlyMemory<byte> pixels = lossless.IsEmpty ? lossy : lossless;
        chunks.Add((lossless.IsEmpty ? "VP8 " : "VP8L", pixels));
        WriteChunks(chunks, content);
        // The decoder takes the byte that fills up the last chunk for the start of another.
        content.SetLength(content.Length - (pixels.Length & 1));
        content.Position = 0;
        Image picture = PixelCodec.Decode("WebP", new WebpDecoder { IgnoreMetadata = true }, content, new ImageHeader(width, height, layout, 8));
        return isWhole ? picture : picture.OnCanvas(left, top, canvasWidth, canvasHeight);
    }

    // The first byte has the compression, a filter and what the encoder did before.
    private static void CheckAlpha(ReadOnlySpan<byte> alpha, int width, int height, int fileBytes)
    {
        if ((alpha[0] & 3) == 1)
            WebPLossless.Check(alpha[1..], width, height, fileBytes);
        else if (alpha.Length - 1 < (long)width * height)
            throw Wrong($"the alpha channel of {width} x {height} pixels has {alpha.Length - 1} bytes: the file is truncated or damaged.");
    }

    private ReadOnlyMemory<byte> Find(string type) => _chunks.Find(chunk => chunk.Type == type).Data;

    private byte[]? FindMetadata(string type) => Find(type) is { IsEmpty: false } data ? data.ToArray() : null;

    // Some programs put the name that EXIF has in a JPEG here too.
    private static byte[]? WithoutName(byte[]? exif) => exif.AsSpan().StartsWith("Exif\0\0"u8) ? exif![6..] : exif;

    private static void WriteChunks(List<(string Type, ReadOnlyMemory<byte> Data)> chunks, Stream target)
    {
        Span<byte> number = stackalloc byte[4];
        target.Write("RIFF"u8);
        BinaryPrimitives.WriteUInt32LittleEndian(number, checked((uint)(4 + chunks.Sum(chunk => 8L + chunk.Data.Length + (chunk.Data.Length & 1)))));
        target.Write(number);
        target.Write("WEBP"u8);
        foreach ((string type, ReadOnlyMemory<byte> data) in chunks)
        {
            target.Write(Encoding.ASCII.GetBytes(type));
            BinaryPrimitives.WriteInt32LittleEndian(number, data.Length);
            target.Write(number);
            target.Write(data.Span);
            if (data.Length % 2 == 1)
                target.WriteByte(0);
        }
    }

    // Sizes are stored minus one, in 24 bits.
    private static int ReadSize(ReadOnlySpan<byte> data) => (data[0] | data[1] << 8 | data[2] << 16) + 1;

    private static void WriteSize(Span<byte> data, int size)
    {
        (data[0], data[1], data[2]) = ((byte)(size - 1), (byte)((size - 1) >> 8), (byte)((size - 1) >> 16));
    }

    private static ImageFormatException Wrong(string what) => new($"WebP: {what}");
}
