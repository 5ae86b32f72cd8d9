using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;
using SixLabors.ImageSharp.Formats.Png;

namespace Gsasr.Imaging.Formats;

/// <summary>
/// Reads PNG. Every chunk is checked first, and the compressed pixels are inflated once without being kept. The decoder then gets a
/// file of the picture's own chunks alone, so that neither damaged metadata nor an animation reach it.
/// </summary>
internal sealed class PngFile : IDisposable
{
    private const int Grey = 0, Rgb = 2, Palette = 3, GreyAlpha = 4;
    private const int MaximumPaletteEntries = 256;

    private readonly int _width;
    private readonly int _height;
    private readonly int _depth;
    private readonly int _colourType;
    private readonly bool _interlaced;
    private readonly MemoryStream _pixelData = new();
    private bool _hasPixels;
    private readonly List<string> _notes = [];
    private readonly List<PngChunk> _keptChunks = [];
    private byte[] _palette = [];
    private byte[]? _transparency;
    private ImageMetadata _metadata = ImageMetadata.None;

    private PngFile(ReadOnlySpan<byte> header)
    {
        if (header.Length != 13)
            throw Wrong($"the IHDR chunk has {header.Length} bytes instead of 13.");
        uint width = BinaryPrimitives.ReadUInt32BigEndian(header);
        uint height = BinaryPrimitives.ReadUInt32BigEndian(header[4..]);
        if (width is 0 or > int.MaxValue || height is 0 or > int.MaxValue)
            throw Wrong($"the header gives a size of {width} x {height} pixels.");
        (_width, _height, _depth, _colourType, _interlaced) = ((int)width, (int)height, header[8], header[9], header[12] == 1);
        bool exists = _colourType switch
        {
            Grey => _depth is 1 or 2 or 4 or 8 or 16,
            Palette => _depth is 1 or 2 or 4 or 8,
            Rgb or GreyAlpha or 6 => _depth is 8 or 16,
            _ => false,
        };
        if (!exists)
            throw Wrong($"colour type {_colourType} with {_depth} bits a sample does not exist.");
        if (header[10] != 0 || header[11] != 0 || header[12] > 1)
            throw Wrong($"unknown compression, filter or interlace method ({header[10]}, {header[11]}, {header[12]}).");
    }

    /// <summary>The eight bytes every PNG file begins with.</summary>
    public static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    private int BitsPerPixel => _depth * _colourType switch { Rgb => 3, GreyAlpha => 2, 6 => 4, _ => 1 };

    // What the decoder is asked for: a transparent colour is left to us, as it compares colours of 16 bits wrongly.
    private ChannelLayout DecodedLayout => _colourType switch
    {
        Grey => ChannelLayout.Grey,
        GreyAlpha => ChannelLayout.GreyAlpha,
        Rgb => ChannelLayout.Rgb,
        Palette when _transparency is null => ChannelLayout.Rgb,
        _ => ChannelLayout.Rgba,
    };

    private ChannelLayout Layout => (_colourType, _transparency) switch
    {
        (Grey, not null) => ChannelLayout.GreyAlpha,
        (Rgb, not null) => ChannelLayout.Rgba,
        _ => DecodedLayout,
    };

    /// <summary>Reads a file.</summary>
    public static Image Decode(ReadOnlyMemory<byte> bytes, ImageLimits limits)
    {
        using PngFile file = ReadChunks(bytes);
        var header = new ImageHeader(file._width, file._height, file.Layout, file._depth == 16 ? 16 : 8);
        limits.Check("PNG", header, bytes.Length);
        file.CheckPixelData();
        Image image = file._interlaced ? file.DecodePasses() : file.Decode(file._width, file._height, file._pixelData);
        if (file.Layout != file.DecodedLayout)
            image = file.WithColourKey(image);
        image.Metadata = file._metadata with { PngChunks = file._keptChunks };
        image.Notes = file._notes;
        return image;
    }

    public void Dispose() => _pixelData.Dispose();

    private static PngFile ReadChunks(ReadOnlyMemory<byte> bytes)
    {
        PngFile? file = null;
        bool pixelsEnded = false;
        for (int start = Signature.Length; ;)
        {
            ReadOnlySpan<byte> rest = bytes.Span[start..];
            if (rest.Length < 12)
                throw Wrong($"the file is truncated: it ends at byte {bytes.Length}, before the IEND chunk.");
            string type = Encoding.Latin1.GetString(rest.Slice(4, 4));
            if (!type.All(char.IsAsciiLetter))
                throw Wrong($"no valid chunk type at byte {start + 4}.");
            uint length = BinaryPrimitives.ReadUInt32BigEndian(rest);
            if (length > (uint)(rest.Length - 12))
                throw Wrong($"the file is truncated: chunk {type} at byte {start} claims {length} bytes, the file has only {rest.Length - 12} more.");
            ReadOnlySpan<byte> data = rest.Slice(8, (int)length);
            bool isIntact = Crc32.HashToUInt32(rest.Slice(4, (int)length + 4)) == BinaryPrimitives.ReadUInt32BigEndian(rest[(8 + (int)length)..]);
            bool isNeeded = char.IsAsciiLetterUpper(type[0]) || type == "tRNS";
            if (!isIntact && isNeeded)
                throw Wrong($"wrong checksum in chunk {type} at byte {start}: the file is damaged.");
            if (file is null)
                file = type == "IHDR" ? new PngFile(data) : throw Wrong($"the first chunk is {type} instead of IHDR.");
            else if (type == "IEND")
                return file.Complete();
            else if (type == "IDAT" && pixelsEnded)
                throw Wrong("the IDAT chunks do not follow one another.");
            else if (type == "IDAT")
                file.AddPixels(data);
            else if (isNeeded)
                file.ReadNeeded(type, data);
            else if (isIntact)
                file.ReadMetadata(type, data);
            else
                file._notes.Add($"PNG: the {type} chunk was left out: its checksum is wrong.");
            pixelsEnded = file._hasPixels && type != "IDAT";
            start += 12 + (int)length;
        }
    }

    private void AddPixels(ReadOnlySpan<byte> data)
    {
        _hasPixels = true;
        _pixelData.Write(data);
    }

    private PngFile Complete()
    {
        if (!_hasPixels)
            throw Wrong("the file has no IDAT chunk, that is no pixels.");
        if (_colourType == Palette && _palette.Length == 0)
            throw Wrong("the image uses a palette, but there is no PLTE chunk.");
        return this;
    }

    private void ReadNeeded(string type, ReadOnlySpan<byte> data)
    {
        bool beforePixels = !_hasPixels;
        switch (type)
        {
            case "PLTE":
                if (!beforePixels || _palette.Length > 0 || _transparency is not null)
                    throw Wrong("the PLTE chunk is repeated or stands after tRNS or IDAT.");
                if (_colourType is Grey or GreyAlpha)
                    throw Wrong("a PLTE chunk in a grey image.");
                if (data.Length is 0 or > 3 * MaximumPaletteEntries || data.Length % 3 != 0)
                    throw Wrong($"the PLTE chunk has {data.Length} bytes; it must have 3 for each of 1 to 256 colours.");
                _palette = data.ToArray();
                break;
            case "tRNS":
                if (!beforePixels || _transparency is not null)
                    throw Wrong("the tRNS chunk is repeated or stands after IDAT.");
                bool fits = _colourType switch
                {
                    Grey => data.Length == 2,
                    Rgb => data.Length == 6,
                    Palette => data.Length >= 1 && data.Length <= _palette.Length / 3,
                    _ => false,
                };
                if (!fits)
                    throw Wrong($"a tRNS chunk of {data.Length} bytes does not fit colour type {_colourType} or stands before PLTE.");
                _transparency = data.ToArray();
                break;
            case "IHDR":
                throw Wrong("a second IHDR chunk.");
            default:
                throw Wrong($"unknown critical chunk {type}: the picture cannot be understood without it.");
        }
    }

    // Metadata that cannot be understood are left out: the picture itself is not affected.
    private void ReadMetadata(string type, ReadOnlySpan<byte> data)
    {
        int nameEnd = data.IndexOf((byte)0);
        switch (type)
        {
            // A name, a zero, method 0, a zlib stream.
            case "iCCP" when nameEnd is >= 1 and <= 79 && data.Length >= nameEnd + 2 && data[nameEnd + 1] == 0:
                _metadata = _metadata with { IccProfile = IccProfile.Inflate(data[(nameEnd + 2)..]) ?? _metadata.IccProfile };
                break;
            case "eXIf":
                _metadata = _metadata with { Exif = data.ToArray() };
                break;
            case "pHYs" when data.Length == 9 && data[8] <= 1:
                uint x = BinaryPrimitives.ReadUInt32BigEndian(data), y = BinaryPrimitives.ReadUInt32BigEndian(data[4..]);
                if (x > 0 && y > 0)
                    _metadata = _metadata with { Density = new PixelDensity(x, y, data[8] == 1) };
                break;
            case "iTXt" when nameEnd == PngMetadataChunks.XmpKeyword.Length && Encoding.Latin1.GetString(data[..nameEnd]) == PngMetadataChunks.XmpKeyword:
                _metadata = _metadata with { Xmp = TextOf(data[(nameEnd + 1)..]) ?? _metadata.Xmp };
                break;
            case "tEXt" or "zTXt" or "iTXt":
            case "gAMA" or "cICP" when data.Length == 4 && !_keptChunks.Exists(chunk => chunk.Type == type):
            case "cHRM" when data.Length == 32 && !_keptChunks.Exists(chunk => chunk.Type == type):
            case "sRGB" when data.Length == 1 && data[0] <= 3 && !_keptChunks.Exists(chunk => chunk.Type == type):
                _keptChunks.Add(new PngChunk(type, data.ToArray()));
                break;
            case "acTL":
                _notes.Add("PNG: the file is an animation; its still picture was read.");
                break;
        }
    }

    // Behind the keyword of an iTXt chunk: whether compressed, method 0, a language and a translated keyword with a zero each, the text.
    private static byte[]? TextOf(ReadOnlySpan<byte> data)
    {
        if (data.Length < 4 || data[0] > 1 || data[1] != 0)
            return null;
        bool isCompressed = data[0] == 1;
        data = data[2..];
        for (int i = 0; i < 2; i++)
        {
            int end = data.IndexOf((byte)0);
            if (end < 0)
                return null;
            data = data[(end + 1)..];
        }

        return isCompressed ? IccProfile.Inflate(data) : data.ToArray();
    }

    private long PassBytes(int width, int height) => height * (1 + ((long)width * BitsPerPixel + 7) / 8);

    // The passes of Adam7 that have pixels; of an image that is not interlaced, all of it.
    private IEnumerable<(int Left, int Top, int StepX, int StepY, int Width, int Height)> Passes()
    {
        (int, int, int, int)[] passes = _interlaced
            ? [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
            : [(0, 0, 1, 1)];
        foreach ((int left, int top, int stepX, int stepY) in passes)
        {
            int width = (int)(((long)_width - left + stepX - 1) / stepX), height = (int)(((long)_height - top + stepY - 1) / stepY);
            if (width > 0 && height > 0)
                yield return (left, top, stepX, stepY, width, height);
        }
    }

    // The decoder leaves missing rows black without a word, so they are counted here.
    private void CheckPixelData()
    {
        long expected = Passes().Sum(pass => PassBytes(pass.Width, pass.Height));
        byte[] block = new byte[1 << 16];
        try
        {
            using ZLibStream zlib = Inflate();
            long count = 0;
            for (int read; count <= expected && (read = zlib.Read(block)) > 0;)
                count += read;
            if (count < expected)
                throw Wrong($"the compressed pixel data end after {count} of {expected} bytes.");
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            throw new ImageFormatException("PNG: the compressed pixel data are damaged.", e);
        }
    }

    private ZLibStream Inflate() => new(new MemoryStream(_pixelData.GetBuffer(), 0, (int)_pixelData.Length), CompressionMode.Decompress);

    private Image Decode(int width, int height, MemoryStream pixelData)
    {
        using var file = new MemoryStream();
        file.Write(Signature);
        Span<byte> header = stackalloc byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], height);
        (header[8], header[9]) = ((byte)_depth, (byte)_colourType);
        PngMetadataChunks.WriteChunk(file, "IHDR", header);
        if (_colourType == Palette)
        {
            // The decoder does not check indices: every one that there can be gets a colour.
            byte[] colours = new byte[3 * MaximumPaletteEntries];
            _palette.CopyTo(colours, 0);
            PngMetadataChunks.WriteChunk(file, "PLTE", colours.AsSpan(0, 3 << _depth));
            if (_transparency is not null)
                PngMetadataChunks.WriteChunk(file, "tRNS", [.. _transparency, .. Enumerable.Repeat((byte)255, (1 << _depth) - Math.Min(1 << _depth, _transparency.Length))]);
        }

        // All in one: the decoder gives up at chunks without content.
        PngMetadataChunks.WriteChunk(file, "IDAT", pixelData.GetBuffer().AsSpan(0, (int)pixelData.Length));
        PngMetadataChunks.WriteChunk(file, "IEND");
        file.Position = 0;
        return PixelCodec.Decode("PNG", new PngDecoder { IgnoreMetadata = true }, file, new ImageHeader(width, height, DecodedLayout, _depth == 16 ? 16 : 8));
    }

    // Each pass is a small image of its own, and is decoded as one: the decoder does not get through narrow interlaced images.
    private Image DecodePasses()
    {
        int sampleBytes = _depth == 16 ? 2 : 1;
        int channels = DecodedLayout.ChannelCount();
        Image whole = Image.Create(_width, _height, DecodedLayout, 8 * sampleBytes);
        using ZLibStream zlib = Inflate();
        foreach ((int left, int top, int stepX, int stepY, int width, int height) in Passes())
        {
            byte[] rows = new byte[PassBytes(width, height)];
            zlib.ReadExactly(rows);
            using var compressed = new MemoryStream();
            using (var deflate = new ZLibStream(compressed, CompressionLevel.NoCompression, leaveOpen: true))
                deflate.Write(rows);
            Image pass = Decode(width, height, compressed);
            int pixelBytes = channels * sampleBytes;
            for (int y = 0; y < height; y++)
            {
                ReadOnlySpan<byte> source = pass.RowBytes(y);
                Span<byte> target = whole.RowBytes(top + y * stepY)[(left * pixelBytes)..];
                for (int x = 0; x < width; x++)
                    source.Slice(x * pixelBytes, pixelBytes).CopyTo(target[(x * stepX * pixelBytes)..]);
            }
        }

        return whole;
    }

    // One colour of the file is transparent, the others are opaque.
    private Image WithColourKey(Image image)
    {
        int channels = image.ChannelCount, maximum = image.BitDepth == 16 ? ushort.MaxValue : byte.MaxValue;
        int[] key = new int[channels];
        for (int c = 0; c < channels; c++)
        {
            int value = BinaryPrimitives.ReadUInt16BigEndian(_transparency.AsSpan(2 * c)) & ((1 << _depth) - 1);
            key[c] = value * (maximum / ((1 << _depth) - 1));
        }

        Image result = Image.Create(_width, _height, Layout, image.BitDepth);
        if (image.BitDepth == 8)
            AddAlpha(image.Samples8, result.Samples8, Array.ConvertAll(key, value => (byte)value), byte.MaxValue);
        else
            AddAlpha(image.Samples16, result.Samples16, Array.ConvertAll(key, value => (ushort)value), ushort.MaxValue);
        return result;
    }

    private static void AddAlpha<T>(ReadOnlySpan<T> source, Span<T> target, ReadOnlySpan<T> key, T opaque)
        where T : struct, IEquatable<T>
    {
        for (; !source.IsEmpty; source = source[key.Length..], target = target[(key.Length + 1)..])
        {
            ReadOnlySpan<T> pixel = source[..key.Length];
            pixel.CopyTo(target);
            target[key.Length] = pixel.SequenceEqual(key) ? default : opaque;
        }
    }

    private static ImageFormatException Wrong(string what) => new($"PNG: {what}");
}
