namespace Gsasr.Imaging.Tests;

public class JpegEncodeTests
{
    private static readonly Lazy<Image> Astronaut = new(() => ImageFile.Read(TestImages.Photo("astronaut.png")));

    [Theory]
    [InlineData(1)]
    [InlineData(25)]
    [InlineData(75)]
    [InlineData(89)]
    [InlineData(90)]
    [InlineData(95)]
    [InlineData(100)]
    public void Files_are_as_good_as_those_of_cjpeg(int quality)
    {
        foreach ((int width, int height) in new[] { (1, 1), (2, 17), (33, 9), (160, 131), (512, 512) })
        {
            foreach (bool grey in new[] { false, true })
            {
                Image image = TestImages.Crop(Astronaut.Value, width, height, grey);
                byte[] file = TestImages.Encode(image, ImageFormat.Jpeg, new ImageWriteOptions { Quality = quality });
                byte[] other = Tool.Cjpeg(image, "-quality", $"{quality}", "-baseline", "-sample", quality < 90 ? "2x2" : "1x1");
                double ours = Error(image, Tool.Djpeg(file)), theirs = Error(image, Tool.Djpeg(other));
                // Where most blocks are cut by the picture's edge, what is put beyond it tells.
                double allowed = theirs * (width >= 100 ? 1.1 : 1.5) + 0.5;
                Assert.True(ours <= allowed, $"{width} x {height}: a mean square error of {ours:F2}, cjpeg's is {theirs:F2}.");
            }
        }
    }

    private static double Error(Image image, Image read)
    {
        double squares = 0;
        for (int i = 0; i < image.Samples8.Length; i++)
            squares += Math.Pow(image.Samples8[i] - read.Samples8[i], 2);
        return squares / image.Samples8.Length;
    }

    [Fact]
    public void Colour_is_halved_below_quality_90_only()
    {
        Image image = TestImages.Crop(Astronaut.Value, 64, 64);
        foreach ((int quality, int sampling) in new[] { (89, 0x22), (90, 0x11) })
        {
            byte[] file = TestImages.Encode(image, ImageFormat.Jpeg, new ImageWriteOptions { Quality = quality });
            int frame = file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC0]);
            Assert.Equal(sampling, file[frame + 11]);
        }
    }

    [Fact]
    public void Metadata_come_back_as_they_were()
    {
        Image image = TestImages.Generate(8, 8, ChannelLayout.Rgb, 8, 1);
        image.Metadata = new ImageMetadata
        {
            // Three segments.
            IccProfile = Metadata.Profile("RGB ", 150_000),
            Exif = Metadata.Exif(orientation: 1, littleEndian: false),
            Xmp = Metadata.Xmp,
            Density = new PixelDensity(11811, 2835, true),
        };
        ImageMetadata read = ImageFile.Decode(TestImages.Encode(image, ImageFormat.Jpeg)).Metadata;
        Assert.Equal(image.Metadata.IccProfile, read.IccProfile);
        Assert.Equal(image.Metadata.Exif, read.Exif);
        Assert.Equal(image.Metadata.Xmp, read.Xmp);
        Assert.Equal(image.Metadata.Density, read.Density);
    }

    [Fact]
    public void A_colour_profile_is_left_out_of_a_grey_file()
    {
        Image image = TestImages.Generate(8, 8, ChannelLayout.Grey, 8, 1);
        image.Metadata = new ImageMetadata { IccProfile = Metadata.Profile("RGB ") };
        Assert.Null(ImageFile.Decode(TestImages.Encode(image, ImageFormat.Jpeg)).Metadata.IccProfile);
    }

    [Fact]
    public void What_JPEG_cannot_hold_is_refused_before_anything_is_written()
    {
        var stream = new MemoryStream();
        foreach ((Image image, string word) in new[]
        {
            (TestImages.Generate(4, 4, ChannelLayout.Rgba, 8, 1), "alpha"),
            (TestImages.Generate(4, 4, ChannelLayout.GreyAlpha, 8, 1), "alpha"),
            (TestImages.Generate(4, 4, ChannelLayout.Rgb, 16, 1), "8 bits"),
            (new Image(65536, 1, ChannelLayout.Grey, new byte[65536]), "65535"),
        })
        {
            var exception = Assert.Throws<ImageFormatException>(() => ImageFile.Write(stream, image, ImageFormat.Jpeg));
            Assert.Contains(word, exception.Message, StringComparison.Ordinal);
        }
        Assert.Equal(0, stream.Length);
    }
}
