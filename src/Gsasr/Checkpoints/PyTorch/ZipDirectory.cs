using System.Buffers.Binary;
using System.Text;

namespace Gsasr.Checkpoints.PyTorch;

/// <summary>
/// The table of contents of a ZIP archive, ZIP64 included, read only as far as a checkpoint needs: entries that are stored as they
/// are, at known offsets of the file. System.IO.Compression would hide the offsets and accept entries of the same name.
/// </summary>
internal sealed class ZipDirectory
{
    private const int EndRecordBytes = 22;
    private const int End64RecordBytes = 56;
    private const int End64LocatorBytes = 20;
    private const int EntryBytes = 46;
    private const int LocalHeaderBytes = 30;
    private const int MaxDirectoryBytes = 16 * 1024 * 1024;
    private const int MaxEntries = 65_536;

    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly SeekableBytes _bytes;
    private long _directoryStart;

    private ZipDirectory(SeekableBytes bytes) => _bytes = bytes;

    /// <summary>The entries' names; each byte is one character, since names are compared and never interpreted.</summary>
    public IReadOnlyCollection<string> Names => _entries.Keys;

    public bool Contains(string name) => _entries.ContainsKey(name);

    public static ZipDirectory Read(SeekableBytes bytes)
    {
        var directory = new ZipDirectory(bytes);
        directory.ReadEntries();
        return directory;
    }

    /// <summary>Where an entry's data lies, and its checksum. (The one before the data is often left out.)</summary>
    /// <exception cref="CheckpointFormatException">There is no such entry, or it is compressed, encrypted or out of place.</exception>
    public StoredBytes Locate(string name)
    {
        if (!_entries.TryGetValue(name, out Entry entry))
            throw Invalid($"has no entry {Quote.Name(name)}");
        if ((entry.Flags & 1) != 0)
            throw Invalid($"has its entry {Quote.Name(name)} encrypted");
        if (entry.Method != 0 || entry.CompressedLength != entry.Length)
            throw Invalid($"has its entry {Quote.Name(name)} compressed (to claim {entry.Length} bytes); PyTorch never does that. Refused");
        if (entry.HeaderOffset > _directoryStart - LocalHeaderBytes)
            throw Misplaced(name);

        Span<byte> header = stackalloc byte[LocalHeaderBytes];
        _bytes.Read(entry.HeaderOffset, header);
        int nameLength = BinaryPrimitives.ReadUInt16LittleEndian(header[26..]);
        long offset = entry.HeaderOffset + LocalHeaderBytes + nameLength + BinaryPrimitives.ReadUInt16LittleEndian(header[28..]);
        if (BinaryPrimitives.ReadUInt32LittleEndian(header) != 0x04034b50 || nameLength != name.Length
            || offset > _directoryStart || entry.Length > _directoryStart - offset)
        {
            throw Misplaced(name);
        }

        var localName = new byte[nameLength];
        _bytes.Read(entry.HeaderOffset + LocalHeaderBytes, localName);
        if (Encoding.Latin1.GetString(localName) != name)
            throw Misplaced(name);
        return new StoredBytes(name, offset, entry.Length, entry.Checksum);
    }

    private void ReadEntries()
    {
        (long start, long length, long count) = FindDirectory();
        if (length > MaxDirectoryBytes || count > MaxEntries)
            throw Invalid($"lists {count} entries in {length} bytes, more than any checkpoint has");
        _directoryStart = start;
        var table = new byte[length];
        _bytes.Read(start, table);
        ReadOnlySpan<byte> rest = table;
        for (long i = 0; i < count; i++)
        {
            if (rest.Length < EntryBytes || BinaryPrimitives.ReadUInt32LittleEndian(rest) != 0x02014b50)
                throw Invalid("has a damaged table of contents");
            int nameLength = BinaryPrimitives.ReadUInt16LittleEndian(rest[28..]);
            int extraLength = BinaryPrimitives.ReadUInt16LittleEndian(rest[30..]);
            int entryLength = EntryBytes + nameLength + extraLength + BinaryPrimitives.ReadUInt16LittleEndian(rest[32..]);
            if (entryLength > rest.Length)
                throw Invalid("has a damaged table of contents");
            string name = Encoding.Latin1.GetString(rest.Slice(EntryBytes, nameLength));
            CheckName(name);
            Entry entry = ReadEntry(rest, rest.Slice(EntryBytes + nameLength, extraLength));
            if (!_entries.TryAdd(name, entry))
                throw Invalid($"has two entries {Quote.Name(name)}");
            rest = rest[entryLength..];
        }

        if (!rest.IsEmpty)
            throw Invalid("has a damaged table of contents");
    }

    private Entry ReadEntry(ReadOnlySpan<byte> fields, ReadOnlySpan<byte> extra)
    {
        long compressedLength = BinaryPrimitives.ReadUInt32LittleEndian(fields[20..]);
        long length = BinaryPrimitives.ReadUInt32LittleEndian(fields[24..]);
        long headerOffset = BinaryPrimitives.ReadUInt32LittleEndian(fields[42..]);

        // ZIP64: those of the three that do not fit 32 bits follow, in this order, in extra field 1.
        ReadOnlySpan<byte> wide = FindExtra(extra, id: 1);
        Widen(ref length, ref wide);
        Widen(ref compressedLength, ref wide);
        Widen(ref headerOffset, ref wide);
        return new Entry(
            BinaryPrimitives.ReadUInt16LittleEndian(fields[8..]),
            BinaryPrimitives.ReadUInt16LittleEndian(fields[10..]),
            BinaryPrimitives.ReadUInt32LittleEndian(fields[16..]),
            compressedLength,
            length,
            headerOffset);
    }

    private void Widen(ref long value, ref ReadOnlySpan<byte> wide)
    {
        if (value != uint.MaxValue)
            return;
        if (wide.Length < 8 || (value = BinaryPrimitives.ReadInt64LittleEndian(wide)) < 0)
            throw Invalid("has a damaged table of contents");
        wide = wide[8..];
    }

    private static ReadOnlySpan<byte> FindExtra(ReadOnlySpan<byte> extra, int id)
    {
        while (extra.Length >= 4)
        {
            int length = Math.Min(BinaryPrimitives.ReadUInt16LittleEndian(extra[2..]), extra.Length - 4);
            if (BinaryPrimitives.ReadUInt16LittleEndian(extra) == id)
                return extra.Slice(4, length);
            extra = extra[(4 + length)..];
        }

        return default;
    }

    private (long Start, long Length, long Count) FindDirectory()
    {
        // The end record is the last thing in the file but for a comment of at most 65,535 bytes.
        var tail = new byte[Math.Min(_bytes.Length, EndRecordBytes + ushort.MaxValue)];
        long tailStart = _bytes.Length - tail.Length;
        _bytes.Read(tailStart, tail);
        int end = tail.Length - EndRecordBytes;
        while (end >= 0 && !IsEndRecord(tail.AsSpan(end)))
            end--;
        if (end < 0)
        {
            throw new CheckpointFormatException(
                $"{_bytes.Source} is cut short: it begins as a ZIP archive and does not end as one. Copy or download it again.");
        }

        ReadOnlySpan<byte> record = tail.AsSpan(end);
        long count = BinaryPrimitives.ReadUInt16LittleEndian(record[10..]);
        long length = BinaryPrimitives.ReadUInt32LittleEndian(record[12..]);
        long start = BinaryPrimitives.ReadUInt32LittleEndian(record[16..]);
        long expectedEnd = tailStart + end;
        if (count == ushort.MaxValue || length == uint.MaxValue || start == uint.MaxValue)
            (start, length, count, expectedEnd) = FindDirectory64(expectedEnd);
        if (start < 0 || length < 0 || count < 0 || start > _bytes.Length || length > _bytes.Length - start)
            throw Invalid("has its table of contents outside the file");
        return (start, length, count);
    }

    private (long Start, long Length, long Count, long End) FindDirectory64(long endRecord)
    {
        Span<byte> locator = stackalloc byte[End64LocatorBytes];
        Span<byte> record = stackalloc byte[End64RecordBytes];
        if (endRecord < locator.Length)
            throw Invalid("has a damaged end record");
        _bytes.Read(endRecord - locator.Length, locator);
        long position = BinaryPrimitives.ReadInt64LittleEndian(locator[8..]);
        if (BinaryPrimitives.ReadUInt32LittleEndian(locator) != 0x07064b50 || position < 0 || position > endRecord - record.Length)
            throw Invalid("has a damaged end record");
        _bytes.Read(position, record);
        if (BinaryPrimitives.ReadUInt32LittleEndian(record) != 0x06064b50)
            throw Invalid("has a damaged end record");
        return (
            BinaryPrimitives.ReadInt64LittleEndian(record[48..]),
            BinaryPrimitives.ReadInt64LittleEndian(record[40..]),
            BinaryPrimitives.ReadInt64LittleEndian(record[32..]),
            position);
    }

    private static bool IsEndRecord(ReadOnlySpan<byte> bytes) =>
        BinaryPrimitives.ReadUInt32LittleEndian(bytes) == 0x06054b50
        && BinaryPrimitives.ReadUInt16LittleEndian(bytes[20..]) == bytes.Length - EndRecordBytes;

    private void CheckName(string name)
    {
        // Nothing is ever unpacked; an archive that names places outside itself was made to do harm elsewhere.
        bool harmless = name.Length > 0 && !name.StartsWith('/') && !name.Contains('\\') && !name.Contains(':') && !name.Contains('\0')
            && !name.Split('/').Contains("..");
        if (!harmless)
            throw Invalid($"has an entry that names a place outside it, {Quote.Name(name)}; refused");
    }

    private CheckpointFormatException Misplaced(string name) => Invalid($"has its entry {Quote.Name(name)} in a place where it cannot be");

    private CheckpointFormatException Invalid(string fault) => new($"{_bytes.Source}: the archive {fault}.");

    private readonly record struct Entry(int Flags, int Method, uint Checksum, long CompressedLength, long Length, long HeaderOffset);
}
