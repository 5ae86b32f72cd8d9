namespace Gsasr.Imaging.Formats;

/// <summary>Counts what LZW codes stand for, as GIF and TIFF store them, without expanding them.</summary>
internal static class LzwLength
{
    private const int MostBits = 12;

    /// <summary>How many samples the codes give, up to the number wanted: less where they end early or one of them has no meaning yet.</summary>
    /// <param name="codes">The codes.</param>
    /// <param name="literalBits">The bits of a sample: the code after the last sample clears the table, and the next one ends the codes.</param>
    /// <param name="isTiff">Whether the first bit of a byte is its highest, and codes get longer one code early.</param>
    /// <param name="wanted">The samples wanted.</param>
    public static long Count(ReadOnlySpan<byte> codes, int literalBits, bool isTiff, long wanted)
    {
        int clear = 1 << literalBits, next = clear + 2, bits = literalBits + 1, previous = -1;
        Span<ushort> lengths = stackalloc ushort[1 << MostBits];
        lengths[..clear].Fill(1);
        uint window = 0;
        int filled = 0;
        long count = 0;
        foreach (byte value in codes)
        {
            window = isTiff ? window << 8 | value : window | (uint)value << filled;
            filled += 8;
            while (filled >= bits)
            {
                filled -= bits;
                int code = (int)(isTiff ? window >> filled : window) & ((1 << bits) - 1);
                if (!isTiff)
                    window >>= bits;
                if (code == clear)
                {
                    (next, bits, previous) = (clear + 2, literalBits + 1, -1);
                    continue;
                }

                // A code may stand for what is added with it, but not for more.
                if (code == clear + 1 || code > next || (code == next && previous < 0))
                    return count;
                if (previous >= 0 && next < lengths.Length)
                {
                    lengths[next++] = (ushort)(lengths[previous] + 1);
                    if (next == (1 << bits) - (isTiff ? 1 : 0) && bits < MostBits)
                        bits++;
                }

                previous = code;
                count += lengths[code];
                if (count >= wanted)
                    return wanted;
            }
        }

        return count;
    }
}
