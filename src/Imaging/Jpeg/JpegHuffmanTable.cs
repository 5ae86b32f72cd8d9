namespace Gsasr.Imaging.Jpeg;

/// <summary>A Huffman table for decoding (ITU-T T.81, annexes C and F.2.2.3).</summary>
internal sealed class JpegHuffmanTable
{
    private const int LookupBits = 9;

    // For every start of 9 bits that determines a code: its length << 8 | its symbol; 0 for longer or missing codes.
    private readonly ushort[] _lookup = new ushort[1 << LookupBits];
    private readonly byte[] _symbols;

    // By length: the code after the last one of this length, shifted to 16 bits; and what to add to a code to index its symbol.
    private readonly int[] _limits = new int[17];
    private readonly int[] _offsets = new int[17];

    /// <summary>Builds the table from the content of a DHT segment.</summary>
    /// <param name="counts">The number of codes of each length from 1 to 16.</param>
    /// <param name="symbols">The symbols in the order of their codes; as many as the counts add up to.</param>
    /// <exception cref="ImageFormatException">There are more codes than a prefix code can have.</exception>
    public JpegHuffmanTable(ReadOnlySpan<byte> counts, ReadOnlySpan<byte> symbols)
    {
        _symbols = symbols.ToArray();
        int code = 0;
        int index = 0;
        for (int length = 1; length <= 16; length++)
        {
            _offsets[length] = index - code;
            for (int i = 0; i < counts[length - 1]; i++, code++, index++)
            {
                if (code >= 1 << length)
                    throw new ImageFormatException("JPEG: a Huffman table has more codes than fit their lengths.");
                if (length <= LookupBits)
                {
                    int shift = LookupBits - length;
                    _lookup.AsSpan(code << shift, 1 << shift).Fill((ushort)(length << 8 | symbols[index]));
                }
            }
            _limits[length] = code << (16 - length);
            code <<= 1;
        }
    }

    /// <summary>Whether all symbols are at most a number: DC tables hold bit counts.</summary>
    public bool HasSymbolsUpTo(int maximum)
    {
        foreach (byte symbol in _symbols)
        {
            if (symbol > maximum)
                return false;
        }
        return true;
    }

    /// <summary>Takes a code and returns its symbol; at least 16 bits stay filled.</summary>
    public int Decode(ref JpegBitReader reader)
    {
        reader.Fill();
        int bits = reader.Peek(16);
        int entry = _lookup[bits >> (16 - LookupBits)];
        if (entry != 0)
        {
            reader.Skip(entry >> 8);
            return entry & 0xFF;
        }
        for (int length = LookupBits + 1; length <= 16; length++)
        {
            if (bits < _limits[length])
            {
                reader.Skip(length);
                return _symbols[(bits >> (16 - length)) + _offsets[length]];
            }
        }
        throw new ImageFormatException("JPEG: the compressed data hold a code that is not in the Huffman table: the file is damaged.");
    }
}
