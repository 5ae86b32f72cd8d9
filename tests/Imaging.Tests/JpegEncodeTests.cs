namespace Gsasr.Imaging.Tests;

public class JpegEncodeTests
{
    private static readonly Lazy<Image> Astronaut = new(() => ImageFile.Read(TestImages.Photo("astronaut.png")));

    public static TheoryData<int, JpegSubsampling, bool> AllKinds()
    {
        var data = new TheoryData<int, JpegSubsampling, bool>();
        foreach (int quality in new[] { 1, 10, 24, 50, 75, 89, 90, 100 })
        {
            data.Add(quality, JpegSubsampling.None, false);
            data.Add(quality, JpegSubsampling.TwoByTwo, false);
            data.Add(quality, JpegSubsampling.ByQuality, true);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(AllKinds))]
    public void Files_show_the_same_pixels_as_those_of_cjpeg(int quality, JpegSubsampling subsampling, bool grey)
    {
        string sampling = subsampling == JpegSubsampling.TwoByTwo ? "2x2" : "1x1";
        foreach ((int width, int height) in new[] { (1, 1), (2, 17), (15, 16), (33, 9), (160, 131), (512, 512) })
        {
            Image image = TestImages.Crop(Astronaut.Value, width, height, grey);
            var options = new ImageWriteOptions { JpegQuality = quality, JpegSubsampling = subsampling };
            byte[] file = TestImages.Encode(image, ImageFormat.Jpeg, options);
            byte[] expected = Tool.Cjpeg(image, "-quality", $"{quality}", "-baseline", "-optimize", "-sample", sampling);
            TestImages.AssertSame(Tool.Djpeg(expected), Tool.Djpeg(file));
            // The Huffman codes are as good as those of cjpeg -optimize, but for ties and codes cut to 16 bits.
            Assert.InRange(file.Length, expected.Length * 0.999 - 16, expected.Length * 1.001 + 16);
        }
    }

    [Theory]
    [InlineData(JpegSubsampling.None)]
    [InlineData(JpegSubsampling.TwoByTwo)]
    public void High_quality_stays_close_to_the_image(JpegSubsampling subsampling)
    {
        Image image = Astronaut.Value;
        Image read = ImageFile.Decode(TestImages.Encode(
            image, ImageFormat.Jpeg, new ImageWriteOptions { JpegQuality = 95, JpegSubsampling = subsampling }));
        double squares = 0;
        for (int i = 0; i < image.Samples8.Length; i++)
            squares += Math.Pow(image.Samples8[i] - read.Samples8[i], 2);
        double psnr = 10 * Math.Log10(255 * 255 / (squares / image.Samples8.Length));
        Assert.True(psnr > 36, $"PSNR {psnr:F2} dB.");
    }

    [Fact]
    public void Colour_is_halved_below_quality_90_only()
    {
        Image image = TestImages.Crop(Astronaut.Value, 64, 64);
        foreach ((int quality, JpegSubsampling same) in new[] { (89, JpegSubsampling.TwoByTwo), (90, JpegSubsampling.None) })
        {
            byte[] byQuality = TestImages.Encode(image, ImageFormat.Jpeg, new ImageWriteOptions { JpegQuality = quality });
            var options = new ImageWriteOptions { JpegQuality = quality, JpegSubsampling = same };
            byte[] chosen = TestImages.Encode(image, ImageFormat.Jpeg, options);
            TestImages.AssertSame(chosen, byQuality);
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
            Density = new PixelDensity(11811, 2835, true),
        };
        ImageMetadata read = ImageFile.Decode(TestImages.Encode(image, ImageFormat.Jpeg)).Metadata;
        Assert.Equal(image.Metadata.IccProfile, read.IccProfile);
        Assert.Equal(image.Metadata.Exif, read.Exif);
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
            (TestImages.Generate(4, 4, ChannelLayout.Rgb, 16, 1), "16-bit"),
            (new Image(65536, 1, ChannelLayout.Grey, new byte[65536]), "65535"),
        })
        {
            var exception = Assert.Throws<ImageFormatException>(() => ImageFile.Write(stream, image, ImageFormat.Jpeg));
            Assert.Contains(word, exception.Message, StringComparison.Ordinal);
        }
        Assert.Equal(0, stream.Length);
    }
}
