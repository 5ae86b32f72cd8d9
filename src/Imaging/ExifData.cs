using System.Buffers.Binary;

namespace Gsasr.Imaging;

/// <summary>
/// The EXIF tags that depend on the picture. EXIF is a TIFF structure: a header, then directories of 12-byte entries, each with the offset
/// of the next directory at its end. The first directory is the picture's and refers to one of the camera's; the second is the thumbnail's.
/// Data that cannot be understood stay as they are.
/// </summary>
internal static class ExifData
{
    private const int WidthTag = 0x0100;
    private const int HeightTag = 0x0101;
    private const int OrientationTag = 0x0112;
    private const int ThumbnailTag = 0x0201;
    private const int ThumbnailLengthTag = 0x0202;
    private const int CameraDirectoryTag = 0x8769;
    private const int CameraWidthTag = 0xA002;
    private const int CameraHeightTag = 0xA003;
    private const int ShortType = 3;
    private const int LongType = 4;
    private const int EntryLength = 12;

    /// <summary>The orientation, 1 to 8; 1 where the data have none or cannot be understood.</summary>
    public static int GetOrientation(ReadOnlySpan<byte> exif)
    {
        int entry = FindOrientation(exif, out bool littleEndian);
        if (entry < 0)
            return 1;
        int value = Read16(exif[(entry + 8)..], littleEndian);
        return value is >= 1 and <= 8 ? value : 1;
    }

    /// <summary>A copy of the data whose orientation is 1.</summary>
    public static byte[] WithOrientationReset(ReadOnlySpan<byte> exif)
    {
        byte[] copy = exif.ToArray();
        int entry = FindOrientation(exif, out bool littleEndian);
        if (entry >= 0)
            (copy[entry + 8], copy[entry + 9]) = littleEndian ? ((byte)1, (byte)0) : ((byte)0, (byte)1);
        return copy;
    }

    /// <summary>A copy of the data that gives this size wherever it gave one, without the former picture's thumbnail.</summary>
    public static byte[] WithSize(ReadOnlySpan<byte> exif, int width, int height)
    {
        byte[] copy = exif.ToArray();
        int directory = FirstDirectory(exif, out bool littleEndian);
        if (directory < 0)
            return copy;
        SetNumber(copy, directory, WidthTag, width, littleEndian);
        SetNumber(copy, directory, HeightTag, height, littleEndian);
        int camera = DirectoryAt(exif, GetNumber(exif, directory, CameraDirectoryTag, littleEndian));
        if (camera >= 0)
        {
            SetNumber(copy, camera, CameraWidthTag, width, littleEndian);
            SetNumber(copy, camera, CameraHeightTag, height, littleEndian);
        }

        return WithoutThumbnail(copy, directory, littleEndian);
    }

    private static byte[] WithoutThumbnail(byte[] exif, int directory, bool littleEndian)
    {
        int link = directory + 2 + Read16(exif.AsSpan(directory), littleEndian) * EntryLength;
        if (link > exif.Length - 4)
            return exif;
        int thumbnails = DirectoryAt(exif, Read32(exif.AsSpan(link), littleEndian));
        exif.AsSpan(link, 4).Clear();
        if (thumbnails < 0)
            return exif;

        // The thumbnail's bytes usually come last. If not, they stay, because what follows is found by its offset.
        long start = GetNumber(exif, thumbnails, ThumbnailTag, littleEndian);
        long length = GetNumber(exif, thumbnails, ThumbnailLengthTag, littleEndian);
        return length > 0 && start > Math.Max(link, thumbnails) && start + length == exif.Length ? exif[..(int)start] : exif;
    }

    // The offset of the tag's entry, or -1.
    private static int FindOrientation(ReadOnlySpan<byte> exif, out bool littleEndian)
    {
        int directory = FirstDirectory(exif, out littleEndian);
        int entry = directory < 0 ? -1 : FindEntry(exif, directory, OrientationTag, littleEndian);
        return entry >= 0 && Read16(exif[(entry + 2)..], littleEndian) == ShortType ? entry : -1;
    }

    private static int FirstDirectory(ReadOnlySpan<byte> exif, out bool littleEndian)
    {
        littleEndian = exif.StartsWith("II*\0"u8);
        if (exif.Length < 8 || (!littleEndian && !exif.StartsWith("MM\0*"u8)))
            return -1;
        return DirectoryAt(exif, Read32(exif[4..], littleEndian));
    }

    // The offset, if a directory can be there, or -1.
    private static int DirectoryAt(ReadOnlySpan<byte> exif, long offset) => offset >= 8 && offset <= exif.Length - 2 ? (int)offset : -1;

    private static int FindEntry(ReadOnlySpan<byte> exif, int directory, int tag, bool littleEndian)
    {
        int count = Read16(exif[directory..], littleEndian);
        int entry = directory + 2;
        for (int i = 0; i < count && entry <= exif.Length - EntryLength; i++, entry += EntryLength)
        {
            if (Read16(exif[entry..], littleEndian) == tag)
                return entry;
        }

        return -1;
    }

    // A number of 16 or 32 bits in the entry itself, or 0.
    private static uint GetNumber(ReadOnlySpan<byte> exif, int directory, int tag, bool littleEndian)
    {
        int entry = FindEntry(exif, directory, tag, littleEndian);
        if (entry < 0 || Read32(exif[(entry + 4)..], littleEndian) != 1)
            return 0;
        return Read16(exif[(entry + 2)..], littleEndian) switch
        {
            ShortType => (uint)Read16(exif[(entry + 8)..], littleEndian),
            LongType => Read32(exif[(entry + 8)..], littleEndian),
            _ => 0,
        };
    }

    // Written as 32 bits, which fit into every entry. The tags of sizes may have either type.
    private static void SetNumber(Span<byte> exif, int directory, int tag, int value, bool littleEndian)
    {
        int entry = FindEntry(exif, directory, tag, littleEndian);
        if (entry < 0)
            return;
        Span<byte> content = exif.Slice(entry + 2, EntryLength - 2);
        if (littleEndian)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(content, LongType);
            BinaryPrimitives.WriteInt32LittleEndian(content[2..], 1);
            BinaryPrimitives.WriteInt32LittleEndian(content[6..], value);
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(content, LongType);
            BinaryPrimitives.WriteInt32BigEndian(content[2..], 1);
            BinaryPrimitives.WriteInt32BigEndian(content[6..], value);
        }
    }

    private static int Read16(ReadOnlySpan<byte> data, bool littleEndian) =>
        littleEndian ? BinaryPrimitives.ReadUInt16LittleEndian(data) : BinaryPrimitives.ReadUInt16BigEndian(data);

    private static uint Read32(ReadOnlySpan<byte> data, bool littleEndian) =>
        littleEndian ? BinaryPrimitives.ReadUInt32LittleEndian(data) : BinaryPrimitives.ReadUInt32BigEndian(data);
}
