using System.Buffers.Binary;

namespace Gsasr.Imaging.Png;

/// <summary>Goes through the chunks of a PNG file and checks their lengths, types and checksums.</summary>
internal ref struct PngChunks
{
    private readonly ReadOnlySpan<byte> _file;
    private int _next;

    public PngChunks(ReadOnlySpan<byte> file)
    {
        _file = file;
        _next = Signature.Length;
    }

    /// <summary>The eight bytes every PNG file begins with.</summary>
    public static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>The type of the current chunk, four letters as a big-endian number.</summary>
    public uint Type { get; private set; }

    /// <summary>Where the data of the current chunk begin in the file.</summary>
    public int DataOffset { get; private set; }

    /// <summary>The data of the current chunk.</summary>
    public ReadOnlySpan<byte> Data { get; private set; }

    /// <summary>The type's letters, for messages.</summary>
    public readonly string Name => NameOf(Type);

    /// <summary>A chunk type as a number.</summary>
    public static uint TypeOf(ReadOnlySpan<byte> name) => BinaryPrimitives.ReadUInt32BigEndian(name);

    /// <summary>Goes to the next chunk; there must be one.</summary>
    public void MoveNext()
    {
        int start = _next;
        if (_file.Length - start < 12)
            throw new ImageFormatException($"PNG: the file is truncated: it ends at byte {_file.Length}, before the IEND chunk.");
        uint length = BinaryPrimitives.ReadUInt32BigEndian(_file[start..]);
        Type = BinaryPrimitives.ReadUInt32BigEndian(_file[(start + 4)..]);
        for (int i = 4; i < 8; i++)
        {
            if (!char.IsAsciiLetter((char)_file[start + i]))
                throw new ImageFormatException($"PNG: no valid chunk type at byte {start + 4}.");
        }
        if (length > (uint)(_file.Length - start - 12))
        {
            throw new ImageFormatException(
                $"PNG: the file is truncated: chunk {Name} at byte {start} claims {length} bytes, "
                + $"the file has only {_file.Length - start - 12} more.");
        }
        DataOffset = start + 8;
        Data = _file.Slice(DataOffset, (int)length);
        _next = DataOffset + (int)length + 4;
        if (Crc32.Compute(_file.Slice(start + 4, (int)length + 4)) != BinaryPrimitives.ReadUInt32BigEndian(_file[(_next - 4)..]))
            throw new ImageFormatException($"PNG: wrong checksum in chunk {Name} at byte {start}: the file is damaged.");
    }

    private static string NameOf(uint type) => string.Create(4, type, static (name, value) =>
    {
        for (int i = 0; i < 4; i++)
            name[i] = (char)(value >> (24 - 8 * i) & 0xFF);
    });
}
