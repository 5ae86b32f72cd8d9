using System.Buffers.Binary;

namespace Gsasr.Imaging;

/// <summary>The one EXIF tag that changes the picture. EXIF is a TIFF structure: a header, then a directory of 12-byte entries.</summary>
internal static class ExifData
{
    private const int OrientationTag = 0x0112;
    private const int ShortType = 3;
    private const int EntryLength = 12;

    /// <summary>The orientation, 1 to 8; 1 where the data have none or cannot be understood.</summary>
    public static int GetOrientation(ReadOnlySpan<byte> exif)
    {
        int offset = FindOrientation(exif, out bool littleEndian);
        if (offset < 0)
            return 1;
        int value = Read16(exif[offset..], littleEndian);
        return value is >= 1 and <= 8 ? value : 1;
    }

    /// <summary>A copy of the data whose orientation is 1.</summary>
    public static byte[] WithOrientationReset(ReadOnlySpan<byte> exif)
    {
        byte[] copy = exif.ToArray();
        int offset = FindOrientation(exif, out bool littleEndian);
        if (offset >= 0)
            (copy[offset], copy[offset + 1]) = littleEndian ? ((byte)1, (byte)0) : ((byte)0, (byte)1);
        return copy;
    }

    // The offset of the tag's value, or -1.
    private static int FindOrientation(ReadOnlySpan<byte> exif, out bool littleEndian)
    {
        littleEndian = exif.StartsWith("II*\0"u8);
        if (exif.Length < 8 || (!littleEndian && !exif.StartsWith("MM\0*"u8)))
            return -1;
        ReadOnlySpan<byte> offset = exif[4..];
        uint directory = littleEndian ? BinaryPrimitives.ReadUInt32LittleEndian(offset) : BinaryPrimitives.ReadUInt32BigEndian(offset);
        if (directory > exif.Length - 2)
            return -1;
        int count = Read16(exif[(int)directory..], littleEndian);
        int entry = (int)directory + 2;
        for (int i = 0; i < count && entry <= exif.Length - EntryLength; i++, entry += EntryLength)
        {
            if (Read16(exif[entry..], littleEndian) == OrientationTag && Read16(exif[(entry + 2)..], littleEndian) == ShortType)
                return entry + 8;
        }
        return -1;
    }

    private static int Read16(ReadOnlySpan<byte> data, bool littleEndian) =>
        littleEndian ? BinaryPrimitives.ReadUInt16LittleEndian(data) : BinaryPrimitives.ReadUInt16BigEndian(data);
}
