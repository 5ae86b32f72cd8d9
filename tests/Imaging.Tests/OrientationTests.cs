namespace Gsasr.Imaging.Tests;

public class OrientationTests
{
    public static TheoryData<int, bool, ImageFormat> AllOrientations()
    {
        var data = new TheoryData<int, bool, ImageFormat>();
        for (int orientation = 1; orientation <= 8; orientation++)
        {
            foreach (ImageFormat format in new[] { ImageFormat.Jpeg, ImageFormat.Png })
            {
                data.Add(orientation, false, format);
                data.Add(orientation, true, format);
            }
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(AllOrientations))]
    public void Pictures_are_turned_as_EXIF_says_and_say_so(int orientation, bool littleEndian, ImageFormat format)
    {
        Image stored = TestImages.Generate(37, 22, ChannelLayout.Rgb, 8, 5);
        var options = new ImageWriteOptions { Quality = 100 };
        Image plain = ImageFile.Decode(TestImages.Encode(stored, format, options));
        stored.Metadata = new ImageMetadata
        {
            Exif = Metadata.Exif(orientation, littleEndian),
            Density = new PixelDensity(2835, 5669, true),
        };
        Image read = ImageFile.Decode(TestImages.Encode(stored, format, options));

        // Where the EXIF standard (tag 274) says that the stored first row and first column are.
        Func<int, int, (int X, int Y)> shown = orientation switch
        {
            1 => (x, y) => (x, y),
            2 => (x, y) => (36 - x, y),
            3 => (x, y) => (36 - x, 21 - y),
            4 => (x, y) => (x, 21 - y),
            5 => (x, y) => (y, x),
            6 => (x, y) => (21 - y, x),
            7 => (x, y) => (21 - y, 36 - x),
            _ => (x, y) => (y, 36 - x),
        };
        Assert.Equal(orientation < 5 ? (37, 22) : (22, 37), (read.Width, read.Height));
        for (int y = 0; y < 22; y++)
        {
            for (int x = 0; x < 37; x++)
            {
                (int toX, int toY) = shown(x, y);
                Assert.Equal(plain.Samples8.AsSpan((y * 37 + x) * 3, 3), read.Samples8.AsSpan((toY * read.Width + toX) * 3, 3));
            }
        }
        Assert.Equal(Metadata.Exif(1, littleEndian), read.Metadata.Exif);
        Assert.Equal(orientation < 5 ? new PixelDensity(2835, 5669, true) : new PixelDensity(5669, 2835, true), read.Metadata.Density);
    }

    [Theory]
    [InlineData(ImageFormat.Png, 6)]
    [InlineData(ImageFormat.Png, 3)]
    [InlineData(ImageFormat.Jpeg, 6)]
    [InlineData(ImageFormat.WebP, 5)]
    [InlineData(ImageFormat.Tiff, 8)]
    [InlineData(ImageFormat.Tiff, 2)]
    public void The_size_is_known_as_turned_before_the_pixels_are_decoded(ImageFormat format, int orientation)
    {
        Image stored = TestImages.Generate(37, 22, ChannelLayout.Rgb, 8, 5);
        stored.Metadata = new ImageMetadata { Exif = Metadata.Exif(orientation, littleEndian: true) };
        byte[] file = TestImages.Encode(stored, format);
        var seen = new List<(int Width, int Height)>();
        Image read = ImageFile.Decode(file, ImageLimits.Default with { Inspect = header => seen.Add((header.Width, header.Height)) });
        Assert.Equal([(read.Width, read.Height)], seen);
        Assert.Equal(orientation < 5 ? (37, 22) : (22, 37), seen[0]);
        Assert.Throws<TimeoutException>(() => ImageFile.Decode(file, ImageLimits.Default with { Inspect = _ => throw new TimeoutException() }));
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(9, false)]
    public void A_number_that_is_no_orientation_becomes_the_upright_one(int orientation, bool littleEndian)
    {
        Image stored = TestImages.Generate(3, 2, ChannelLayout.Rgb, 8, 5);
        stored.Metadata = new ImageMetadata { Exif = Metadata.Exif(orientation, littleEndian) };
        Image read = ImageFile.Decode(TestImages.Encode(stored, ImageFormat.Png));
        Assert.Equal(stored.Samples8, read.Samples8);
        Assert.Equal(Metadata.Exif(1, littleEndian), read.Metadata.Exif);
    }

    [Fact]
    public void Images_of_sixteen_bits_are_turned_too()
    {
        Image stored = TestImages.Generate(3, 2, ChannelLayout.Grey, 16, 5);
        stored.Metadata = new ImageMetadata { Exif = Metadata.Exif(6, littleEndian: true) };
        ushort[] s = stored.Samples16;
        Image read = ImageFile.Decode(TestImages.Encode(stored, ImageFormat.Png));
        Assert.Equal<ushort>([s[3], s[0], s[4], s[1], s[5], s[2]], read.Samples16);
    }

    [Fact]
    public void EXIF_that_cannot_be_understood_is_kept_and_turns_nothing()
    {
        byte[] good = Metadata.Exif(6, littleEndian: true);
        byte[] farDirectory = [.. good];
        farDirectory[7] = 0xFF;
        byte[] manyEntries = [.. good[..20]];
        manyEntries[9] = 0xFF;
        foreach (byte[] exif in new byte[][] { [], [1], [.. "II*\0"u8], farDirectory, manyEntries })
        {
            Image image = TestImages.Generate(3, 2, ChannelLayout.Grey, 8, 5);
            image.Metadata = new ImageMetadata { Exif = exif };
            Image read = ImageFile.Decode(TestImages.Encode(image, ImageFormat.Png));
            TestImages.AssertSame(image, read);
            Assert.Equal(exif, read.Metadata.Exif);
        }
    }
}
