namespace Gsasr.Imaging.Formats;

/// <summary>A Huffman table of a JPEG (ITU-T T.81, annex C and F.2.2.3).</summary>
internal sealed class JpegHuffmanTable
{
    private const int LookupBits = 9;

    // For every 9 bits with which a code begins: its length << 8 | its symbol. Zero where the code is longer or there is none.
    private readonly ushort[] _lookup = new ushort[1 << LookupBits];
    private readonly byte[] _symbols;

    // For each length: the code behind the last one, shifted to 16 bits; and what to add to a code for the place of its symbol.
    private readonly int[] _limits = new int[17];
    private readonly int[] _offsets = new int[17];

    /// <summary>Builds a table.</summary>
    /// <param name="counts">The number of codes of 1 to 16 bits. There are not more of them than fit.</param>
    /// <param name="symbols">The symbols in the order of their codes.</param>
    public JpegHuffmanTable(ReadOnlySpan<byte> counts, ReadOnlySpan<byte> symbols)
    {
        _symbols = symbols.ToArray();
        int code = 0, index = 0;
        for (int length = 1; length <= 16; length++)
        {
            _offsets[length] = index - code;
            for (int i = 0; i < counts[length - 1]; i++, code++, index++)
            {
                int shift = LookupBits - length;
                if (shift >= 0)
                    _lookup.AsSpan(code << shift, 1 << shift).Fill((ushort)(length << 8 | symbols[index]));
            }

            _limits[length] = code << (16 - length);
            code <<= 1;
        }
    }

    /// <summary>Takes a code and returns its symbol, or -1 if there is no such code. Up to 16 bits can be taken afterwards.</summary>
    public int Decode(ref JpegBits bits)
    {
        bits.Fill();
        int next = bits.Peek();
        int entry = _lookup[next >> (16 - LookupBits)];
        if (entry != 0)
        {
            bits.Skip(entry >> 8);
            return entry & 0xFF;
        }

        for (int length = LookupBits + 1; length <= 16; length++)
        {
            if (next < _limits[length])
            {
                bits.Skip(length);
                return _symbols[(next >> (16 - length)) + _offsets[length]];
            }
        }

        return -1;
    }
}
