using System.Buffers.Binary;
using SixLabors.ImageSharp.Formats.Tiff;
using SixLabors.ImageSharp.Metadata;
using SixLabors.ImageSharp.Metadata.Profiles.Exif;

namespace Gsasr.Imaging.Formats;

/// <summary>
/// Reads the first page of a TIFF. Everything that its directory refers to must lie in the file. The decoder then gets the file with a
/// directory of only the picture's own tags and the descriptive ones, so that it neither follows other directories nor copies profiles.
/// </summary>
internal sealed class TiffFile
{
    private const int EntryLength = 12;
    private const int Rgb = 2, Palette = 3, Cmyk = 5, YCbCr = 6;
    private const int Jpeg = 7;
    private const int UnsignedInteger = 1, FloatingPoint = 3;

    // More strips than any picture has.
    private const int MaximumNumbers = 1 << 24;
    private const int Width = 256, Height = 257, BitsPerSample = 258, Compression = 259, Photometric = 262, FillOrder = 266, StripOffsets = 273, OrientationTag = 274;
    private const int SamplesPerPixel = 277, RowsPerStrip = 278, StripByteCounts = 279, XResolution = 282, YResolution = 283, Planar = 284;
    private const int ResolutionUnit = 296, Predictor = 317, TileWidth = 322, ExtraSamples = 338, SampleFormat = 339, JpegTables = 347, Subsampling = 530;
    private const int Xmp = 700, Icc = 34675, CameraDirectory = 34665, PositionDirectory = 34853;

    // Needed by the decoder besides those above: fax options, predictor, colour map, YCbCr.
    private static readonly HashSet<int> PictureTags =
    [
        254, Width, Height, BitsPerSample, Compression, Photometric, FillOrder, StripOffsets, SamplesPerPixel, RowsPerStrip, StripByteCounts, Planar,
        292, 293, Predictor, 320, ExtraSamples, SampleFormat, JpegTables, 529, Subsampling, 531, 532,
    ];

    /// <summary>What describes a picture in its own directory: description, make, model, orientation, software, date, artist, copyright.</summary>
    public static IReadOnlySet<int> MainTags { get; } = new HashSet<int> { 270, 271, 272, OrientationTag, 305, 306, 315, 33432 };

    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly bool _littleEndian;
    private readonly Dictionary<int, Entry> _entries = [];
    private long _valueBytes;

    private TiffFile(ReadOnlyMemory<byte> bytes)
    {
        _bytes = bytes;
        _littleEndian = bytes.Span[0] == 'I';
        if (bytes.Length < 8)
            throw Truncated();
        long directory = Read32(4);
        List<Entry> entries = ReadDirectory(directory, out long next);
        foreach (Entry entry in entries)
            _entries.TryAdd(entry.Tag, entry);
        HasMorePages = next != 0;
        foreach (int tag in new[] { CameraDirectory, PositionDirectory })
        {
            if (_entries.ContainsKey(tag))
                ReadDirectory(Number(tag, 0), out _);
        }
    }

    private bool HasMorePages { get; }

    /// <summary>Reads a file.</summary>
    public static Image Decode(ReadOnlyMemory<byte> bytes, ImageLimits limits)
    {
        // The library makes an array of these by reflection; naming the type here keeps it in programs that are compiled ahead of time.
        GC.KeepAlive(Enum.GetValues<ExifDataType>());
        var file = new TiffFile(bytes);
        ImageHeader header = file.CheckPicture(limits);
        byte[]? exif = null;
        Image image = PixelCodec.Decode(
            "TIFF", new TiffDecoder { DecodingMode = FrameDecodingMode.First }, file.WithSimpleDirectory(), header, profile => exif = Describe(profile));
        image.Metadata = new ImageMetadata
        {
            IccProfile = file._entries.TryGetValue(Icc, out Entry icc) ? file.Value(icc).ToArray() : null,
            Xmp = file._entries.TryGetValue(Xmp, out Entry xmp) ? file.Value(xmp).ToArray() : null,
            Exif = exif,
            Density = file.ReadDensity(),
        };
        if (file.HasMorePages)
            image.Notes = ["TIFF: the file has several pages; the first was read."];
        return image;
    }

    private ImageHeader CheckPicture(ImageLimits limits)
    {
        if (_entries.ContainsKey(TileWidth))
            throw Wrong("pictures in tiles are not supported, only those in strips.");
        if (Number(Photometric, 0) == Cmyk)
            throw Wrong("CMYK is not supported.");
        if (Number(Planar, 1) == 2 && Number(Predictor, 1) != 1)
            throw Wrong("planes whose samples are stored as differences (predictor) are not supported.");
        int width = (int)Math.Min(Number(Width, 0), int.MaxValue), height = (int)Math.Min(Number(Height, 0), int.MaxValue);
        int samples = (int)Number(SamplesPerPixel, 1);
        long[] bits = _entries.ContainsKey(BitsPerSample) ? Numbers(BitsPerSample) : [1];
        if (samples is < 1 or > 4 || bits.Length != samples || bits.Any(value => value is < 1 or > 32))
            throw Wrong($"{samples} samples of {string.Join(", ", bits)} bits are not supported.");
        // The decoder makes a colour for every value that this many bits can have.
        if (Number(Photometric, 0) == Palette && (samples != 1 || bits[0] > 16))
            throw Wrong($"a palette for {samples} samples of {bits[0]} bits is not supported.");
        bool isGrey = Number(Photometric, 0) is 0 or 1;
        bool hasAlpha = _entries.ContainsKey(ExtraSamples) && samples == 4;
        if (isGrey && samples > 1)
            throw Wrong("grey with alpha is not supported.");
        ChannelLayout layout = isGrey ? ChannelLayout.Grey : hasAlpha ? ChannelLayout.Rgba : ChannelLayout.Rgb;
        var header = new ImageHeader(width, height, layout, bits.Any(value => value > 8) ? 16 : 8);
        limits.Check("TIFF", header, _bytes.Length, ReadOrientation());
        CheckSamples(bits);
        CheckStrips(width, height, samples, bits);
        if (Number(Compression, 1) == Jpeg)
            CheckJpeg(width, height, samples, limits);
        return header;
    }

    // What the decoder takes for something else without a word.
    private void CheckSamples(long[] bits)
    {
        bool isPlanar = Number(Planar, 1) == 2;
        long compression = Number(Compression, 1), photometric = Number(Photometric, 0);
        long format = Number(SampleFormat, UnsignedInteger);
        bool isMixed = _entries.ContainsKey(SampleFormat) && Numbers(SampleFormat).Any(other => other != format);
        bool isFloat = format == FloatingPoint;
        if (isMixed || (isFloat ? isPlanar || photometric > Rgb || bits.Any(value => value != 32) : format != UnsignedInteger))
            throw Wrong($"samples of {bits[0]} bits in format {format} are not supported, only unsigned integers and, not in planes, floats of 32 bits.");
        if (Number(FillOrder, 1) != 1 && compression is not (2 or 3 or 4))
            throw Wrong("bytes whose first bit is the lowest are not supported, except in fax compression.");
        if (Number(Predictor, 1) == 2 && compression is 5 or 8 or 32946
            && (isFloat || bits.Any(value => value is not (8 or 16 or 32)) || photometric > Palette || (photometric == Palette && bits[0] != 8)))
            throw Wrong($"these samples of {bits[0]} bits are not supported where they are stored as differences (predictor).");
    }

    private void CheckStrips(int width, int height, int samples, long[] bits)
    {
        long[] offsets = Numbers(StripOffsets), counts = Numbers(StripByteCounts);
        long rows = Math.Min(Number(RowsPerStrip, height), height);
        int planes = Number(Planar, 1) == 2 ? samples : 1;
        long strips = rows < 1 ? 0 : (height + rows - 1) / rows;
        if (strips == 0 || offsets.Length != counts.Length || offsets.Length != strips * planes)
            throw Wrong($"there are {offsets.Length} strips with {counts.Length} lengths for {height} rows: the file is damaged.");
        for (int i = 0; i < offsets.Length; i++)
        {
            if (offsets[i] + counts[i] > _bytes.Length)
                throw Wrong($"strip {i} ends at byte {offsets[i] + counts[i]}, but the file has only {_bytes.Length}: it is truncated.");
        }

        long compression = Number(Compression, 1);
        bool isSubsampled = Number(Photometric, 0) == YCbCr;
        for (int i = 0; i < offsets.Length; i++)
        {
            int plane = (int)(i / strips);
            long stripRows = Math.Min(rows, height - i % strips * rows);
            long wanted = isSubsampled ? SubsampledBytes(width, stripRows, planes > 1 ? plane : -1)
                : (width * (planes > 1 ? bits[plane] : bits.Sum()) + 7) / 8 * stripRows;
            long? count = TiffStrip.Count(compression, _bytes.Slice((int)offsets[i], (int)counts[i]), wanted);
            if (count < wanted)
                throw Wrong($"strip {i} holds {count} bytes of the {wanted} of its {stripRows} rows: the file is damaged.");
        }
    }

    // Every strip is a JPEG of its own but for the tables.
    private void CheckJpeg(int width, int height, int samples, ImageLimits limits)
    {
        long[] offsets = Numbers(StripOffsets), counts = Numbers(StripByteCounts);
        long rows = Math.Min(Number(RowsPerStrip, height), height), strips = (height + rows - 1) / rows;
        // The caller was shown the whole picture.
        limits = limits with { Inspect = null };
        using var jpeg = new JpegFile();
        jpeg.ReadTables(_entries.TryGetValue(JpegTables, out Entry tables) ? Value(tables) : [], limits);
        for (int i = 0; i < offsets.Length; i++)
        {
            ReadOnlySpan<byte> strip = _bytes.Span.Slice((int)offsets[i], (int)counts[i]);
            try
            {
                jpeg.CheckStrip(strip, Number(Planar, 1) == 2 ? 1 : samples, width, Math.Min(rows, height - i % strips * rows), limits, _bytes.Length);
            }
            catch (ImageFormatException e)
            {
                throw Wrong($"strip {i}: {e.Message}");
            }
        }
    }

    // Colours of YCbCr are stored once for a block of pixels; a block has its pixels' brightness, then two colours.
    private long SubsampledBytes(int width, long rows, int plane)
    {
        if (Number(Compression, 1) == Jpeg)
            return 0;
        long[] factors = _entries.ContainsKey(Subsampling) ? Numbers(Subsampling) : [];
        if (factors is not [1 or 2 or 4, 1 or 2 or 4])
            throw Wrong("YCbCr is supported only where the file says how far its colours are subsampled: by 1, 2 or 4.");
        (long across, long down) = (factors[0], factors[1]);
        long blocks = ((width + across - 1) / across) * ((rows + down - 1) / down);
        return plane switch { < 0 => blocks * (across * down + 2), 0 => width * rows, _ => blocks };
    }

    // The file with another offset in its header, followed by the directory at that offset.
    private PieceStream WithSimpleDirectory()
    {
        Entry[] kept = [.. _entries.Values.Where(entry => PictureTags.Contains(entry.Tag) || MainTags.Contains(entry.Tag) || entry.Tag is CameraDirectory or PositionDirectory).OrderBy(entry => entry.Tag)];
        byte[] header = _bytes[..8].ToArray();
        int padding = _bytes.Length & 1;
        Write32(header, 4, (uint)(_bytes.Length + padding));
        byte[] directory = new byte[padding + 2 + kept.Length * EntryLength + 4];
        Write16(directory, padding, kept.Length);
        for (int i = 0; i < kept.Length; i++)
        {
            int entry = padding + 2 + i * EntryLength;
            _bytes.Slice(kept[i].Position, EntryLength).CopyTo(directory.AsMemory(entry));
            if (kept[i].Tag == RowsPerStrip)
            {
                // "All rows" may be written as a number larger than the picture's, and the decoder would allocate a buffer of that size.
                Write16(directory, entry + 2, 4);
                Write32(directory, entry + 8, (uint)Math.Min(Number(RowsPerStrip, 1), Number(Height, 1)));
            }
        }

        return new PieceStream(header, _bytes[8..], directory);
    }

    // The tags that describe the picture, without those that describe how this file stores it.
    private static byte[]? Describe(byte[] exif)
    {
        var profile = new ExifProfile(exif);
        foreach (IExifValue value in profile.Values.ToArray())
        {
            if (PictureTags.Contains((ushort)value.Tag) || value.GetValue() is "")
                profile.RemoveValue(value.Tag);
        }

        return profile.Values.Count > 0 ? profile.ToByteArray() : null;
    }

    private PixelDensity? ReadDensity()
    {
        double x = Ratio(XResolution), y = Ratio(YResolution);
        return Number(ResolutionUnit, 2) switch
        {
            2 => PixelDensity.PerInch(x, y),
            3 => PixelDensity.PerInch(x * 2.54, y * 2.54),
            _ => null,
        };
    }

    private int ReadOrientation() =>
        _entries.TryGetValue(OrientationTag, out Entry entry) && entry is { Type: 3, Count: >= 1 } && Read16(Value(entry), 0) is >= 1 and <= 8 and int orientation
            ? orientation : 1;

    private double Ratio(int tag) =>
        _entries.TryGetValue(tag, out Entry entry) && entry is { Type: 5, Count: >= 1 } && Value(entry) is var value
            ? Read32(value, 0) / (double)Read32(value, 4) : double.NaN;

    private List<Entry> ReadDirectory(long offset, out long next)
    {
        if (offset < 8 || offset + 2 > _bytes.Length)
            throw Truncated();
        int count = Read16(_bytes.Span, (int)offset);
        if (offset + 2 + (long)count * EntryLength + 4 > _bytes.Length)
            throw Truncated();
        List<Entry> entries = [];
        for (int position = (int)offset + 2; entries.Count < count; position += EntryLength)
        {
            var entry = new Entry(position, Read16(_bytes.Span, position), Read16(_bytes.Span, position + 2), Read32(position + 4));
            entries.Add(entry);
            if (entry.ByteLength > 4 && Read32(position + 8) + entry.ByteLength > _bytes.Length)
                throw Truncated();
            // The decoder copies every value, and many entries may refer to the same bytes.
            _valueBytes += entry.ByteLength;
            if (_valueBytes > 2L * _bytes.Length)
                throw Wrong("the entries of the directory name more bytes than the file has: it is damaged.");
        }

        next = Read32((int)offset + 2 + count * EntryLength);
        return entries;
    }

    private ReadOnlySpan<byte> Value(in Entry entry) =>
        _bytes.Span.Slice(entry.ByteLength > 4 ? (int)Read32(entry.Position + 8) : entry.Position + 8, (int)entry.ByteLength);

    private long[] Numbers(int tag)
    {
        if (!_entries.TryGetValue(tag, out Entry entry) || entry.Type is not (1 or 3 or 4) || entry.Count > MaximumNumbers)
            throw Wrong($"tag {tag} is missing or holds no numbers: the file is damaged.");
        ReadOnlySpan<byte> value = Value(entry);
        var numbers = new long[entry.Count];
        for (int i = 0; i < numbers.Length; i++)
            numbers[i] = entry.Type switch { 1 => value[i], 3 => Read16(value, 2 * i), _ => Read32(value, 4 * i) };
        return numbers;
    }

    private long Number(int tag, long missing) => _entries.ContainsKey(tag) && Numbers(tag) is [long number, ..] ? number : missing;

    private int Read16(ReadOnlySpan<byte> data, int position) =>
        _littleEndian ? BinaryPrimitives.ReadUInt16LittleEndian(data[position..]) : BinaryPrimitives.ReadUInt16BigEndian(data[position..]);

    private long Read32(ReadOnlySpan<byte> data, int position) =>
        _littleEndian ? BinaryPrimitives.ReadUInt32LittleEndian(data[position..]) : BinaryPrimitives.ReadUInt32BigEndian(data[position..]);

    private long Read32(int position) => Read32(_bytes.Span, position);

    private void Write16(byte[] file, int position, int value)
    {
        if (_littleEndian)
            BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(position), (ushort)value);
        else
            BinaryPrimitives.WriteUInt16BigEndian(file.AsSpan(position), (ushort)value);
    }

    private void Write32(byte[] file, int position, uint value)
    {
        if (_littleEndian)
            BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(position), value);
        else
            BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(position), value);
    }

    private ImageFormatException Truncated() =>
        Wrong($"a directory refers to bytes beyond the end of the file, which has {_bytes.Length}: it is truncated or damaged.");

    private static ImageFormatException Wrong(string what) => new($"TIFF: {what}");

    private readonly record struct Entry(int Position, int Tag, int Type, long Count)
    {
        public long ByteLength => Count * Type switch { 1 or 2 or 6 or 7 => 1, 3 or 8 => 2, 4 or 9 or 11 or 13 => 4, 5 or 10 or 12 => 8, _ => 0 };
    }
}
