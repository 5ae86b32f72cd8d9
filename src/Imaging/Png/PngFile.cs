using System.Buffers.Binary;
using System.IO.Compression;

namespace Gsasr.Imaging.Png;

/// <summary>Everything in a PNG file but the pixels: header, palette, transparency, metadata, and where the pixels are.</summary>
internal sealed class PngFile
{
    private static readonly uint Ihdr = PngChunks.TypeOf("IHDR"u8);
    private static readonly uint Plte = PngChunks.TypeOf("PLTE"u8);
    private static readonly uint Idat = PngChunks.TypeOf("IDAT"u8);
    private static readonly uint Iend = PngChunks.TypeOf("IEND"u8);
    private static readonly uint Trns = PngChunks.TypeOf("tRNS"u8);
    private static readonly uint Iccp = PngChunks.TypeOf("iCCP"u8);
    private static readonly uint Exif = PngChunks.TypeOf("eXIf"u8);
    private static readonly uint Gama = PngChunks.TypeOf("gAMA"u8);
    private static readonly uint Srgb = PngChunks.TypeOf("sRGB"u8);
    private static readonly uint Chrm = PngChunks.TypeOf("cHRM"u8);
    private static readonly uint Phys = PngChunks.TypeOf("pHYs"u8);

    // Lower-case first letter: the picture can be understood without the chunk.
    private const uint AncillaryBit = 0x20000000;

    private PngFile(PngHeader header) => Header = header;

    public PngHeader Header { get; }

    /// <summary>Red, green, blue per entry; empty without a PLTE chunk.</summary>
    public byte[] Palette { get; private set; } = [];

    /// <summary>The tRNS chunk: alpha per palette entry, or the transparent colour as 16-bit values; null without one.</summary>
    public byte[]? Transparency { get; private set; }

    public ImageMetadata Metadata { get; private set; } = ImageMetadata.None;

    /// <summary>Where the data of the IDAT chunks are.</summary>
    public List<(int Offset, int Length)> ImageData { get; } = [];

    /// <summary>The layout of the decoded image: palettes expanded, transparency as an alpha channel.</summary>
    public ChannelLayout Layout => (Header.ColourType, Transparency is not null) switch
    {
        (PngColourType.Grey, false) => ChannelLayout.Grey,
        (PngColourType.Grey, true) or (PngColourType.GreyAlpha, _) => ChannelLayout.GreyAlpha,
        (PngColourType.Rgb or PngColourType.Palette, false) => ChannelLayout.Rgb,
        _ => ChannelLayout.Rgba,
    };

    /// <summary>Reads all chunks up to IEND; what follows IEND is ignored.</summary>
    public static PngFile Parse(ReadOnlySpan<byte> bytes)
    {
        var chunks = new PngChunks(bytes);
        chunks.MoveNext();
        if (chunks.Type != Ihdr)
            throw new ImageFormatException($"PNG: the first chunk is {chunks.Name} instead of IHDR.");
        var file = new PngFile(PngHeader.Parse(chunks.Data));
        bool imageDataEnded = false;
        bool sawImageData = false;
        while (true)
        {
            chunks.MoveNext();
            if (chunks.Type == Iend)
                break;
            if (chunks.Type == Idat)
            {
                if (imageDataEnded)
                    throw new ImageFormatException("PNG: the IDAT chunks do not follow one another.");
                sawImageData = true;
                if (chunks.Data.Length > 0)
                    file.ImageData.Add((chunks.DataOffset, chunks.Data.Length));
                continue;
            }
            imageDataEnded = sawImageData;
            file.ReadChunk(chunks, sawImageData);
        }
        if (!sawImageData)
            throw new ImageFormatException("PNG: the file has no IDAT chunk, that is no pixels.");
        if (file.Header.ColourType == PngColourType.Palette && file.Palette.Length == 0)
            throw new ImageFormatException("PNG: the image uses a palette, but there is no PLTE chunk.");
        return file;
    }

    private void ReadChunk(PngChunks chunk, bool afterImageData)
    {
        if (chunk.Type == Plte)
        {
            ReadPalette(chunk.Data, afterImageData);
        }
        else if (chunk.Type == Trns)
        {
            ReadTransparency(chunk.Data, afterImageData);
        }
        else if ((chunk.Type & AncillaryBit) == 0)
        {
            throw new ImageFormatException(chunk.Type == Ihdr
                ? "PNG: a second IHDR chunk."
                : $"PNG: unknown critical chunk {chunk.Name}: the picture cannot be understood without it.");
        }
        else
        {
            ReadMetadata(chunk.Type, chunk.Data);
        }
    }

    private void ReadPalette(ReadOnlySpan<byte> data, bool afterImageData)
    {
        if (afterImageData || Palette.Length > 0 || Transparency is not null)
            throw new ImageFormatException("PNG: the PLTE chunk is repeated or stands after tRNS or IDAT.");
        if (Header.ColourType is PngColourType.Grey or PngColourType.GreyAlpha)
            throw new ImageFormatException("PNG: a PLTE chunk in a grey image.");
        if (data.Length is 0 or > 768 || data.Length % 3 != 0)
            throw new ImageFormatException($"PNG: the PLTE chunk has {data.Length} bytes; it must have 3 for each of 1 to 256 colours.");
        Palette = data.ToArray();
    }

    private void ReadTransparency(ReadOnlySpan<byte> data, bool afterImageData)
    {
        if (afterImageData || Transparency is not null)
            throw new ImageFormatException("PNG: the tRNS chunk is repeated or stands after IDAT.");
        bool fits = Header.ColourType switch
        {
            PngColourType.Grey => data.Length == 2,
            PngColourType.Rgb => data.Length == 6,
            PngColourType.Palette => data.Length >= 1 && data.Length <= Palette.Length / 3,
            _ => false,
        };
        if (!fits)
        {
            throw new ImageFormatException(
                $"PNG: a tRNS chunk of {data.Length} bytes does not fit colour type {(int)Header.ColourType} or stands before PLTE.");
        }
        Transparency = data.ToArray();
    }

    // Metadata that cannot be understood is left out: the picture itself is not affected.
    private void ReadMetadata(uint type, ReadOnlySpan<byte> data)
    {
        if (type == Iccp)
            Metadata = Metadata with { IccProfile = Inflate(data) ?? Metadata.IccProfile };
        else if (type == Exif)
            Metadata = Metadata with { Exif = data.ToArray() };
        else if (type == Gama && data.Length == 4)
            Metadata = Metadata with { PngGamma = BinaryPrimitives.ReadUInt32BigEndian(data) };
        else if (type == Srgb && data.Length == 1 && data[0] <= 3)
            Metadata = Metadata with { PngSrgbIntent = data[0] };
        else if (type == Chrm && data.Length == 32)
            Metadata = Metadata with { PngChromaticities = data.ToArray() };
        else if (type == Phys && data.Length == 9 && data[8] <= 1)
        {
            uint x = BinaryPrimitives.ReadUInt32BigEndian(data), y = BinaryPrimitives.ReadUInt32BigEndian(data[4..]);
            if (x > 0 && y > 0)
                Metadata = Metadata with { Density = new PixelDensity(x, y, data[8] == 1) };
        }
    }

    // The iCCP chunk: a name of 1 to 79 bytes, a zero, method 0, a zlib stream.
    private static byte[]? Inflate(ReadOnlySpan<byte> data)
    {
        int nameEnd = data.IndexOf((byte)0);
        if (nameEnd is < 1 or > 79 || data.Length < nameEnd + 2 || data[nameEnd + 1] != 0)
            return null;
        using var zlib = new ZLibStream(new MemoryStream(data[(nameEnd + 2)..].ToArray()), CompressionMode.Decompress);
        using var profile = new MemoryStream();
        byte[] block = new byte[8192];
        try
        {
            int count;
            while ((count = zlib.Read(block)) > 0)
            {
                profile.Write(block, 0, count);
                if (profile.Length > IccProfiles.MaximumLength)
                    return null;
            }
        }
        // The data are in memory: an IOException too can only come from zlib, for a stream that wants a preset dictionary.
        catch (Exception exception) when (exception is InvalidDataException or IOException)
        {
            return null;
        }
        return profile.Length > 0 ? profile.ToArray() : null;
    }
}
