using System.Buffers.Binary;
using System.IO.Compression;

namespace Gsasr.Imaging.Tests;

/// <summary>
/// Writes PNG files of every kind the format has, plainly and by the letter of the specification: any depth, colour type,
/// filter and interlacing, and files that are wrong on purpose.
/// </summary>
internal sealed class PngBuilder
{
    private readonly List<byte> _file = [];

    public PngBuilder() => _file.AddRange([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]);

    public PngBuilder Header(uint width, uint height, int bitDepth, int colourType, int interlace = 0)
    {
        byte[] data = new byte[13];
        BinaryPrimitives.WriteUInt32BigEndian(data, width);
        BinaryPrimitives.WriteUInt32BigEndian(data.AsSpan(4), height);
        data[8] = (byte)bitDepth;
        data[9] = (byte)colourType;
        data[12] = (byte)interlace;
        return Chunk("IHDR", data);
    }

    public PngBuilder Chunk(string type, params byte[] data)
    {
        byte[] body = [.. type.Select(c => (byte)c), .. data];
        byte[] number = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        _file.AddRange(number);
        _file.AddRange(body);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc(body));
        _file.AddRange(number);
        return this;
    }

    /// <summary>All samples of an image (before packing), filtered with one filter or, for -1, with all in turn.</summary>
    public PngBuilder Pixels(int[] samples, int width, int height, int channels, int bitDepth, int filter, bool interlaced)
    {
        var raw = new MemoryStream();
        (int X, int Y, int StepX, int StepY)[] passes = interlaced
            ? [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
            : [(0, 0, 1, 1)];
        int row = 0;
        foreach ((int startX, int startY, int stepX, int stepY) in passes)
        {
            if (startX >= width)
                continue;
            byte[]? above = null;
            for (int y = startY; y < height; y += stepY)
            {
                var values = new List<int>();
                for (int x = startX; x < width; x += stepX)
                    values.AddRange(samples.AsSpan((y * width + x) * channels, channels));
                byte[] packed = Pack(values, bitDepth);
                int used = filter >= 0 ? filter : row++ % 5;
                raw.WriteByte((byte)used);
                raw.Write(Filter(used, packed, above ?? new byte[packed.Length], Math.Max(1, channels * bitDepth / 8)));
                above = packed;
            }
        }
        return Chunk("IDAT", Deflate(raw.ToArray()));
    }

    public byte[] End() => Chunk("IEND").Unfinished();

    public byte[] Unfinished() => [.. _file];

    public static byte[] Deflate(byte[] data)
    {
        var compressed = new MemoryStream();
        using (var zlib = new ZLibStream(compressed, CompressionLevel.Optimal, leaveOpen: true))
            zlib.Write(data);
        return compressed.ToArray();
    }

    /// <summary>Bit by bit, as in the specification.</summary>
    public static uint Crc(byte[] data)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in data)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? 0xEDB88320 ^ (crc >> 1) : crc >> 1;
        }
        return ~crc;
    }

    private static byte[] Pack(List<int> values, int bitDepth)
    {
        byte[] row = new byte[(values.Count * bitDepth + 7) / 8];
        for (int i = 0; i < values.Count; i++)
        {
            for (int bit = 0; bit < bitDepth; bit++)
            {
                int position = i * bitDepth + bit;
                if ((values[i] >> (bitDepth - 1 - bit) & 1) != 0)
                    row[position / 8] |= (byte)(0x80 >> (position % 8));
            }
        }
        return row;
    }

    private static byte[] Filter(int filter, byte[] row, byte[] above, int distance)
    {
        byte[] result = new byte[row.Length];
        for (int i = 0; i < row.Length; i++)
        {
            int a = i >= distance ? row[i - distance] : 0, b = above[i], c = i >= distance ? above[i - distance] : 0;
            int p = a + b - c;
            int paeth = Math.Abs(p - a) <= Math.Abs(p - b) && Math.Abs(p - a) <= Math.Abs(p - c) ? a
                : Math.Abs(p - b) <= Math.Abs(p - c) ? b : c;
            result[i] = (byte)(row[i] - filter switch { 0 => 0, 1 => a, 2 => b, 3 => (a + b) / 2, _ => paeth });
        }
        return result;
    }
}
