using System.Numerics;

namespace Gsasr.Imaging.Jpeg;

/// <summary>The symbols of a block: the bits of its DC difference, then for each AC value the zeros before it and its bits.</summary>
internal static class JpegBlockCoder
{
    private const int EndOfBlock = 0x00;
    private const int SixteenZeros = 0xF0;

    /// <summary>Counts the symbols of a block.</summary>
    /// <param name="block">64 quantised coefficients in zigzag order.</param>
    /// <param name="previousDc">The DC value of the component's block before.</param>
    /// <param name="statistics">Where to count.</param>
    public static void Count(ReadOnlySpan<short> block, int previousDc, JpegHuffmanStatistics statistics)
    {
        statistics.Dc[BitCount(block[0] - previousDc)]++;
        int zeros = 0;
        for (int k = 1; k < 64; k++)
        {
            if (block[k] == 0)
            {
                zeros++;
                continue;
            }
            for (; zeros > 15; zeros -= 16)
                statistics.Ac[SixteenZeros]++;
            statistics.Ac[zeros << 4 | BitCount(block[k])]++;
            zeros = 0;
        }
        if (zeros > 0)
            statistics.Ac[EndOfBlock]++;
    }

    /// <summary>Writes the symbols of a block, each followed by the bits of its value.</summary>
    /// <inheritdoc cref="Count"/>
    public static void Write(ReadOnlySpan<short> block, int previousDc, JpegHuffmanCode dc, JpegHuffmanCode ac, JpegBitWriter writer)
    {
        int difference = block[0] - previousDc;
        WriteValue(writer, dc, BitCount(difference), difference);
        int zeros = 0;
        for (int k = 1; k < 64; k++)
        {
            int value = block[k];
            if (value == 0)
            {
                zeros++;
                continue;
            }
            for (; zeros > 15; zeros -= 16)
                writer.Write(ac.Codes[SixteenZeros], ac.Lengths[SixteenZeros]);
            WriteValue(writer, ac, zeros << 4 | BitCount(value), value);
            zeros = 0;
        }
        if (zeros > 0)
            writer.Write(ac.Codes[EndOfBlock], ac.Lengths[EndOfBlock]);
    }

    private static int BitCount(int value) => 32 - BitOperations.LeadingZeroCount((uint)Math.Abs(value));

    // A negative value is written less one, so that its first bit is 0.
    private static void WriteValue(JpegBitWriter writer, JpegHuffmanCode code, int symbol, int value)
    {
        int bits = symbol & 15;
        int low = (value < 0 ? value - 1 : value) & ((1 << bits) - 1);
        writer.Write(code.Codes[symbol] << bits | low, code.Lengths[symbol] + bits);
    }
}
