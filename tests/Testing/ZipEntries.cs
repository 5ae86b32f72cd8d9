using System.Buffers.Binary;
using System.Text;

namespace Gsasr.Testing;

/// <summary>Where things lie in a ZIP archive of less than 4 GiB, for tests that damage one.</summary>
public static class ZipEntries
{
    private const int EndRecordBytes = 22;
    private const int EntryBytes = 46;
    private const int LocalHeaderBytes = 30;

    /// <summary>An entry: its name, its data, and the place of its checksum in the table of contents.</summary>
    public readonly record struct Entry(string Name, int DataStart, int DataLength, int ChecksumStart);

    /// <summary>Whether a file ends as an archive without a comment does.</summary>
    public static bool IsArchive(ReadOnlySpan<byte> file) =>
        file.Length >= EndRecordBytes && BinaryPrimitives.ReadUInt32LittleEndian(file[^EndRecordBytes..]) == 0x06054b50;

    /// <summary>The entries of an archive.</summary>
    public static IReadOnlyList<Entry> Find(ReadOnlySpan<byte> file)
    {
        var entries = new List<Entry>();
        ReadOnlySpan<byte> end = file[^EndRecordBytes..];
        int position = BinaryPrimitives.ReadInt32LittleEndian(end[16..]);
        for (int i = BinaryPrimitives.ReadUInt16LittleEndian(end[10..]); i > 0; i--)
        {
            ReadOnlySpan<byte> entry = file[position..];
            int nameLength = BinaryPrimitives.ReadUInt16LittleEndian(entry[28..]);
            ReadOnlySpan<byte> local = file[BinaryPrimitives.ReadInt32LittleEndian(entry[42..])..];
            entries.Add(new Entry(
                Encoding.Latin1.GetString(entry.Slice(EntryBytes, nameLength)),
                file.Length - local.Length + LocalHeaderBytes + BinaryPrimitives.ReadUInt16LittleEndian(local[26..])
                    + BinaryPrimitives.ReadUInt16LittleEndian(local[28..]),
                BinaryPrimitives.ReadInt32LittleEndian(entry[24..]),
                position + 16));
            position += EntryBytes + nameLength + BinaryPrimitives.ReadUInt16LittleEndian(entry[30..])
                + BinaryPrimitives.ReadUInt16LittleEndian(entry[32..]);
        }

        return entries;
    }

    /// <summary>The archive as PyTorch writes it after set_crc32_options(False): all checksums are 0.</summary>
    public static byte[] WithoutChecksums(byte[] file)
    {
        byte[] copy = [.. file];
        foreach (Entry entry in Find(file))
            copy.AsSpan(entry.ChecksumStart, sizeof(uint)).Clear();
        return copy;
    }
}
