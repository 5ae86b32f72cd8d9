using System.Buffers.Binary;

namespace Gsasr.Imaging.Jpeg;

/// <summary>Decodes baseline, extended sequential and progressive Huffman-coded JPEG of 8 bits (ITU-T T.81), grey or colour.</summary>
internal static class JpegDecoder
{
    // Ordinary progressive files have about ten scans; every scan goes over all blocks, so their number bounds the time.
    private const int MaximumScans = 200;

    /// <summary>Decodes a file that begins with a start-of-image marker.</summary>
    public static Image Decode(ReadOnlySpan<byte> file, ImageLimits limits)
    {
        var quantisation = new int[]?[4];
        var dcTables = new JpegHuffmanTable?[4];
        var acTables = new JpegHuffmanTable?[4];
        var metadata = new JpegMetadata();
        JpegFrame? frame = null;
        int restartInterval = 0;
        int scans = 0;
        int position = 2;
        while (true)
        {
            position = FindMarker(file, position);
            if (position >= file.Length)
            {
                // Without its last marker a sequential file is whole if all components are there; a progressive one may lack scans.
                if (frame is { IsProgressive: false } && Array.TrueForAll(frame.Components, component => component.KnownBit[63] == 0))
                    break;
                throw new ImageFormatException($"JPEG: the file is truncated: it ends at byte {file.Length} without an end marker.");
            }
            int marker = file[position + 1];
            position += 2;
            if (marker == JpegMarker.Eoi)
                break;
            if (marker is JpegMarker.Tem or JpegMarker.Soi or (>= JpegMarker.Rst0 and <= JpegMarker.Rst7))
                continue;
            if (JpegMarker.UnsupportedProcess(marker) is { } process)
                throw new ImageFormatException($"JPEG: {process} is not supported.");

            ReadOnlySpan<byte> segment = Segment(file, position, marker);
            int next = position + 2 + segment.Length;
            switch (marker)
            {
                case JpegMarker.Sof0 or JpegMarker.Sof1 or JpegMarker.Sof2:
                    if (frame is not null)
                        throw new ImageFormatException($"JPEG: a second frame header at byte {position}.");
                    frame = JpegFrame.Parse(segment, marker == JpegMarker.Sof2, limits);
                    break;
                case JpegMarker.Dht:
                    ReadHuffmanTables(segment, dcTables, acTables);
                    break;
                case JpegMarker.Dqt:
                    ReadQuantisationTables(segment, quantisation);
                    break;
                case JpegMarker.Dri:
                    if (segment.Length != 2)
                        throw new ImageFormatException("JPEG: the restart interval (DRI) has a wrong length.");
                    restartInterval = BinaryPrimitives.ReadUInt16BigEndian(segment);
                    break;
                case JpegMarker.Sos:
                    if (frame is null)
                        throw new ImageFormatException("JPEG: a scan (SOS) comes before the frame header (SOF).");
                    if (++scans > MaximumScans)
                        throw new ImageFormatException($"JPEG: the file has more than {MaximumScans} scans.");
                    var scan = JpegScan.Parse(segment, frame, dcTables, acTables, quantisation);
                    if (scans == 1)
                        frame.Allocate(file.Length);
                    next = scan.Decode(file, next, restartInterval);
                    break;
                default:
                    metadata.Read(marker, segment);
                    break;
            }
            position = next;
        }
        return Finish(frame, metadata);
    }

    /// <summary>Where the next marker is at or after a position, or the length of the file.</summary>
    public static int FindMarker(ReadOnlySpan<byte> file, int position)
    {
        while (position < file.Length)
        {
            int found = file[position..].IndexOf((byte)0xFF);
            if (found < 0)
                break;
            position += found;
            if (position + 1 < file.Length && file[position + 1] is not (0 or 0xFF))
                return position;
            position++;
        }
        return file.Length;
    }

    private static ReadOnlySpan<byte> Segment(ReadOnlySpan<byte> file, int position, int marker)
    {
        int length = position <= file.Length - 2 ? BinaryPrimitives.ReadUInt16BigEndian(file[position..]) : file.Length;
        if (length < 2)
            throw new ImageFormatException($"JPEG: segment {marker:X2} at byte {position - 2} has a length of {length}.");
        if (length > file.Length - position)
            throw new ImageFormatException($"JPEG: the file is truncated in segment {marker:X2} at byte {position - 2}.");
        return file.Slice(position + 2, length - 2);
    }

    private static void ReadHuffmanTables(ReadOnlySpan<byte> segment, JpegHuffmanTable?[] dcTables, JpegHuffmanTable?[] acTables)
    {
        while (segment.Length > 0)
        {
            int kind = segment[0] >> 4, index = segment[0] & 15;
            int count = 0;
            for (int i = 1; i <= 16 && segment.Length >= 17; i++)
                count += segment[i];
            if (segment.Length < 17 + count || count > 256 || kind > 1 || index > 3)
                throw new ImageFormatException("JPEG: a Huffman table (DHT) has a wrong length or number.");
            (kind == 0 ? dcTables : acTables)[index] = new JpegHuffmanTable(segment.Slice(1, 16), segment.Slice(17, count));
            segment = segment[(17 + count)..];
        }
    }

    private static void ReadQuantisationTables(ReadOnlySpan<byte> segment, int[]?[] tables)
    {
        while (segment.Length > 0)
        {
            int bytes = (segment[0] >> 4) + 1, index = segment[0] & 15;
            if (bytes > 2 || index > 3 || segment.Length < 1 + 64 * bytes)
                throw new ImageFormatException("JPEG: a quantisation table (DQT) has a wrong length or number.");
            int[] table = new int[64];
            for (int k = 0; k < 64; k++)
            {
                ReadOnlySpan<byte> entry = segment[(1 + k * bytes)..];
                table[JpegTables.ZigZag[k]] = bytes == 1 ? entry[0] : BinaryPrimitives.ReadUInt16BigEndian(entry);
            }
            tables[index] = table;
            segment = segment[(1 + 64 * bytes)..];
        }
    }

    private static Image Finish(JpegFrame? frame, JpegMetadata metadata)
    {
        if (frame is null)
            throw new ImageFormatException("JPEG: the file has no frame header (SOF), that is no image.");
        foreach (JpegComponent component in frame.Components)
        {
            if (component.KnownBit[0] < 0)
                throw new ImageFormatException($"JPEG: the file has no data for component {component.Id}.");
            if (frame.IsProgressive)
                TransformAll(component);
        }
        bool isRgb = metadata.IsRgb(frame);
        byte[] samples = JpegOutput.Assemble(frame, isRgb);
        ChannelLayout layout = frame.Components.Length == 1 ? ChannelLayout.Grey : ChannelLayout.Rgb;
        return new Image(frame.Width, frame.Height, layout, samples) { Metadata = metadata.ToImageMetadata() };
    }

    private static void TransformAll(JpegComponent component)
    {
        int stride = component.Stride * 8;
        Parallel.For(0, component.BlocksDown, y =>
        {
            for (int x = 0; x < component.BlocksAcross; x++)
            {
                ReadOnlySpan<short> block = component.Coefficients.AsSpan((y * component.Stride + x) * 64, 64);
                JpegTransform.Inverse(block, component.Quantisation, component.Samples.AsSpan(y * 8 * stride + x * 8), stride);
            }
        });
        component.Coefficients = [];
    }
}
