using System.Buffers.Binary;
using SixLabors.ImageSharp.Formats.Bmp;

namespace Gsasr.Imaging.Formats;

/// <summary>Reads Windows bitmaps. Their sizes are compared with the file first, and compressed ones are expanded.</summary>
internal static class BmpFile
{
    private const int FileHeaderLength = 14;
    private const int OldHeaderLength = 12;
    private const int PlainHeaderLength = 40;
    private const int Uncompressed = 0, RunLength8 = 1, RunLength4 = 2, BitFields = 3, AlphaBitFields = 6;

    /// <summary>Reads a file.</summary>
    public static Image Decode(ReadOnlyMemory<byte> file, ImageLimits limits)
    {
        ReadOnlySpan<byte> bytes = file.Span;
        if (bytes.Length < FileHeaderLength + 12)
            throw Wrong($"the file is truncated: it has {bytes.Length} bytes.");
        uint offset = BinaryPrimitives.ReadUInt32LittleEndian(bytes[10..]);
        ReadOnlySpan<byte> header = bytes[FileHeaderLength..];
        uint headerLength = BinaryPrimitives.ReadUInt32LittleEndian(header);
        bool isOld = headerLength == OldHeaderLength;
        if (!isOld && headerLength is < 40 or > 124)
            throw Wrong($"a header of {headerLength} bytes is not supported.");
        if (offset < FileHeaderLength + headerLength || offset > bytes.Length)
            throw Wrong($"the file is truncated or damaged: its pixels are to begin at byte {offset} of {bytes.Length}.");
        int width = isOld ? BinaryPrimitives.ReadUInt16LittleEndian(header[4..]) : BinaryPrimitives.ReadInt32LittleEndian(header[4..]);
        int height = isOld ? BinaryPrimitives.ReadUInt16LittleEndian(header[6..]) : BinaryPrimitives.ReadInt32LittleEndian(header[8..]);
        int bits = BinaryPrimitives.ReadUInt16LittleEndian(header[(isOld ? 10 : 14)..]);
        int compression = isOld ? Uncompressed : BinaryPrimitives.ReadInt32LittleEndian(header[16..]);
        bool exists = compression switch
        {
            Uncompressed => bits is 1 or 4 or 8 or 16 or 24 or 32,
            RunLength8 => bits == 8,
            RunLength4 => bits == 4,
            BitFields or AlphaBitFields => bits is 16 or 32,
            _ => false,
        };
        if (!exists)
            throw Wrong($"{bits} bits a pixel with compression {compression} are not supported.");
        // With a negative height the first row is the top one.
        int storedHeight = height;
        height = height == int.MinValue ? 0 : Math.Abs(height);
        long rowBytes = ((long)width * bits + 31) / 32 * 4;
        BmpFields? fields = compression is BitFields or AlphaBitFields ? ReadFields(bits, bytes, headerLength, compression) : null;
        bool hasAlpha = bits == 32 || fields is { Alpha: not 0 };
        var result = new ImageHeader(width, height, hasAlpha ? ChannelLayout.Rgba : ChannelLayout.Rgb, 8);
        limits.Check("BMP", result, bytes.Length);
        ReadOnlyMemory<byte> pixels = file[(int)offset..];
        ReadOnlySpan<byte> palette = bytes[(FileHeaderLength + (int)headerLength)..(int)offset];
        PieceStream? content = null;
        if (compression is RunLength8 or RunLength4)
            content = new PieceStream(WithWholePalette(palette, isOld, width, storedHeight, 8), Expand(pixels.Span, width, height, compression == RunLength4));
        else if (pixels.Length < rowBytes * height)
            throw Wrong($"{width} x {height} pixels take {rowBytes * height} bytes, but only {pixels.Length} follow the header: the file is truncated.");
        else if (fields is null or { AreBytes: true })
            content = bits <= 8 ? new PieceStream(WithWholePalette(palette, isOld, width, storedHeight, bits), pixels) : new PieceStream(file);
        Image image = content is null
            ? fields!.Value.Decode(pixels.Span, result, topDown: storedHeight < 0)
            : PixelCodec.Decode("BMP", new BmpDecoder(), content, result);
        if (!isOld)
        {
            (int x, int y) = (BinaryPrimitives.ReadInt32LittleEndian(header[24..]), BinaryPrimitives.ReadInt32LittleEndian(header[28..]));
            if (x > 0 && y > 0)
                image.Metadata = new ImageMetadata { Density = new PixelDensity((uint)x, (uint)y, true) };
        }

        return image;
    }

    private static BmpFields ReadFields(int bits, ReadOnlySpan<byte> bytes, uint headerLength, int compression)
    {
        const int WithAlpha = 56;
        bool hasAlpha = headerLength >= WithAlpha || compression == AlphaBitFields;
        ReadOnlySpan<byte> masks = bytes[(FileHeaderLength + PlainHeaderLength)..];
        if (masks.Length < (hasAlpha ? 16 : 12))
            throw Wrong("the file is truncated within its header.");
        BmpFields fields = BmpFields.Read(bits, masks, hasAlpha);
        return fields.AreSound
            ? fields
            : throw Wrong($"bit fields of {fields.Red:x}, {fields.Green:x}, {fields.Blue:x} and {fields.Alpha:x} in {bits} bits a pixel are not supported.");
    }

    // The decoder guesses the length of a colour from that of the palette, and does not check indices. So it gets a plain header and all
    // colours that an index can name.
    private static byte[] WithWholePalette(ReadOnlySpan<byte> palette, bool isOld, int width, int height, int bits)
    {
        int colourBytes = isOld ? 3 : 4;
        int start = FileHeaderLength + PlainHeaderLength, end = start + (4 << bits);
        byte[] content = new byte[end];
        "BM"u8.CopyTo(content);
        BinaryPrimitives.WriteInt32LittleEndian(content.AsSpan(10), end);
        Span<byte> header = content.AsSpan(FileHeaderLength);
        BinaryPrimitives.WriteInt32LittleEndian(header, PlainHeaderLength);
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], width);
        BinaryPrimitives.WriteInt32LittleEndian(header[8..], height);
        (header[12], header[14]) = (1, (byte)bits);
        for (int i = 0; i < 1 << bits && palette.Length >= colourBytes; i++, palette = palette[colourBytes..])
            palette[..3].CopyTo(content.AsSpan(start + 4 * i));
        return content;
    }

    // Pairs of bytes: a run; or, after a zero, the end of a row (0), the end of the picture (1), a jump (2), or a number of pixels that
    // follow as they are. Runs may go beyond the end of a row. The decoder would continue them in the next row, so they are expanded here.
    private static byte[] Expand(ReadOnlySpan<byte> data, int width, int height, bool isHalfBytes)
    {
        int stride = (width + 3) & ~3;
        var indices = new byte[(long)stride * height];
        int x = 0, y = 0;
        while (data.Length >= 2)
        {
            (int first, int second) = (data[0], data[1]);
            data = data[2..];
            if (first == 0 && second == 1)
                return indices;
            bool isJump = first == 0 && second == 2, isLiteral = first == 0 && second > 2;
            int bytes = isJump ? 2 : isLiteral ? ((isHalfBytes ? (second + 1) / 2 : second) + 1) & ~1 : 0;
            if (bytes > data.Length)
                break;
            for (int i = 0; i < (isLiteral ? second : first); i++, x++)
            {
                int pair = isLiteral ? data[isHalfBytes ? i / 2 : i] : second;
                if (x < width && y < height)
                    indices[y * stride + x] = (byte)(!isHalfBytes ? pair : i % 2 == 0 ? pair >> 4 : pair & 15);
            }

            if (first == 0 && second == 0)
                (x, y) = (0, y + 1);
            else if (isJump)
                (x, y) = (x + data[0], y + data[1]);
            data = data[bytes..];
        }

        throw Wrong("the file is truncated: its pixels have no end mark.");
    }

    private static ImageFormatException Wrong(string what) => new($"BMP: {what}");
}
