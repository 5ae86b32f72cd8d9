namespace Gsasr.Imaging.Formats;

/// <summary>A prefix code of a lossless WebP (RFC 9649, 6.2). A code of a single symbol takes no bits.</summary>
internal sealed class WebPPrefixCode
{
    /// <summary>The bits of the longest code.</summary>
    public const int MaximumLength = 15;

    private const int LookupBits = 8;

    private readonly int[] _counts = new int[MaximumLength + 1];
    private readonly ushort[] _symbols;

    // For every 8 bits with which a code begins: its length << 12 | its symbol. Zero where the code is longer.
    private readonly ushort[] _lookup = [];

    private WebPPrefixCode(ReadOnlySpan<byte> lengths)
    {
        foreach (byte length in lengths)
            _counts[length]++;
        _symbols = new ushort[lengths.Length - _counts[0]];
        _counts[0] = 0;
        var next = new int[MaximumLength + 1];
        for (int length = 1; length < MaximumLength; length++)
            next[length + 1] = next[length] + _counts[length];
        for (int symbol = 0; symbol < lengths.Length; symbol++)
        {
            if (lengths[symbol] > 0)
                _symbols[next[lengths[symbol]]++] = (ushort)symbol;
        }

        if (_symbols.Length > 1)
            _lookup = new ushort[1 << LookupBits];
    }

    /// <summary>Whether the code takes no bits.</summary>
    public bool IsTrivial => _symbols.Length == 1;

    /// <summary>Makes a code of the lengths of all symbols, or null if there is none of such lengths.</summary>
    public static WebPPrefixCode? Create(ReadOnlySpan<byte> lengths)
    {
        var code = new WebPPrefixCode(lengths);
        return code.IsTrivial || code.TryFillLookup() ? code : null;
    }

    /// <summary>Takes a symbol.</summary>
    public int Decode(ref WebPBits bits)
    {
        if (IsTrivial)
            return _symbols[0];
        int next = bits.Peek();
        int entry = _lookup[next & ((1 << LookupBits) - 1)];
        if (entry != 0)
        {
            bits.Skip(entry >> 12);
            return entry & 0xFFF;
        }

        int code = 0, first = 0, index = 0;
        for (int length = 1; ; length++)
        {
            code = code << 1 | next & 1;
            next >>= 1;
            if (code - first < _counts[length])
            {
                bits.Skip(length);
                return _symbols[index + code - first];
            }

            index += _counts[length];
            first = (first + _counts[length]) << 1;
        }
    }

    // Codes that are not all used up, or of which there are too many, make no tree.
    private bool TryFillLookup()
    {
        int code = 0, index = 0;
        for (int length = 1; length <= MaximumLength; length++)
        {
            code <<= 1;
            if (code + _counts[length] > 1 << length)
                return false;
            for (int i = 0; i < _counts[length]; i++, code++, index++)
            {
                if (length > LookupBits)
                    continue;
                int reversed = 0;
                for (int bit = 0; bit < length; bit++)
                    reversed |= (code >> bit & 1) << (length - 1 - bit);
                for (int entry = reversed; entry < _lookup.Length; entry += 1 << length)
                    _lookup[entry] = (ushort)(length << 12 | _symbols[index]);
            }
        }

        return code == 1 << MaximumLength;
    }
}
