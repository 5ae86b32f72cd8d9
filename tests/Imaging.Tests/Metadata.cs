using System.Buffers.Binary;

namespace Gsasr.Imaging.Tests;

/// <summary>Crafted metadata.</summary>
internal static class Metadata
{
    /// <summary>A small XMP packet.</summary>
    public static byte[] Xmp => [.. "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'/></x:xmpmeta>"u8];

    /// <summary>Bytes that look like an ICC profile: a header with a colour space, and content of its own for every byte.</summary>
    public static byte[] Profile(string colourSpace, int length = 3000)
    {
        byte[] profile = new byte[length];
        new Random(length).NextBytes(profile);
        BinaryPrimitives.WriteInt32BigEndian(profile, length);
        for (int i = 0; i < 4; i++)
            profile[16 + i] = (byte)colourSpace[i];
        "acsp"u8.CopyTo(profile.AsSpan(36));
        return profile;
    }

    /// <summary>EXIF that names an artist, and an exposure of 1/125 s in the camera's directory.</summary>
    public static byte[] ExifWithExposure(string artist) =>
        TiffBuilder.Empty().Text(315, artist).Directory(TiffBuilder.Empty().Fraction(33434, 1, 125));

    /// <summary>The exposure in the camera's directory, if there is one.</summary>
    public static string? Exposure(byte[] exif)
    {
        int camera = Entry(BitConverter.ToInt32(exif, 4), 34665), exposure = camera < 0 ? -1 : Entry(BitConverter.ToInt32(exif, camera + 8), 33434);
        if (exposure < 0)
            return null;
        int value = BitConverter.ToInt32(exif, exposure + 8);
        return $"{BitConverter.ToInt32(exif, value)}/{BitConverter.ToInt32(exif, value + 4)}";

        int Entry(int directory, int tag)
        {
            int[] entries = [.. Enumerable.Range(0, BitConverter.ToUInt16(exif, directory)).Select(i => directory + 2 + 12 * i)];
            return entries.Where(entry => BitConverter.ToUInt16(exif, entry) == tag).FirstOrDefault(-1);
        }
    }

    /// <summary>A TIFF header and one directory of two entries: an image width, then the orientation.</summary>
    public static byte[] Exif(int orientation, bool littleEndian)
    {
        byte[] exif = new byte[8 + 2 + 2 * 12 + 4];
        (littleEndian ? "II"u8 : "MM"u8).CopyTo(exif);
        Put16(2, 42);
        Put32(4, 8);
        Put16(8, 2);
        Put16(10, 0x0100);
        Put16(12, 3);
        Put32(14, 1);
        Put16(18, 640);
        Put16(22, 0x0112);
        Put16(24, 3);
        Put32(26, 1);
        Put16(30, orientation);
        return exif;

        void Put16(int offset, int value)
        {
            if (littleEndian)
                BinaryPrimitives.WriteUInt16LittleEndian(exif.AsSpan(offset), (ushort)value);
            else
                BinaryPrimitives.WriteUInt16BigEndian(exif.AsSpan(offset), (ushort)value);
        }

        void Put32(int offset, int value)
        {
            if (littleEndian)
                BinaryPrimitives.WriteInt32LittleEndian(exif.AsSpan(offset), value);
            else
                BinaryPrimitives.WriteInt32BigEndian(exif.AsSpan(offset), value);
        }
    }
}
