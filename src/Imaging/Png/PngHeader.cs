using System.Buffers.Binary;

namespace Gsasr.Imaging.Png;

/// <summary>The colour types of PNG: bit 0 palette, bit 1 colour, bit 2 alpha.</summary>
internal enum PngColourType
{
    Grey = 0,
    Rgb = 2,
    Palette = 3,
    GreyAlpha = 4,
    Rgba = 6,
}

/// <summary>The IHDR chunk.</summary>
internal readonly record struct PngHeader(int Width, int Height, int BitDepth, PngColourType ColourType, bool IsInterlaced)
{
    /// <summary>Samples in a stored pixel.</summary>
    public int StoredChannels => ColourType switch
    {
        PngColourType.Rgb => 3,
        PngColourType.GreyAlpha => 2,
        PngColourType.Rgba => 4,
        _ => 1,
    };

    /// <summary>Bytes in a stored pixel, at least 1: the distance at which filters look to the left.</summary>
    public int FilterDistance => Math.Max(1, StoredChannels * BitDepth / 8);

    /// <summary>Bytes in a stored row of some pixels, without its filter byte.</summary>
    public long RowBytes(int width) => ((long)width * StoredChannels * BitDepth + 7) / 8;

    /// <summary>Reads and checks the data of the chunk.</summary>
    public static PngHeader Parse(ReadOnlySpan<byte> data)
    {
        if (data.Length != 13)
            throw new ImageFormatException($"PNG: the IHDR chunk has {data.Length} bytes instead of 13.");
        uint width = BinaryPrimitives.ReadUInt32BigEndian(data);
        uint height = BinaryPrimitives.ReadUInt32BigEndian(data[4..]);
        if (width is 0 or > int.MaxValue || height is 0 or > int.MaxValue)
            throw new ImageFormatException($"PNG: the header gives a size of {width} x {height} pixels.");
        int bitDepth = data[8];
        int colourType = data[9];
        bool allowed = colourType switch
        {
            0 => bitDepth is 1 or 2 or 4 or 8 or 16,
            3 => bitDepth is 1 or 2 or 4 or 8,
            2 or 4 or 6 => bitDepth is 8 or 16,
            _ => false,
        };
        if (!allowed)
            throw new ImageFormatException($"PNG: colour type {colourType} with {bitDepth} bits a sample does not exist.");
        if (data[10] != 0)
            throw new ImageFormatException($"PNG: unknown compression method {data[10]}.");
        if (data[11] != 0)
            throw new ImageFormatException($"PNG: unknown filter method {data[11]}.");
        if (data[12] > 1)
            throw new ImageFormatException($"PNG: unknown interlace method {data[12]}.");
        return new PngHeader((int)width, (int)height, bitDepth, (PngColourType)colourType, data[12] == 1);
    }
}
