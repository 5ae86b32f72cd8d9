namespace Gsasr.Imaging.Formats;

/// <summary>The checksum of zlib streams (RFC 1950): the sum of all bytes plus one, and the sum of these sums, modulo 65521.</summary>
internal static class Adler32
{
    /// <summary>The checksum of nothing.</summary>
    public const uint Empty = 1;

    private const uint Modulus = 65521;

    // The most bytes of 255 after which the second sum still fits in 32 bits.
    private const int BytesPerReduction = 5552;

    /// <summary>Continues a checksum.</summary>
    public static uint Append(uint checksum, ReadOnlySpan<byte> data)
    {
        uint low = checksum & 0xFFFF, high = checksum >> 16;
        while (data.Length > 0)
        {
            int count = Math.Min(data.Length, BytesPerReduction);
            foreach (byte value in data[..count])
            {
                low += value;
                high += low;
            }
            low %= Modulus;
            high %= Modulus;
            data = data[count..];
        }
        return high << 16 | low;
    }

    /// <summary>The checksum of two parts, one after the other.</summary>
    /// <param name="first">The first part's checksum.</param>
    /// <param name="second">The second part's checksum.</param>
    /// <param name="secondLength">The second part's bytes.</param>
    public static uint Combine(uint first, uint second, long secondLength)
    {
        // Each byte of the second part adds the first part's first sum once more, minus the 1 with which it began.
        ulong carried = (first & 0xFFFF) + Modulus - 1;
        ulong low = (carried + (second & 0xFFFF)) % Modulus;
        ulong high = ((first >> 16) + (second >> 16) + carried % Modulus * ((ulong)secondLength % Modulus)) % Modulus;
        return (uint)(high << 16 | low);
    }
}
