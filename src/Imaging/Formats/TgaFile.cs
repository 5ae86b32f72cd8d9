using System.Buffers.Binary;
using SixLabors.ImageSharp.Formats.Tga;

namespace Gsasr.Imaging.Formats;

/// <summary>Reads Truevision TGA. Pixels, or runs of pixels, are counted before they are decoded.</summary>
internal static class TgaFile
{
    /// <summary>The length of the header.</summary>
    public const int HeaderLength = 18;

    private const int RunLength = 8;

    /// <summary>Whether a file may be a TGA. The format has no signature, so every field of the header must make sense.</summary>
    public static bool MayBe(ReadOnlySpan<byte> start)
    {
        if (start.Length < HeaderLength)
            return false;
        (int mapType, int type, int depth) = (start[1], start[2], start[16]);
        bool fits = (mapType, type & ~RunLength) switch
        {
            (_, 1) => depth == 8 && mapType == 1,
            (_, 2) => depth is 15 or 16 or 24 or 32,
            (_, 3) => depth == 8,
            _ => false,
        };
        fits &= mapType == 1 ? start[7] is 15 or 16 or 24 or 32 : mapType == 0 && start[3..8].IndexOfAnyExcept((byte)0) < 0;
        return fits && (start[17] & 0xC0) == 0 && BinaryPrimitives.ReadUInt16LittleEndian(start[12..]) > 0 && BinaryPrimitives.ReadUInt16LittleEndian(start[14..]) > 0;
    }

    /// <summary>Reads a file.</summary>
    public static Image Decode(ReadOnlyMemory<byte> file, ImageLimits limits)
    {
        ReadOnlySpan<byte> bytes = file.Span;
        int type = bytes[2], depth = bytes[16], mapDepth = bytes[7];
        int width = BinaryPrimitives.ReadUInt16LittleEndian(bytes[12..]), height = BinaryPrimitives.ReadUInt16LittleEndian(bytes[14..]);
        bool hasPalette = (type & ~RunLength) == 1;
        int colourDepth = hasPalette ? mapDepth : depth;
        ChannelLayout layout = (type & ~RunLength) == 3 ? ChannelLayout.Grey
            : colourDepth == 32 || (colourDepth == 16 && (bytes[17] & 15) == 1) ? ChannelLayout.Rgba : ChannelLayout.Rgb;
        var header = new ImageHeader(width, height, layout, 8);
        limits.Check("TGA", header, bytes.Length);
        if (hasPalette && BinaryPrimitives.ReadUInt16LittleEndian(bytes[3..]) != 0)
            throw Wrong("a palette that does not begin with colour 0 is not supported.");
        int colourBytes = (mapDepth + 7) / 8, mapBytes = BinaryPrimitives.ReadUInt16LittleEndian(bytes[5..]) * colourBytes;
        int start = HeaderLength + bytes[0] + mapBytes, pixelBytes = (depth + 7) / 8;
        long missing = (long)width * height * pixelBytes;
        ReadOnlySpan<byte> pixels = bytes[Math.Min(start, bytes.Length)..];
        if ((type & RunLength) == 0)
        {
            missing -= pixels.Length;
        }
        else
        {
            // A packet is a count less one, followed by one pixel that is repeated or by so many different ones.
            for (; missing > 0 && pixels.Length > 0; pixels = pixels[Math.Min(1 + pixelBytes * (pixels[0] >= 128 ? 1 : pixels[0] + 1), pixels.Length)..])
            {
                int count = (pixels[0] & 127) + 1;
                if (pixels.Length < 1 + pixelBytes * (pixels[0] >= 128 ? 1 : count))
                    break;
                missing -= count * pixelBytes;
            }
        }

        if (missing > 0)
            throw Wrong($"the file is truncated: {missing} bytes of {width} x {height} pixels are missing.");

        // The decoder takes every colour map for a palette, and a colour of 15 bits for one byte.
        byte[] simple = bytes[..HeaderLength].ToArray();
        if (hasPalette)
        {
            simple[7] = (byte)(8 * colourBytes);
            return PixelCodec.Decode("TGA", new TgaDecoder(), new PieceStream(simple, file[HeaderLength..]), header);
        }

        simple.AsSpan(0, 2).Clear();
        simple.AsSpan(3, 5).Clear();
        return PixelCodec.Decode("TGA", new TgaDecoder(), new PieceStream(simple, file[start..]), header);
    }

    private static ImageFormatException Wrong(string what) => new($"TGA: {what}");
}
