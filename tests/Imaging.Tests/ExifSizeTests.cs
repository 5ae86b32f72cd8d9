using System.Buffers.Binary;

namespace Gsasr.Imaging.Tests;

/// <summary>EXIF of a picture whose size changes.</summary>
public class ExifSizeTests
{
    private const int ThumbnailBytes = 100;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Sizes_are_those_of_the_new_picture_and_the_thumbnail_goes(bool littleEndian)
    {
        byte[] exif = Sample(littleEndian, trailingBytes: 0);
        byte[] resized = Resize(exif, 70000, 5);
        Assert.Equal(exif.Length - ThumbnailBytes, resized.Length);
        Assert.Equal((0x0100, 4, 1, 70000), Entry(resized, 10, littleEndian));
        Assert.Equal((0x0101, 4, 1, 5), Entry(resized, 22, littleEndian));
        Assert.Equal(Entry(exif, 34, littleEndian), Entry(resized, 34, littleEndian));
        Assert.Equal(Entry(exif, 46, littleEndian), Entry(resized, 46, littleEndian));
        Assert.Equal((0xA002, 4, 1, 70000), Entry(resized, 64, littleEndian));
        Assert.Equal((0xA003, 4, 1, 5), Entry(resized, 76, littleEndian));
        Assert.Equal(0, Read32(resized, 58, littleEndian));
    }

    [Fact]
    public void What_follows_the_thumbnail_keeps_its_place()
    {
        byte[] exif = Sample(littleEndian: true, trailingBytes: 9);
        byte[] resized = Resize(exif, 30, 20);
        Assert.Equal(exif.Length, resized.Length);
        Assert.Equal(exif[^9..], resized[^9..]);
        Assert.Equal(0, Read32(resized, 58, littleEndian: true));
    }

    [Fact]
    public void Damaged_data_stay_as_long_as_they_are_and_do_no_harm()
    {
        byte[] exif = Sample(littleEndian: true, trailingBytes: 0);
        var random = new Random(1);
        for (int i = 0; i < 3000; i++)
        {
            byte[] damaged = exif[..random.Next(exif.Length + 1)];
            for (int j = 0; j < 4 && damaged.Length > 0; j++)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            Assert.InRange(Resize(damaged, 30, 20).Length, 0, damaged.Length);
        }

        Assert.Empty(Resize([], 30, 20));
    }

    [Fact]
    public void Without_EXIF_nothing_changes()
    {
        var metadata = new ImageMetadata { Xmp = [1, 2] };
        Assert.Equal(metadata, metadata.ForSize(30, 20));
    }

    private static byte[] Resize(byte[] exif, int width, int height) => new ImageMetadata { Exif = exif }.ForSize(width, height).Exif!;

    // Width (16 bits), height, orientation and the camera's directory; there, width and height (16 bits); then a thumbnail.
    private static byte[] Sample(bool littleEndian, int trailingBytes)
    {
        const int Camera = 62, Thumbnail = 92, Data = 122;
        byte[] exif = new byte[Data + ThumbnailBytes + trailingBytes];
        exif.AsSpan(Data).Fill(0xAB);
        (littleEndian ? "II"u8 : "MM"u8).CopyTo(exif);
        Put16(2, 42);
        Put32(4, 8);
        Put16(8, 4);
        PutEntry(10, 0x0100, 3, 640);
        PutEntry(22, 0x0101, 4, 480);
        PutEntry(34, 0x0112, 3, 1);
        PutEntry(46, 0x8769, 4, Camera);
        Put32(58, Thumbnail);
        Put16(Camera, 2);
        PutEntry(Camera + 2, 0xA002, 4, 640);
        PutEntry(Camera + 14, 0xA003, 3, 480);
        Put16(Thumbnail, 2);
        PutEntry(Thumbnail + 2, 0x0201, 4, Data);
        PutEntry(Thumbnail + 14, 0x0202, 4, ThumbnailBytes);
        return exif;

        void PutEntry(int offset, int tag, int type, int value)
        {
            Put16(offset, tag);
            Put16(offset + 2, type);
            Put32(offset + 4, 1);
            if (type == 3)
                Put16(offset + 8, value);
            else
                Put32(offset + 8, value);
        }

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

    private static (int Tag, int Type, int Count, int Value) Entry(byte[] exif, int offset, bool littleEndian)
    {
        int type = Read16(exif, offset + 2, littleEndian);
        int value = type == 3 ? Read16(exif, offset + 8, littleEndian) : Read32(exif, offset + 8, littleEndian);
        return (Read16(exif, offset, littleEndian), type, Read32(exif, offset + 4, littleEndian), value);
    }

    private static int Read16(byte[] exif, int offset, bool littleEndian) => littleEndian
        ? BinaryPrimitives.ReadUInt16LittleEndian(exif.AsSpan(offset))
        : BinaryPrimitives.ReadUInt16BigEndian(exif.AsSpan(offset));

    private static int Read32(byte[] exif, int offset, bool littleEndian) => littleEndian
        ? BinaryPrimitives.ReadInt32LittleEndian(exif.AsSpan(offset))
        : BinaryPrimitives.ReadInt32BigEndian(exif.AsSpan(offset));
}
