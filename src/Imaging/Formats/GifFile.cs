using System.Buffers.Binary;
using SixLabors.ImageSharp.Formats.Gif;
using SixLabors.ImageSharp.Metadata;

namespace Gsasr.Imaging.Formats;

/// <summary>Reads the first frame of a GIF. All blocks up to the trailer are checked; the decoder gets those of the first frame.</summary>
internal static class GifFile
{
    private const int Extension = 0x21, ImageBlock = 0x2C, Trailer = 0x3B, GraphicControl = 0xF9;
    private const int HeaderLength = 13;

    /// <summary>Reads a file.</summary>
    public static Image Decode(ReadOnlySpan<byte> bytes, ImageLimits limits)
    {
        if (bytes.Length < HeaderLength)
            throw Truncated(bytes.Length);
        (int width, int height) = (BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]), BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]));
        using var kept = new MemoryStream();
        int position = HeaderLength + TableBytes(bytes[10]);
        Keep(bytes, 0, position, kept);
        int frames = 0, firstCodes = 0;
        bool isTransparent = false;
        (int Left, int Top, int Width, int Height) first = default;
        while (true)
        {
            int start = position;
            int kind = At(bytes, position);
            if (kind == Trailer)
                break;
            if (kind == Extension)
            {
                bool isGraphicControl = At(bytes, position + 1) == GraphicControl;
                position = SkipBlocks(bytes, position + 2);
                if (isGraphicControl && frames == 0)
                {
                    isTransparent = (At(bytes, start + 3) & 1) == 1;
                    Keep(bytes, start, position, kept);
                }
            }
            else if (kind == ImageBlock)
            {
                int flags = At(bytes, position + 9);
                if (frames == 0)
                {
                    ReadOnlySpan<byte> box = bytes[(position + 1)..];
                    first = (BinaryPrimitives.ReadUInt16LittleEndian(box), BinaryPrimitives.ReadUInt16LittleEndian(box[2..]),
                        BinaryPrimitives.ReadUInt16LittleEndian(box[4..]), BinaryPrimitives.ReadUInt16LittleEndian(box[6..]));
                }

                int codes = position + 10 + TableBytes(flags);
                position = SkipBlocks(bytes, codes + 1);
                if (frames++ == 0)
                {
                    Keep(bytes, start, position, kept);
                    firstCodes = codes;
                }
            }
            else
            {
                throw new ImageFormatException($"GIF: no block begins at byte {position}: the file is damaged.");
            }
        }

        if (frames == 0 || first.Width == 0 || first.Height == 0)
            throw new ImageFormatException("GIF: the file has no picture.");
        if (first.Left + first.Width > width || first.Top + first.Height > height)
            throw new ImageFormatException($"GIF: a picture of {first.Width} x {first.Height} does not fit on a canvas of {width} x {height}.");
        bool isWhole = (first.Width, first.Height) == (width, height);
        var header = new ImageHeader(width, height, isTransparent || !isWhole ? ChannelLayout.Rgba : ChannelLayout.Rgb, 8);
        limits.Check("GIF", header, bytes.Length);
        CheckCodes(bytes, firstCodes, (long)first.Width * first.Height);
        kept.WriteByte(Trailer);
        kept.Position = 0;
        Image image = PixelCodec.Decode("GIF", new GifDecoder { IgnoreMetadata = true, DecodingMode = FrameDecodingMode.First }, kept, header);
        if (frames > 1)
            image.Notes = [$"GIF: the first of {frames} frames was read."];
        return image;
    }

    // The bits of a sample, then the blocks of codes. The decoder would leave what they do not give as it is.
    private static void CheckCodes(ReadOnlySpan<byte> bytes, int position, long pixels)
    {
        int bits = bytes[position];
        if (bits is < 2 or > 8)
            throw new ImageFormatException($"GIF: samples of {bits} bits are not possible: the file is damaged.");
        using var codes = new MemoryStream();
        for (position++; bytes[position] > 0; position += 1 + bytes[position])
            codes.Write(bytes.Slice(position + 1, bytes[position]));
        long count = LzwLength.Count(codes.GetBuffer().AsSpan(0, (int)codes.Length), bits, isTiff: false, pixels);
        if (count < pixels)
            throw new ImageFormatException($"GIF: the first frame holds {count} of its {pixels} pixels: the file is damaged.");
    }

    // A colour table. Three bits of a flag byte say whether there is one and how large it is.
    private static int TableBytes(int flags) => (flags & 0x80) == 0 ? 0 : 3 << ((flags & 7) + 1);

    // Blocks that begin with their length, up to one of length zero; returns what follows.
    private static int SkipBlocks(ReadOnlySpan<byte> bytes, int position)
    {
        for (int length; (length = At(bytes, position)) != 0;)
            position += 1 + length;
        return position + 1;
    }

    private static int At(ReadOnlySpan<byte> bytes, int position) => position < bytes.Length ? bytes[position] : throw Truncated(bytes.Length);

    private static void Keep(ReadOnlySpan<byte> bytes, int start, int end, MemoryStream kept)
    {
        if (end > bytes.Length)
            throw Truncated(bytes.Length);
        kept.Write(bytes[start..end]);
    }

    private static ImageFormatException Truncated(int length) => new($"GIF: the file is truncated: it ends at byte {length}, before its end mark.");
}
