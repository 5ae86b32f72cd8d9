using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace Gsasr.Imaging.Formats;

/// <summary>
/// Reads PNG. All chunks are checked before the pixels are decoded. The library's decoder needs four times the memory, and leaves missing
/// rows black without saying so, so rows are decoded here (<see cref="PngRows"/>).
/// </summary>
internal sealed class PngFile
{
    private const int Grey = 0, Rgb = 2, Palette = 3, GreyAlpha = 4, Rgba = 6;
    private const int MaximumPaletteEntries = 256;

    // A deflate stream of n bytes expands to at most 1032 n bytes: 258 for every 2 bits.
    private const int MaximumDeflateRatio = 1032;

    private readonly int _width;
    private readonly int _height;
    private readonly int _depth;
    private readonly int _colourType;
    private readonly bool _interlaced;
    private readonly List<ReadOnlyMemory<byte>> _pixelData = [];
    private readonly List<PngChunk> _keptChunks = [];

    // Kinds of metadata that a file may have once. Only the first one counts, so that a file cannot ask for the work many times.
    private readonly HashSet<string> _found = [];
    private string? _firstLeftOut;
    private int _leftOut;
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
            Rgb or GreyAlpha or Rgba => _depth is 8 or 16,
            _ => false,
        };
        if (!exists)
            throw Wrong($"colour type {_colourType} with {_depth} bits a sample does not exist.");
        if (header[10] != 0 || header[11] != 0 || header[12] > 1)
            throw Wrong($"unknown compression, filter or interlace method ({header[10]}, {header[11]}, {header[12]}).");
    }

    /// <summary>The eight bytes every PNG file begins with.</summary>
    public static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    private ChannelLayout Layout => _colourType switch
    {
        Grey => _transparency is null ? ChannelLayout.Grey : ChannelLayout.GreyAlpha,
        GreyAlpha => ChannelLayout.GreyAlpha,
        Rgb or Palette => _transparency is null ? ChannelLayout.Rgb : ChannelLayout.Rgba,
        _ => ChannelLayout.Rgba,
    };

    /// <summary>Reads a file.</summary>
    public static Image Decode(ReadOnlyMemory<byte> bytes, ImageLimits limits)
    {
        PngFile file = ReadChunks(bytes);
        var header = new ImageHeader(file._width, file._height, file.Layout, file._depth == 16 ? 16 : 8);
        long pixelBytes = file._pixelData.Sum(data => (long)data.Length);
        limits.Check("PNG", header, pixelBytes, ExifData.GetOrientation(file._metadata.Exif));
        var rows = new PngRows(file._depth, file._colourType switch { Rgb => 3, GreyAlpha => 2, Rgba => 4, _ => 1 }, file.Colours(), file.ColourKey());
        if (pixelBytes * MaximumDeflateRatio < rows.RowBytes(header.Width) * header.Height)
            throw Wrong($"{pixelBytes} bytes of compressed data cannot hold {header.Width} x {header.Height} pixels: the file is damaged.");
        Image image = Image.Create(header.Width, header.Height, header.Layout, header.BitDepth);
        using var pixelData = new PieceStream(file._pixelData);
        rows.Read(pixelData, image, file._interlaced);
        image.Metadata = file._metadata with { PngChunks = file._keptChunks };
        image.Notes = file.Notes();
        return image;
    }

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
                file._pixelData.Add(bytes.Slice(start + 8, (int)length));
            else if (isNeeded)
                file.ReadNeeded(type, data);
            else if (isIntact)
                file.ReadMetadata(type, data);
            else
                (file._firstLeftOut, file._leftOut) = (file._firstLeftOut ?? type, file._leftOut + 1);
            pixelsEnded = file._pixelData.Count > 0 && type != "IDAT";
            start += 12 + (int)length;
        }
    }

    private PngFile Complete()
    {
        if (_pixelData.Count == 0)
            throw Wrong("the file has no IDAT chunk, that is no pixels.");
        if (_colourType == Palette && _palette.Length == 0)
            throw Wrong("the image uses a palette, but there is no PLTE chunk.");
        return this;
    }

    private void ReadNeeded(string type, ReadOnlySpan<byte> data)
    {
        bool beforePixels = _pixelData.Count == 0;
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

    // Metadata that cannot be understood are left out, because the picture does not depend on them.
    private void ReadMetadata(string type, ReadOnlySpan<byte> data)
    {
        int nameEnd = data.IndexOf((byte)0);
        switch (type)
        {
            // A name, a zero, method 0, a zlib stream.
            case "iCCP" when nameEnd is >= 1 and <= 79 && data.Length >= nameEnd + 2 && data[nameEnd + 1] == 0 && _found.Add(type):
                _metadata = _metadata with { IccProfile = IccProfile.Inflate(data[(nameEnd + 2)..]) };
                break;
            case "eXIf" when _found.Add(type):
                _metadata = _metadata with { Exif = data.ToArray() };
                break;
            case "pHYs" when data.Length == 9 && data[8] <= 1 && _found.Add(type):
                uint x = BinaryPrimitives.ReadUInt32BigEndian(data), y = BinaryPrimitives.ReadUInt32BigEndian(data[4..]);
                if (x > 0 && y > 0)
                    _metadata = _metadata with { Density = new PixelDensity(x, y, data[8] == 1) };
                break;
            case "iTXt" when nameEnd == PngChunks.XmpKeyword.Length && Encoding.Latin1.GetString(data[..nameEnd]) == PngChunks.XmpKeyword:
                if (_found.Add(PngChunks.XmpKeyword))
                    _metadata = _metadata with { Xmp = TextOf(data[(nameEnd + 1)..]) };
                break;
            case "tEXt" or "zTXt" or "iTXt":
            case "gAMA" or "cICP" when data.Length == 4 && _found.Add(type):
            case "cHRM" when data.Length == 32 && _found.Add(type):
            case "sRGB" when data.Length == 1 && data[0] <= 3 && _found.Add(type):
                _keptChunks.Add(new PngChunk(type, data.ToArray()));
                break;
            case "acTL":
                _found.Add(type);
                break;
        }
    }

    private List<string> Notes()
    {
        List<string> notes = [];
        if (_found.Contains("acTL"))
            notes.Add("PNG: the file is an animation; its still picture was read.");
        if (_leftOut == 1)
            notes.Add($"PNG: the {_firstLeftOut} chunk was left out: its checksum is wrong.");
        else if (_leftOut > 1)
            notes.Add($"PNG: {_leftOut} chunks were left out, the first of them {_firstLeftOut}: their checksums are wrong.");
        return notes;
    }

    // After the keyword of an iTXt chunk: whether it is compressed, method 0, a language and a translated keyword with a zero each, the
    // text.
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

    // All colours that an index can name; those the palette does not have are black.
    private byte[] Colours()
    {
        if (_colourType != Palette)
            return [];
        int channels = _transparency is null ? 3 : 4;
        byte[] colours = new byte[channels << _depth];
        for (int i = 0; i < 1 << _depth; i++)
        {
            if (3 * i < _palette.Length)
                _palette.AsSpan(3 * i, 3).CopyTo(colours.AsSpan(channels * i));
            if (_transparency is not null)
                colours[channels * i + 3] = i < _transparency.Length ? _transparency[i] : byte.MaxValue;
        }

        return colours;
    }

    // Stored as 16 bits whatever the depth. Only as many bits as a sample has count.
    private ushort[] ColourKey()
    {
        var key = new ushort[_colourType == Palette || _transparency is null ? 0 : _transparency.Length / 2];
        for (int c = 0; c < key.Length; c++)
            key[c] = (ushort)(BinaryPrimitives.ReadUInt16BigEndian(_transparency.AsSpan(2 * c)) & ((1 << _depth) - 1));
        return key;
    }

    private static ImageFormatException Wrong(string what) => new($"PNG: {what}");
}
