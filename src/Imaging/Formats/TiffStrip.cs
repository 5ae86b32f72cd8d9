using System.IO.Compression;

namespace Gsasr.Imaging.Formats;

/// <summary>Counts what a strip of a TIFF holds, without keeping it.</summary>
internal static class TiffStrip
{
    private const int None = 1, Lzw = 5, Deflate = 8, PackBits = 32773, OldDeflate = 32946;

    /// <summary>How many bytes the strip holds, up to the number wanted; null for fax and JPEG.</summary>
    /// <param name="compression">The number of the compression.</param>
    /// <param name="strip">The strip as it is stored.</param>
    /// <param name="wanted">The bytes wanted.</param>
    public static long? Count(long compression, ReadOnlyMemory<byte> strip, long wanted) => compression switch
    {
        None => Math.Min(strip.Length, wanted),
        Lzw => LzwLength.Count(strip.Span, 8, isTiff: true, wanted),
        Deflate or OldDeflate => CountDeflate(strip, wanted),
        PackBits => CountPackBits(strip.Span, wanted),
        _ => null,
    };

    private static long CountDeflate(ReadOnlyMemory<byte> strip, long wanted)
    {
        Span<byte> block = stackalloc byte[4096];
        long count = 0;
        using var inflated = new ZLibStream(new PieceStream(strip), CompressionMode.Decompress);
        try
        {
            for (int read; count < wanted && (read = inflated.Read(block)) > 0;)
                count += read;
        }
        catch (InvalidDataException)
        {
            // The rest cannot be inflated.
        }

        return Math.Min(count, wanted);
    }

    // A byte says how many different ones follow, or how often the next one is repeated; 128 says nothing.
    private static long CountPackBits(ReadOnlySpan<byte> strip, long wanted)
    {
        long count = 0;
        for (int position = 0; position < strip.Length && count < wanted;)
        {
            int header = strip[position];
            int stored = header < 128 ? header + 1 : header == 128 ? 0 : 1;
            if (position + 1 + stored > strip.Length)
                break;
            count += header < 128 ? stored : header == 128 ? 0 : 257 - header;
            position += 1 + stored;
        }

        return Math.Min(count, wanted);
    }
}
