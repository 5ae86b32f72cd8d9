using System.Buffers.Binary;
using SixLabors.ImageSharp.Formats.Bmp;

namespace Gsasr.Imaging.Formats;

/// <summary>Reads Windows bitmaps. Their sizes are checked against the file first, and the runs of compressed ones gone through.</summary>
internal static class BmpFile
{
    private const int FileHeaderLength = 14;
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
        bool isOld = headerLength == 12;
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
            Uncompressed => bits is 1 or 2 or 4 or 8 or 16 or 24 or 32,
            RunLength8 => bits == 8,
            RunLength4 => bits == 4,
            BitFields or AlphaBitFields => bits is 16 or 32,
            _ => false,
        };
        if (!exists)
            throw Wrong($"{bits} bits a pixel with compression {compression} are not supported.");
        height = height == int.MinValue ? 0 : Math.Abs(height);
        long rowBytes = ((long)width * bits + 31) / 32 * 4;
        var result = new ImageHeader(width, height, bits == 32 ? ChannelLayout.Rgba : ChannelLayout.Rgb, 8);
        limits.Check("BMP", result, bytes.Length);
        ReadOnlySpan<byte> pixels = bytes[(int)offset..];
        if (compression is RunLength8 or RunLength4)
            CheckRuns(pixels, compression == RunLength8 ? 1 : 2);
        else if (pixels.Length < rowBytes * height)
            throw Wrong($"{width} x {height} pixels take {rowBytes * height} bytes, but only {pixels.Length} follow the header: the file is truncated.");
        byte[] content = headerLength > PlainHeaderLength && bits <= 8 ? WithPlainHeader(bytes, offset) : file.ToArray();
        Image image = PixelCodec.Decode("BMP", new BmpDecoder(), new MemoryStream(content), result);
        if (!isOld)
        {
            (int x, int y) = (BinaryPrimitives.ReadInt32LittleEndian(header[24..]), BinaryPrimitives.ReadInt32LittleEndian(header[28..]));
            if (x > 0 && y > 0)
                image.Metadata = new ImageMetadata { Density = new PixelDensity((uint)x, (uint)y, true) };
        }

        return image;
    }

    // The decoder looks for the palette where it is in files of version 3 and 4 only.
    private static byte[] WithPlainHeader(ReadOnlySpan<byte> bytes, uint offset)
    {
        int end = FileHeaderLength + PlainHeaderLength, palette = FileHeaderLength + (int)BinaryPrimitives.ReadUInt32LittleEndian(bytes[FileHeaderLength..]);
        byte[] content = [.. bytes[..end], .. bytes[palette..]];
        BinaryPrimitives.WriteUInt32LittleEndian(content.AsSpan(10), offset - (uint)(palette - end));
        BinaryPrimitives.WriteInt32LittleEndian(content.AsSpan(FileHeaderLength), PlainHeaderLength);
        return content;
    }

    // Pairs of bytes: a run, or after a zero the end of a row (0), of the picture (1), a jump (2) or so many pixels as they are.
    private static void CheckRuns(ReadOnlySpan<byte> data, int pixelsPerByte)
    {
        while (data.Length >= 2)
        {
            int length = 2;
            if (data[0] == 0)
            {
                if (data[1] == 1)
                    return;
                length += data[1] switch
                {
                    0 => 0,
                    2 => 2,
                    _ => ((data[1] + pixelsPerByte - 1) / pixelsPerByte + 1) & ~1,
                };
            }

            data = data[Math.Min(length, data.Length)..];
        }

        throw Wrong("the file is truncated: its pixels have no end mark.");
    }

    private static ImageFormatException Wrong(string what) => new($"BMP: {what}");
}
