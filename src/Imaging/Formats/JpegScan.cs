namespace Gsasr.Imaging.Formats;

/// <summary>
/// One scan of a JPEG. It goes through the coded data without decoding pixels, to see that all blocks are there: the decoder fills up
/// silently what is missing.
/// </summary>
internal sealed class JpegScan
{
    private readonly Part[] _parts;
    private readonly int _first;
    private readonly int _last;
    private readonly bool _isProgressive;
    private readonly bool _isRefinement;
    private readonly int _across;
    private readonly int _down;

    private int _unit;

    // Blocks that the last end-of-band code still covers.
    private int _endOfBandRun;

    private JpegScan(JpegFrame frame, Part[] parts, ReadOnlySpan<byte> band)
    {
        _parts = parts;
        _isProgressive = frame.IsProgressive;
        (_first, _last, _isRefinement) = (band[0], band[1], band[2] >> 4 != 0);
        (_across, _down) = parts.Length == 1 ? frame.BlocksOf(parts[0].Component) : frame.UnitsOfAll;
        if (_isProgressive && (_first > _last || _last > 63 || (_first == 0) != (_last == 0) || (_first > 0 && parts.Length > 1)))
            throw Wrong($"a scan (SOS) of coefficients {_first} to {_last} is not allowed.");
    }

    /// <summary>The units that restart markers count: blocks of a single component, or groups of blocks of all components.</summary>
    public int Units => _across * _down;

    /// <summary>Reads a scan header.</summary>
    public static JpegScan Parse(ReadOnlySpan<byte> segment, JpegFrame frame, JpegHuffmanTable?[] dcTables, JpegHuffmanTable?[] acTables)
    {
        int count = segment.IsEmpty ? 0 : segment[0];
        if (count < 1 || count > frame.Components.Length || segment.Length != 4 + 2 * count)
            throw Wrong("a scan header (SOS) is damaged.");
        ReadOnlySpan<byte> band = segment[^3..];
        bool hasDc = !frame.IsProgressive || band[0] == 0, isRefinement = frame.IsProgressive && band[2] >> 4 != 0;
        bool hasAc = !frame.IsProgressive || band[0] != 0;
        var parts = new Part[count];
        for (int i = 0; i < count; i++)
        {
            int id = segment[1 + 2 * i], tables = segment[2 + 2 * i];
            JpegFrame.Component component = Array.Find(frame.Components, component => component.Id == id)
                ?? throw Wrong($"a scan names component {id}, which the frame header does not have.");
            JpegHuffmanTable? dc = hasDc && !isRefinement ? Table(dcTables, tables >> 4, "DC") : null;
            parts[i] = new Part(component, count == 1 ? 1 : component.Horizontal * component.Vertical, dc, hasAc ? Table(acTables, tables & 15, "AC") : null);
            component.IsSeen |= hasDc && !isRefinement;
        }

        return new JpegScan(frame, parts, band);
    }

    /// <summary>Goes through the data up to a restart marker or the end of the scan.</summary>
    /// <param name="data">The data.</param>
    /// <param name="units">The units that they must hold; of those at the end of the scan there may be fewer.</param>
    public void Read(ReadOnlySpan<byte> data, int units)
    {
        var bits = new JpegBits(data);
        _endOfBandRun = 0;
        for (int end = _unit + Math.Min(units, Units - _unit); _unit < end; _unit++)
        {
            bool isUnderstood = ReadUnit(ref bits);
            if (bits.IsOverrun)
                throw Wrong($"the compressed data end in row {_unit / _across} of {_down} of a scan: the file is truncated or damaged.");
            if (!isUnderstood)
                throw Wrong($"the compressed data of row {_unit / _across} of {_down} of a scan cannot be decoded: the file is damaged.");
        }
    }

    private static JpegHuffmanTable Table(JpegHuffmanTable?[] tables, int number, string kind) =>
        (number < tables.Length ? tables[number] : null) ?? throw Wrong($"{kind} Huffman table {number} is missing.");

    private bool ReadUnit(ref JpegBits bits)
    {
        foreach (Part part in _parts)
        {
            for (int block = 0; block < part.Blocks; block++)
            {
                if (!ReadBlock(ref bits, part))
                    return false;
            }
        }

        return true;
    }

    private bool ReadBlock(ref JpegBits bits, Part part)
    {
        if (!_isProgressive)
            return SkipDc(ref bits, part.Dc!) && SkipAc(ref bits, part.Ac!);
        if (_first > 0)
            return _isRefinement ? RefineBand(ref bits, part) : ReadBand(ref bits, part);
        if (!_isRefinement)
            return SkipDc(ref bits, part.Dc!);
        bits.Fill();
        bits.Skip(1);
        return true;
    }

    private static bool SkipDc(ref JpegBits bits, JpegHuffmanTable table)
    {
        int length = table.Decode(ref bits);
        // A table of DC codes has no other symbols than lengths.
        if (length is < 0 or > 15)
            return false;
        bits.Skip(length);
        return true;
    }

    // A symbol is a run of zeros and the length of the coefficient that follows it.
    private static bool SkipAc(ref JpegBits bits, JpegHuffmanTable table)
    {
        for (int k = 1; k < 64; k++)
        {
            int symbol = table.Decode(ref bits);
            if (symbol < 0)
                return false;
            if ((symbol & 15) == 0 && symbol != 0xF0)
                return true;
            bits.Skip(symbol & 15);
            k += symbol >> 4;
            if (k > 63 && symbol != 0xF0)
                return false;
        }

        return true;
    }

    // ITU-T T.81, G.1.2.2.
    private bool ReadBand(ref JpegBits bits, Part part)
    {
        if (_endOfBandRun > 0)
        {
            _endOfBandRun--;
            return true;
        }

        ulong found = 0;
        for (int k = _first; k <= _last; k++)
        {
            int symbol = part.Ac!.Decode(ref bits);
            if (symbol < 0)
                return false;
            int run = symbol >> 4, length = symbol & 15;
            if (length == 0 && run < 15)
            {
                _endOfBandRun = (1 << run) - 1 + bits.Read(run);
                break;
            }

            bits.Skip(length);
            k += run;
            if (length == 0)
                continue;
            if (k > _last)
                return false;
            found |= 1UL << k;
        }

        if (found != 0)
            (part.NonZero[_unit / _across] ??= new ulong[_across])[_unit % _across] |= found;
        return true;
    }

    // ITU-T T.81, G.1.2.3: a bit for every coefficient that is not zero, and new ones in between.
    private bool RefineBand(ref JpegBits bits, Part part)
    {
        ulong nonZero = part.NonZero[_unit / _across]?[_unit % _across] ?? 0, found = 0;
        int k = _first;
        while (k <= _last && _endOfBandRun == 0)
        {
            int symbol = part.Ac!.Decode(ref bits);
            int run = symbol >> 4, length = symbol & 15;
            if (symbol < 0 || length > 1)
                return false;
            if (length == 0 && run < 15)
            {
                _endOfBandRun = (1 << run) + bits.Read(run);
                break;
            }

            bits.Skip(length);
            // The run counts the coefficients that stay zero.
            for (; k <= _last; k++)
            {
                if ((nonZero >> k & 1) != 0)
                    SkipBit(ref bits);
                else if (run-- == 0)
                    break;
            }

            if (length == 1)
            {
                if (k > _last)
                    return false;
                found |= 1UL << k;
            }

            k++;
        }

        if (_endOfBandRun > 0)
        {
            for (; k <= _last; k++)
            {
                if ((nonZero >> k & 1) != 0)
                    SkipBit(ref bits);
            }

            _endOfBandRun--;
        }

        if (found != 0)
            (part.NonZero[_unit / _across] ??= new ulong[_across])[_unit % _across] |= found;
        return true;
    }

    private static void SkipBit(ref JpegBits bits)
    {
        bits.Fill();
        bits.Skip(1);
    }

    private static ImageFormatException Wrong(string what) => new($"JPEG: {what}");

    // A component of the scan, the number of its blocks in a unit, and its tables.
    private sealed record Part(JpegFrame.Component Component, int Blocks, JpegHuffmanTable? Dc, JpegHuffmanTable? Ac)
    {
        public ulong[]?[] NonZero => Component.NonZero;
    }
}
