using System.Buffers.Binary;
using SixLabors.ImageSharp.Formats.Jpeg;

namespace Gsasr.Imaging.Formats;

/// <summary>
/// Reads JPEG. The markers and the coded data are checked first, because the decoder accepts files that end early or lack restart markers as
/// complete. It then gets the file without metadata, and its components are converted to colours here (<see cref="JpegColour"/>).
/// </summary>
internal sealed class JpegFile : IDisposable
{
    private const int MaximumScans = 200;
    private const int Dht = 0xC4, Rst0 = 0xD0, Rst7 = 0xD7, Soi = 0xD8, Eoi = 0xD9, Sos = 0xDA, Dri = 0xDD, App0 = 0xE0, App14 = 0xEE, App15 = 0xEF, Com = 0xFE;

    // An Adobe segment that says "no transform", so that the decoder hands out the components as they are.
    private static readonly byte[] NoTransform =
        [0xFF, App14, 0, 14, (byte)'A', (byte)'d', (byte)'o', (byte)'b', (byte)'e', 0, 100, 0, 0, 0, 0, 0];

    private readonly MemoryStream _kept = new();
    private readonly JpegSegments _segments = new();
    private readonly JpegHuffmanTable?[] _dcTables = new JpegHuffmanTable?[4];
    private readonly JpegHuffmanTable?[] _acTables = new JpegHuffmanTable?[4];
    private JpegFrame? _frame;
    private JpegScan? _scan;
    private int _restartInterval;
    private int _scans;
    private int _strayBytes;
    private long _adobeTransform;

    private ImageHeader Header => new(_frame!.Width, _frame.Height, _frame.Components.Length == 1 ? ChannelLayout.Grey : ChannelLayout.Rgb, 8);

    /// <summary>Reads a file.</summary>
    public static Image Decode(ReadOnlySpan<byte> bytes, ImageLimits limits)
    {
        using var file = new JpegFile();
        file.ReadSegments(bytes, limits, bytes.Length);
        JpegFrame frame = file.CheckComplete();
        Image image = file.DecodeKept();
        if (frame.Components.Length == 3)
        {
            JpegColour.Convert(image, frame, isRgb: file._segments.IsRgb(frame));
        }
        else if (frame.Components.Length == 4 && file._segments.IsYcck)
        {
            // As if they were CMYK, the decoder hands out the components times black.
            file._kept.Position = file._adobeTransform;
            file._kept.WriteByte(0);
            JpegColour.Bound(image, file.DecodeKept());
        }

        image.Metadata = file._segments.ToImageMetadata();
        if (file._strayBytes > 0)
            image.Notes = [$"JPEG: {file._strayBytes} bytes that belong to no segment were skipped."];
        return image;
    }

    /// <summary>Takes the tables that the strips of a TIFF share, which are a file without a picture.</summary>
    public void ReadTables(ReadOnlySpan<byte> bytes, ImageLimits limits)
    {
        if (!bytes.IsEmpty)
            Restart(bytes, limits, bytes.Length);
    }

    /// <summary>Goes through a strip of a TIFF. Tables stay for the next one.</summary>
    /// <param name="bytes">The strip.</param>
    /// <param name="components">How many components it must have.</param>
    /// <param name="width">Its width.</param>
    /// <param name="rows">Its rows at least.</param>
    /// <param name="limits">What the file may ask for.</param>
    /// <param name="fileBytes">The length of the whole file.</param>
    public void CheckStrip(ReadOnlySpan<byte> bytes, int components, int width, long rows, ImageLimits limits, int fileBytes)
    {
        Restart(bytes, limits, fileBytes);
        JpegFrame frame = CheckComplete();
        if (frame.Components.Length != components || frame.Width != width || frame.Height < rows)
            throw Wrong($"{frame.Components.Length} components of {frame.Width} x {frame.Height} are not {components} of {width} x {rows}.");
    }

    public void Dispose() => _kept.Dispose();

    private void Restart(ReadOnlySpan<byte> bytes, ImageLimits limits, int fileBytes)
    {
        if (!bytes.StartsWith((ReadOnlySpan<byte>)[0xFF, Soi]))
            throw Wrong("the start marker (SOI) is missing.");
        (_frame, _scan, _scans, _restartInterval) = (null, null, 0, 0);
        _kept.SetLength(0);
        ReadSegments(bytes, limits, fileBytes);
    }

    private Image DecodeKept()
    {
        _kept.Position = 0;
        return PixelCodec.Decode("JPEG", new JpegDecoder { IgnoreMetadata = true }, _kept, Header);
    }

    // Keeps what the decoder needs. What follows the end marker is ignored.
    private void ReadSegments(ReadOnlySpan<byte> bytes, ImageLimits limits, int fileBytes)
    {
        _kept.Write(bytes[..2]);
        int position = 2;
        while (true)
        {
            int start = position;
            while (position < bytes.Length && bytes[position] == 0xFF)
                position++;
            if (position >= bytes.Length)
                throw Wrong($"the file is truncated: it ends at byte {bytes.Length}, before its end marker (EOI).");
            int marker = bytes[position++];
            if (_frame is null && (position == start + 1 || marker == 0))
            {
                // Some files have other bytes before the picture's segments.
                _strayBytes += position - start;
                continue;
            }

            if (position == start + 1)
                throw Wrong($"no marker at byte {start}: the file is damaged.");
            if (marker == Eoi)
            {
                _kept.Write([0xFF, Eoi]);
                return;
            }

            if (marker is 0 or 1 or Soi or (>= Rst0 and <= Rst7))
                throw Wrong($"marker {marker:X2} at byte {position - 1} does not belong there.");
            int length = bytes.Length - position < 2 ? 0 : BinaryPrimitives.ReadUInt16BigEndian(bytes[position..]);
            if (length < 2 || length > bytes.Length - position)
                throw Wrong($"the file is truncated in segment {marker:X2} at byte {position - 1}.");
            ReadOnlySpan<byte> segment = bytes[(position + 2)..(position + length)];
            ReadSegment(marker, segment, limits, fileBytes);
            int codedEnd = marker == Sos ? EndOfScan(bytes, position + length) : position + length;
            if (marker is < App0 or > App15 and not Com)
            {
                _kept.Write([0xFF, (byte)marker]);
                _kept.Write(bytes[position..codedEnd]);
            }

            position = codedEnd;
        }
    }

    private void ReadSegment(int marker, ReadOnlySpan<byte> segment, ImageLimits limits, int fileBytes)
    {
        switch (marker)
        {
            case 0xC0 or 0xC1 or 0xC2:
                if (_frame is not null)
                    throw Wrong("a second frame header (SOF).");
                _frame = JpegFrame.Parse(segment, isProgressive: marker == 0xC2);
                limits.CheckSize("JPEG", Header);
                if (_frame.Components.Length == 3)
                    _kept.Write(NoTransform);
                else if (_frame.Components.Length == 4)
                    _kept.Write(_segments.AdobeSegment);
                _adobeTransform = _kept.Position - 1;
                break;
            case 0xC3 or (>= 0xC5 and <= 0xC7) or (>= 0xC9 and <= 0xCF) or 0xF7:
                throw Wrong($"{NameOf(marker)} is not supported.");
            case Dri when segment.Length == 2:
                _restartInterval = BinaryPrimitives.ReadUInt16BigEndian(segment);
                break;
            case Dht:
                ReadHuffmanTables(segment);
                break;
            case Sos:
                if (_frame is null)
                    throw Wrong("a scan (SOS) stands before the frame header (SOF).");
                if (++_scans > MaximumScans)
                    throw Wrong($"the file has more than {MaximumScans} scans.");
                if (_scan is null)
                    limits.Check("JPEG", Header, fileBytes, _segments.Orientation);
                _scan = JpegScan.Parse(segment, _frame, _dcTables, _acTables);
                // The decoder continues the count of the scan before, unless it is told the interval again.
                if (_restartInterval > 0)
                    _kept.Write([0xFF, Dri, 0, 4, (byte)(_restartInterval >> 8), (byte)_restartInterval]);
                break;
            case >= App0 and <= App15:
                _segments.Read(marker, segment);
                break;
        }
    }

    // A table has a number, how many codes of 1 to 16 bits there are, and the values. There may not be more codes than fit.
    private void ReadHuffmanTables(ReadOnlySpan<byte> tables)
    {
        while (!tables.IsEmpty)
        {
            int codes = 0, free = 1;
            for (int length = 1; length <= 16 && tables.Length >= 17; length++)
            {
                codes += tables[length];
                free = 2 * free - tables[length];
                if (free < 0)
                    throw Wrong("a Huffman table (DHT) has more codes than there can be.");
            }

            if (tables.Length < 17 + codes || codes > 256 || (tables[0] & 0xF) > 3 || tables[0] > 0x1F)
                throw Wrong("a Huffman table (DHT) is damaged.");
            (tables[0] < 0x10 ? _dcTables : _acTables)[tables[0] & 3] = new JpegHuffmanTable(tables[1..17], tables.Slice(17, codes));
            tables = tables[(17 + codes)..];
        }
    }

    // Goes through the coded data of a scan. Restart markers must come in order, and between them there must be all blocks.
    private int EndOfScan(ReadOnlySpan<byte> bytes, int start)
    {
        JpegScan scan = _scan!;
        int interval = _restartInterval == 0 ? scan.Units : _restartInterval;
        int restartsExpected = (scan.Units - 1) / interval;
        int position = start, data = start;
        for (int restarts = 0; ;)
        {
            int next = bytes[position..].IndexOf((byte)0xFF);
            if (next < 0 || position + next + 1 >= bytes.Length)
                throw Wrong($"the file is truncated: it ends at byte {bytes.Length}, within a scan.");
            position += next + 1;
            int marker = bytes[position];
            if (marker == 0)
            {
                position++;
            }
            else if (marker is >= Rst0 and <= Rst7)
            {
                if (_restartInterval == 0 || marker - Rst0 != restarts % 8)
                    throw Wrong($"restart marker {restarts % 8} is missing at byte {position - 1}: the file is damaged.");
                scan.Read(bytes[data..(position - 1)], interval);
                restarts++;
                data = ++position;
            }
            else if (marker != 0xFF)
            {
                scan.Read(bytes[data..(position - 1)], interval);
                if (restarts < restartsExpected)
                    throw Wrong($"restart marker {restarts % 8} is missing before byte {position - 1}: the file is damaged.");
                return position - 1;
            }
        }
    }

    private JpegFrame CheckComplete()
    {
        JpegFrame frame = _frame ?? throw Wrong("the file has no frame header (SOF).");
        frame.CheckComplete();
        return frame;
    }

    private static string NameOf(int marker) => marker switch
    {
        0xC3 => "lossless JPEG",
        >= 0xC5 and <= 0xC7 => "hierarchical JPEG",
        >= 0xC9 and <= 0xCC => "arithmetic-coded JPEG",
        >= 0xCD and <= 0xCF => "hierarchical arithmetic-coded JPEG",
        _ => "JPEG-LS",
    };

    private static ImageFormatException Wrong(string what) => new($"JPEG: {what}");
}
