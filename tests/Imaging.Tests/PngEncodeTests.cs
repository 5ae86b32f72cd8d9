namespace Gsasr.Imaging.Tests;

public class PngEncodeTests
{
    public static TheoryData<ChannelLayout, int> AllKinds()
    {
        var data = new TheoryData<ChannelLayout, int>();
        foreach (ChannelLayout layout in Enum.GetValues<ChannelLayout>())
        {
            data.Add(layout, 8);
            data.Add(layout, 16);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(AllKinds))]
    public void Images_come_back_as_they_were(ChannelLayout layout, int bitDepth)
    {
        foreach ((int width, int height) in new[] { (1, 1), (3, 2), (31, 5), (32, 5), (33, 5), (300, 40), (5000, 2) })
        {
            Image image = TestImages.Generate(width, height, layout, bitDepth, width);
            TestImages.AssertSame(image, ImageFile.Decode(TestImages.Encode(image, ImageFormat.Png)));
        }
    }

    [Theory]
    [MemberData(nameof(AllKinds))]
    public void ImageMagick_reads_what_is_written(ChannelLayout layout, int bitDepth)
    {
        Image image = TestImages.Generate(135, 50, layout, bitDepth, 3);
        TestImages.AssertSame(TestImages.ToRgba16(image), Tool.DecodeWithImageMagick(TestImages.Encode(image, ImageFormat.Png)));
    }

    [Fact]
    public void Photographs_are_not_much_longer_than_the_originals()
    {
        byte[] original = File.ReadAllBytes(TestImages.Photo("astronaut.png"));
        byte[] written = TestImages.Encode(ImageFile.Decode(original), ImageFormat.Png);
        Assert.True(written.Length < original.Length * 1.05, $"{written.Length} bytes, the original has {original.Length}.");
    }

    [Fact]
    public void Metadata_come_back_as_they_were()
    {
        Image image = TestImages.Generate(8, 8, ChannelLayout.Rgb, 8, 1);
        image.Metadata = new ImageMetadata
        {
            IccProfile = Metadata.Profile("RGB "),
            Exif = Metadata.Exif(orientation: 1, littleEndian: true),
            Density = new PixelDensity(11811, 5906, true),
            Xmp = Metadata.Xmp,
            PngChunks =
            [
                new PngChunk("gAMA", [0, 0, 0xB1, 0x8F]), new PngChunk("cHRM", [.. Enumerable.Range(0, 32).Select(i => (byte)i)]),
                new PngChunk("tEXt", [.. "Title\0A cup"u8]), new PngChunk("zTXt", [.. "Note\0\0"u8, .. PngBuilder.Deflate([1, 2])]),
            ],
        };
        ImageMetadata read = ImageFile.Decode(TestImages.Encode(image, ImageFormat.Png)).Metadata;
        Assert.Equal(image.Metadata.IccProfile, read.IccProfile);
        Assert.Equal(image.Metadata.Exif, read.Exif);
        Assert.Equal(image.Metadata.Density, read.Density);
        Assert.Equal(image.Metadata.Xmp, read.Xmp);
        Assert.Equal(image.Metadata.PngChunks.Select(Text), read.PngChunks.Select(Text));

        static string Text(PngChunk chunk) => $"{chunk.Type} {Convert.ToHexString(chunk.Data)}";
    }

    [Fact]
    public void The_sRGB_intent_comes_back_unless_a_profile_says_more()
    {
        Image image = TestImages.Generate(8, 8, ChannelLayout.Grey, 8, 1);
        image.Metadata = new ImageMetadata { PngChunks = [new PngChunk("sRGB", [2])], IccProfile = Metadata.Profile("GRAY") };
        ImageMetadata read = ImageFile.Decode(TestImages.Encode(image, ImageFormat.Png)).Metadata;
        Assert.Empty(read.PngChunks);
        Assert.NotNull(read.IccProfile);

        // A colour profile would be misread beside grey samples, so it is left out and the intent is kept.
        image.Metadata = image.Metadata with { IccProfile = Metadata.Profile("RGB ") };
        read = ImageFile.Decode(TestImages.Encode(image, ImageFormat.Png)).Metadata;
        Assert.Equal([2], Assert.Single(read.PngChunks).Data);
        Assert.Null(read.IccProfile);
    }
}
