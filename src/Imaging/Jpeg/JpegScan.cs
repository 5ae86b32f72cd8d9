namespace Gsasr.Imaging.Jpeg;

/// <summary>One scan: some components, a band of coefficients (Ss..Se) and, progressively, a range of their bits (Ah, Al).</summary>
internal sealed class JpegScan
{
    // ITU-T T.81, B.2.3; for scans of several components.
    private const int MaximumBlocksPerMcu = 10;

    private readonly JpegFrame _frame;
    private readonly JpegComponent[] _components;
    private readonly int _first;
    private readonly int _last;
    private readonly int _high;
    private readonly int _low;
    private readonly short[] _block = new short[64];

    // Blocks that the latest end-of-band code still covers.
    private int _endOfBandRun;

    private JpegScan(JpegFrame frame, JpegComponent[] components, int first, int last, int high, int low)
    {
        _frame = frame;
        _components = components;
        (_first, _last, _high, _low) = (first, last, high, low);
    }

    /// <summary>Reads and checks a scan header (SOS) against the frame, the tables, and the scans before it.</summary>
    public static JpegScan Parse(
        ReadOnlySpan<byte> segment, JpegFrame frame, JpegHuffmanTable?[] dcTables, JpegHuffmanTable?[] acTables, int[]?[] quantisation)
    {
        int count = segment.Length > 0 ? segment[0] : 0;
        if (count < 1 || count > frame.Components.Length || segment.Length != 4 + 2 * count)
            throw new ImageFormatException("JPEG: the scan header (SOS) has a wrong length or number of components.");
        int first = segment[1 + 2 * count], last = segment[2 + 2 * count];
        int high = segment[3 + 2 * count] >> 4, low = segment[3 + 2 * count] & 15;
        if (!frame.IsProgressive)
        {
            // Some writers leave nonsense in these fields, which mean nothing here.
            (first, last, high, low) = (0, 63, 0, 0);
        }
        else if (first > last || last > 63 || low > 13 || (high > 0 && low != high - 1)
            || (first == 0) != (last == 0) || (first > 0 && count > 1))
        {
            throw new ImageFormatException(
                $"JPEG: a progressive scan of coefficients {first} to {last}, bits {high} to {low}, is not allowed.");
        }

        var components = new JpegComponent[count];
        for (int i = 0; i < count; i++)
        {
            int id = segment[1 + 2 * i];
            JpegComponent component = Array.Find(frame.Components, candidate => candidate.Id == id)
                ?? throw new ImageFormatException($"JPEG: a scan names component {id}, which the frame does not have.");
            if (Array.IndexOf(components, component) >= 0)
                throw new ImageFormatException($"JPEG: a scan names component {id} twice.");
            components[i] = component;
            component.Quantisation ??= quantisation[component.QuantisationIndex]
                ?? throw new ImageFormatException($"JPEG: quantisation table {component.QuantisationIndex} is missing.");
            int tables = segment[2 + 2 * i];
            component.DcTable = first == 0 && high == 0 ? Table(dcTables, tables >> 4, "DC") : null;
            component.AcTable = last > 0 ? Table(acTables, tables & 15, "AC") : null;
            for (int k = first; k <= last; k++)
            {
                // Each bit of a coefficient comes once and in order: this also bounds the number of scans that do anything.
                if (component.KnownBit[k] != (high == 0 ? -1 : high) || (k > 0 && component.KnownBit[0] < 0 && first > 0))
                {
                    throw new ImageFormatException(
                        $"JPEG: a scan repeats coefficients of component {id} or comes before those it refines.");
                }
                component.KnownBit[k] = low;
            }
        }
        int blocksPerMcu = components.Sum(component => component.HorizontalSampling * component.VerticalSampling);
        if (count > 1 && blocksPerMcu > MaximumBlocksPerMcu)
            throw new ImageFormatException($"JPEG: {blocksPerMcu} blocks in an MCU are more than the format allows.");
        return new JpegScan(frame, components, first, last, high, low);
    }

    /// <summary>Decodes the scan's data.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="position">Where the data begin.</param>
    /// <param name="restartInterval">MCUs between restart markers, or 0.</param>
    /// <returns>Where to look for the next marker.</returns>
    public int Decode(ReadOnlySpan<byte> file, int position, int restartInterval)
    {
        var reader = new JpegBitReader(file, position);
        bool interleaved = _components.Length > 1;
        int across = interleaved ? _frame.McusAcross : _components[0].BlocksAcross;
        int down = interleaved ? _frame.McusDown : _components[0].BlocksDown;
        int untilRestart = restartInterval;
        int restarts = 0;
        Reset();
        for (int y = 0; y < down; y++)
        {
            for (int x = 0; x < across; x++)
            {
                if (restartInterval > 0 && untilRestart-- == 0)
                {
                    Restart(file, ref reader, restarts++ & 7, y, down);
                    untilRestart = restartInterval - 1;
                }
                if (interleaved)
                    DecodeMcu(ref reader, x, y);
                else
                    DecodeBlock(ref reader, _components[0], x, y);
                if (reader.IsOverrun)
                {
                    throw new ImageFormatException(
                        $"JPEG: the compressed data end in row {y} of {down} of a scan: the file is truncated or damaged.");
                }
            }
        }
        return reader.Position;
    }

    private static JpegHuffmanTable Table(JpegHuffmanTable?[] tables, int index, string kind)
    {
        JpegHuffmanTable? table = index < tables.Length ? tables[index] : null;
        if (table is null)
            throw new ImageFormatException($"JPEG: {kind} Huffman table {index} is missing.");
        if (kind == "DC" && !table.HasSymbolsUpTo(15))
            throw new ImageFormatException($"JPEG: DC Huffman table {index} holds symbols that are no bit counts.");
        return table;
    }

    private void Reset()
    {
        _endOfBandRun = 0;
        foreach (JpegComponent component in _components)
            component.DcPrediction = 0;
    }

    private void Restart(ReadOnlySpan<byte> file, ref JpegBitReader reader, int number, int y, int down)
    {
        int marker = JpegDecoder.FindMarker(file, reader.Position);
        if (marker >= file.Length || file[marker + 1] != JpegMarker.Rst0 + number)
        {
            throw new ImageFormatException(
                $"JPEG: restart marker {number} is missing in row {y} of {down} of a scan: the file is damaged.");
        }
        reader.Restart(marker + 2);
        Reset();
    }

    private void DecodeMcu(ref JpegBitReader reader, int mcuX, int mcuY)
    {
        foreach (JpegComponent component in _components)
        {
            for (int v = 0; v < component.VerticalSampling; v++)
            {
                for (int h = 0; h < component.HorizontalSampling; h++)
                    DecodeBlock(ref reader, component, mcuX * component.HorizontalSampling + h, mcuY * component.VerticalSampling + v);
            }
        }
    }

    private void DecodeBlock(ref JpegBitReader reader, JpegComponent component, int x, int y)
    {
        if (!_frame.IsProgressive)
        {
            DecodeSequential(ref reader, component, x, y);
            return;
        }
        Span<short> block = component.Coefficients.AsSpan((y * component.Stride + x) * 64, 64);
        if (_first == 0 && _high == 0)
            block[0] = (short)(ReadDc(ref reader, component) << _low);
        else if (_first == 0)
            block[0] |= (short)(reader.ReadBit() << _low);
        else if (_high == 0)
            DecodeBandFirst(ref reader, component.AcTable!, block);
        else
            RefineBand(ref reader, component.AcTable!, block);
    }

    private void DecodeSequential(ref JpegBitReader reader, JpegComponent component, int x, int y)
    {
        Span<short> block = _block;
        block.Clear();
        int dc = ReadDc(ref reader, component);
        block[0] = (short)dc;
        JpegHuffmanTable table = component.AcTable!;
        ReadOnlySpan<byte> zigZag = JpegTables.ZigZag;
        bool hasAc = false;
        for (int k = 1; k < 64; k++)
        {
            int symbol = table.Decode(ref reader);
            int bits = symbol & 15;
            if (bits == 0)
            {
                // A run of 16 zeros, or the end of the block.
                if (symbol != 0xF0)
                    break;
                k += 15;
                continue;
            }
            k += symbol >> 4;
            if (k > 63)
                throw OutsideBlock();
            block[zigZag[k]] = (short)reader.ReadSigned(bits);
            hasAc = true;
        }
        int stride = component.Stride * 8;
        Span<byte> samples = component.Samples.AsSpan(y * 8 * stride + x * 8);
        if (hasAc)
            JpegTransform.Inverse(block, component.Quantisation, samples, stride);
        else
            JpegTransform.InverseOfDc(block[0], component.Quantisation![0], samples, stride);
    }

    private static int ReadDc(ref JpegBitReader reader, JpegComponent component)
    {
        int bits = component.DcTable!.Decode(ref reader);
        if (bits > 0)
            component.DcPrediction += reader.ReadSigned(bits);
        return component.DcPrediction;
    }

    // ITU-T T.81, G.1.2.2.
    private void DecodeBandFirst(ref JpegBitReader reader, JpegHuffmanTable table, Span<short> block)
    {
        if (_endOfBandRun > 0)
        {
            _endOfBandRun--;
            return;
        }
        for (int k = _first; k <= _last; k++)
        {
            int symbol = table.Decode(ref reader);
            int run = symbol >> 4, bits = symbol & 15;
            if (bits == 0)
            {
                if (run < 15)
                {
                    _endOfBandRun = (1 << run) - 1 + reader.Read(run);
                    return;
                }
                k += 15;
                continue;
            }
            k += run;
            if (k > _last)
                throw OutsideBlock();
            block[JpegTables.ZigZag[k]] = (short)(reader.ReadSigned(bits) << _low);
        }
    }

    // ITU-T T.81, G.1.2.3: one more bit for every coefficient known not to be zero, and new ones of magnitude 1 in between.
    private void RefineBand(ref JpegBitReader reader, JpegHuffmanTable table, Span<short> block)
    {
        int k = _first;
        while (k <= _last && _endOfBandRun == 0)
        {
            int symbol = table.Decode(ref reader);
            int run = symbol >> 4, bits = symbol & 15;
            int value = 0;
            if (bits == 0 && run < 15)
            {
                _endOfBandRun = (1 << run) + reader.Read(run);
                break;
            }
            if (bits > 1)
                throw new ImageFormatException("JPEG: a refining scan adds a coefficient of more than one bit: the file is damaged.");
            if (bits == 1)
                value = reader.ReadBit() != 0 ? 1 << _low : -1 << _low;
            // The run counts the coefficients that stay zero; those not zero are passed by and refined.
            for (; k <= _last; k++)
            {
                ref short coefficient = ref block[JpegTables.ZigZag[k]];
                if (coefficient != 0)
                    Refine(ref reader, ref coefficient);
                else if (run-- == 0)
                    break;
            }
            if (value != 0)
            {
                if (k > _last)
                    throw OutsideBlock();
                block[JpegTables.ZigZag[k]] = (short)value;
            }
            k++;
        }
        if (_endOfBandRun > 0)
        {
            for (; k <= _last; k++)
            {
                ref short coefficient = ref block[JpegTables.ZigZag[k]];
                if (coefficient != 0)
                    Refine(ref reader, ref coefficient);
            }
            _endOfBandRun--;
        }
    }

    private void Refine(ref JpegBitReader reader, ref short coefficient)
    {
        if (reader.ReadBit() != 0)
            coefficient += (short)(coefficient > 0 ? 1 << _low : -1 << _low);
    }

    private static ImageFormatException OutsideBlock() =>
        new("JPEG: the compressed data go beyond the end of a block: the file is damaged.");
}
