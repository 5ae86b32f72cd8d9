using System.Buffers.Binary;

namespace Gsasr.Imaging.Tests;

/// <summary>Writes little-endian TIFF files of one strip by the letter of the specification, also such as are wrong on purpose.</summary>
internal sealed class TiffBuilder
{
    private readonly SortedDictionary<int, (int Type, int Count, byte[] Value)> _entries = [];

    public TiffBuilder(int width, int height, int photometric, int samples, int bits)
    {
        Shorts(256, width).Shorts(257, height).Shorts(258, [.. Enumerable.Repeat(bits, samples)]).Shorts(259, 1).Shorts(262, photometric)
            .Shorts(277, samples).Shorts(278, height);
    }

    /// <summary>Sets a tag to numbers of 16 bits.</summary>
    public TiffBuilder Shorts(int tag, params int[] values)
    {
        byte[] bytes = new byte[2 * values.Length];
        for (int i = 0; i < values.Length; i++)
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2 * i), (ushort)values[i]);
        _entries[tag] = (3, values.Length, bytes);
        return this;
    }

    /// <summary>Sets a tag to one number of 32 bits.</summary>
    public TiffBuilder Long(int tag, int value)
    {
        _entries[tag] = (4, 1, BitConverter.GetBytes(value));
        return this;
    }

    /// <summary>Sets a tag to text.</summary>
    public TiffBuilder Text(int tag, string text)
    {
        byte[] bytes = [.. text.Select(c => (byte)c), 0];
        _entries[tag] = (2, bytes.Length, bytes);
        return this;
    }

    /// <summary>Sets a tag to a fraction.</summary>
    public TiffBuilder Fraction(int tag, int numerator, int denominator)
    {
        _entries[tag] = (5, 1, [.. BitConverter.GetBytes(numerator), .. BitConverter.GetBytes(denominator)]);
        return this;
    }

    /// <summary>The file with this strip behind its header.</summary>
    public byte[] File(byte[] strip, TiffBuilder? camera = null)
    {
        Long(273, 8).Long(279, strip.Length);
        return Behind(strip, camera);
    }

    /// <summary>The header and the directories alone, as in EXIF.</summary>
    public byte[] Directory(TiffBuilder camera) => Behind([], camera);

    private byte[] Behind(byte[] strip, TiffBuilder? camera)
    {
        List<byte> file = [.. "II*\0"u8, 0, 0, 0, 0, .. strip];
        if (camera is not null)
            Long(34665, camera.Append(file));
        byte[] start = BitConverter.GetBytes(Append(file));
        for (int i = 0; i < 4; i++)
            file[4 + i] = start[i];
        return [.. file];
    }

    /// <summary>A directory of no tags.</summary>
    public static TiffBuilder Empty()
    {
        var builder = new TiffBuilder(0, 0, 0, 0, 0);
        builder._entries.Clear();
        return builder;
    }

    // Values that do not fit into the entries come first.
    private int Append(List<byte> file)
    {
        List<byte> directory = [(byte)_entries.Count, 0];
        foreach ((int tag, (int type, int count, byte[] value)) in _entries)
        {
            Align(file);
            directory.AddRange([(byte)tag, (byte)(tag >> 8), (byte)type, 0, .. BitConverter.GetBytes(count)]);
            directory.AddRange(value.Length > 4 ? BitConverter.GetBytes(file.Count) : [.. value, .. new byte[4 - value.Length]]);
            if (value.Length > 4)
                file.AddRange(value);
        }

        Align(file);
        int start = file.Count;
        file.AddRange([.. directory, 0, 0, 0, 0]);
        return start;
    }

    private static void Align(List<byte> file)
    {
        if (file.Count % 2 == 1)
            file.Add(0);
    }
}
