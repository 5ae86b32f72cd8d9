namespace Gsasr.Imaging.Tests;

/// <summary>The tags of a TIFF that describe its picture.</summary>
public class TiffMetadataTests
{
    private static readonly byte[] Pixels = new byte[32];

    [Fact]
    public void Without_descriptive_tags_there_is_no_EXIF()
    {
        Assert.Null(ImageFile.Decode(Grey().File(Pixels)).Metadata.Exif);
        Assert.Null(ImageFile.Decode(Grey().Text(305, "").File(Pixels)).Metadata.Exif);
        Assert.NotNull(ImageFile.Decode(Grey().Text(315, "A. Uthor").File(Pixels)).Metadata.Exif);
    }

    [Fact]
    public void Tags_of_a_camera_are_read()
    {
        byte[] file = Grey().Text(315, "A. Uthor").File(Pixels, TiffBuilder.Empty().Fraction(33434, 1, 125));
        byte[] png = TestImages.Encode(ImageFile.Decode(file), ImageFormat.Png);
        Assert.Equal("1/125", Metadata.Exposure(ImageFile.Decode(png).Metadata.Exif!));
    }

    [Fact]
    public void Only_what_can_be_read_back_is_written()
    {
        Image image = TestImages.Generate(8, 8, ChannelLayout.Rgb, 8, 1);
        image.Metadata = new ImageMetadata { Exif = Metadata.ExifWithExposure("A. Uthor") };
        byte[] file = TestImages.Encode(image, ImageFormat.Tiff);
        Assert.Equal([315], Tags(file).Except(PictureTags(image)));
        Assert.True(file.AsSpan().IndexOf("A. Uthor\0"u8) > 0);
        Assert.True(file.AsSpan().IndexOf("ImageSharp"u8) < 0);
    }

    [Fact]
    public void Libtiff_has_nothing_to_say_about_what_is_written()
    {
        Image image = TestImages.Generate(8, 8, ChannelLayout.Rgb, 8, 1);
        image.Metadata = new ImageMetadata { Exif = Metadata.ExifWithExposure("A. Uthor"), Xmp = Metadata.Xmp, Density = new PixelDensity(11811, 11811, true) };
        Assert.Equal("", Tool.WarningsOfImageMagick(TestImages.Encode(image, ImageFormat.Tiff)));
        byte[] withUnknownTag = Grey().Fraction(33434, 1, 125).File(Pixels);
        Assert.Contains("Unknown field", Tool.WarningsOfImageMagick(withUnknownTag), StringComparison.Ordinal);
    }

    [Fact]
    public void Software_is_named_only_if_it_was_before()
    {
        Image image = TestImages.Generate(8, 8, ChannelLayout.Rgb, 8, 1);
        Assert.Null(ImageFile.Decode(TestImages.Encode(image, ImageFormat.Tiff)).Metadata.Exif);
        image.Metadata = new ImageMetadata { Exif = TiffBuilder.Empty().Text(305, "Darkroom 7").Directory(TiffBuilder.Empty().Fraction(33434, 1, 125)) };
        byte[] exif = ImageFile.Decode(TestImages.Encode(image, ImageFormat.Tiff)).Metadata.Exif!;
        Assert.True(exif.AsSpan().IndexOf("Darkroom 7\0"u8) > 0);
    }

    private static TiffBuilder Grey() => new(8, 4, 1, 1, 8);

    private static IEnumerable<int> PictureTags(Image image) => Tags(TestImages.Encode(new Image(image.Width, image.Height, image.Layout, image.Samples8), ImageFormat.Tiff));

    private static IEnumerable<int> Tags(byte[] file)
    {
        int directory = BitConverter.ToInt32(file, 4);
        return [.. Enumerable.Range(0, BitConverter.ToUInt16(file, directory)).Select(i => (int)BitConverter.ToUInt16(file, directory + 2 + 12 * i))];
    }
}
