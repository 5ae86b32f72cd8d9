using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Gsasr.Imaging.Png;

/// <summary>Turns stored rows into samples of 8 or 16 bits: small depths scaled, palettes looked up, transparency made alpha.</summary>
internal sealed class PngRows
{
    private readonly int _storedChannels;
    private readonly byte[] _palette;
    private readonly byte[]? _paletteAlpha;
    private readonly ushort[]? _colourKey;

    public PngRows(PngFile file)
    {
        Header = file.Header;
        Channels = file.Layout.ChannelCount();
        _storedChannels = file.Header.StoredChannels;
        _palette = file.Palette;
        if (file.Transparency is not { } transparency)
            return;
        if (Header.ColourType == PngColourType.Palette)
        {
            // Entries without an alpha of their own are opaque.
            _paletteAlpha = new byte[256];
            Array.Fill(_paletteAlpha, byte.MaxValue);
            transparency.CopyTo(_paletteAlpha, 0);
        }
        else
        {
            // Stored as 16 bits whatever the depth; only as many bits as a sample has count.
            _colourKey = new ushort[_storedChannels];
            for (int c = 0; c < _storedChannels; c++)
                _colourKey[c] = (ushort)(BinaryPrimitives.ReadUInt16BigEndian(transparency.AsSpan(2 * c)) & ((1 << Header.BitDepth) - 1));
        }
    }

    public PngHeader Header { get; }

    /// <summary>Samples in a decoded pixel.</summary>
    public int Channels { get; }

    /// <summary>Expands one row.</summary>
    /// <param name="stored">The unfiltered bytes of the row.</param>
    /// <param name="samples">width * channels samples: bytes for depths up to 8, 16-bit numbers for depth 16.</param>
    /// <param name="y">The row, for messages.</param>
    public void Expand<T>(ReadOnlySpan<byte> stored, Span<T> samples, int y)
        where T : unmanaged
    {
        if (typeof(T) == typeof(ushort))
            Expand16(stored, MemoryMarshal.Cast<T, ushort>(samples));
        else
            Expand8(stored, MemoryMarshal.Cast<T, byte>(samples), y);
    }

    private void Expand16(ReadOnlySpan<byte> stored, Span<ushort> samples)
    {
        if (_colourKey is null)
            BigEndian.Read(stored, samples);
        else
            ExpandKeyed(stored, samples);
    }

    private void Expand8(ReadOnlySpan<byte> stored, Span<byte> samples, int y)
    {
        if (Header.ColourType == PngColourType.Palette)
            ExpandPalette(stored, samples, y);
        else if (_colourKey is not null)
            ExpandKeyed(stored, samples);
        else if (Header.BitDepth == 8)
            stored.CopyTo(samples);
        else
            ExpandBits(stored, samples);
    }

    // 1, 2 or 4 bits of grey.
    private void ExpandBits(ReadOnlySpan<byte> stored, Span<byte> samples)
    {
        int scale = 255 / ((1 << Header.BitDepth) - 1);
        for (int x = 0; x < samples.Length; x++)
            samples[x] = (byte)(SmallSample(stored, x) * scale);
    }

    private void ExpandPalette(ReadOnlySpan<byte> stored, Span<byte> samples, int y)
    {
        int count = samples.Length / Channels;
        int entries = _palette.Length / 3;
        for (int x = 0, o = 0; x < count; x++, o += Channels)
        {
            int index = Header.BitDepth == 8 ? stored[x] : SmallSample(stored, x);
            if (index >= entries)
                throw new ImageFormatException($"PNG: palette entry {index} is used in row {y}, but the palette has {entries} colours.");
            ReadOnlySpan<byte> colour = _palette.AsSpan(index * 3, 3);
            samples[o] = colour[0];
            samples[o + 1] = colour[1];
            samples[o + 2] = colour[2];
            if (_paletteAlpha is not null)
                samples[o + 3] = _paletteAlpha[index];
        }
    }

    // Grey or RGB where one colour is transparent: an alpha channel of nothing and full.
    private void ExpandKeyed<T>(ReadOnlySpan<byte> stored, Span<T> samples)
        where T : unmanaged
    {
        int count = samples.Length / Channels;
        int maximum = Header.BitDepth == 16 ? 65535 : 255;
        int scale = maximum / ((1 << Header.BitDepth) - 1);
        for (int x = 0; x < count; x++)
        {
            bool transparent = true;
            for (int c = 0; c < _storedChannels; c++)
            {
                int i = x * _storedChannels + c;
                int value = Header.BitDepth switch
                {
                    16 => BinaryPrimitives.ReadUInt16BigEndian(stored[(2 * i)..]),
                    8 => stored[i],
                    _ => SmallSample(stored, i),
                };
                transparent &= value == _colourKey![c];
                Set(samples, x * Channels + c, value * scale);
            }
            Set(samples, x * Channels + _storedChannels, transparent ? 0 : maximum);
        }
    }

    private static void Set<T>(Span<T> samples, int index, int value)
        where T : unmanaged
    {
        if (typeof(T) == typeof(ushort))
            MemoryMarshal.Cast<T, ushort>(samples)[index] = (ushort)value;
        else
            MemoryMarshal.Cast<T, byte>(samples)[index] = (byte)value;
    }

    // Samples of less than a byte are packed from the most significant bit.
    private int SmallSample(ReadOnlySpan<byte> stored, int index)
    {
        int bit = index * Header.BitDepth;
        return stored[bit >> 3] >> (8 - Header.BitDepth - (bit & 7)) & ((1 << Header.BitDepth) - 1);
    }
}
