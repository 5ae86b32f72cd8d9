using Gsasr.Imaging;

namespace Gsasr.Cli.Tests.Upscaling;

/// <summary>Outputs that hold less than their inputs: without transparency, with 8 bits, without metadata.</summary>
public sealed class PictureOptionsTests : IDisposable
{
    private readonly FileTree _tree = new();

    public void Dispose() => _tree.Dispose();

    [Theory]
    [InlineData("out.jpg")]
    [InlineData("out.ppm")]
    public async Task Transparency_where_there_is_none_is_refused_with_what_to_do(string name)
    {
        Pictures.Write(_tree.File("in.png"), 9, 6, ChannelLayout.Rgba);
        (await _tree.UpscaleAsync(["in.png", name])).AssertFailed(ExitCode.Failure, "--background", "PNG");
        Assert.Equal(["in.png"], _tree.Files());
    }

    [Theory]
    [InlineData("#f00", ChannelLayout.Rgba, 8, 255, 0, 0)]
    [InlineData("#204060", ChannelLayout.Rgba, 16, 0x20, 0x40, 0x60)]
    [InlineData("white", ChannelLayout.Rgba, 8, 255, 255, 255)]
    [InlineData("#888", ChannelLayout.GreyAlpha, 8, 0x88, 0x88, 0x88)]
    [InlineData("#00f", ChannelLayout.GreyAlpha, 16, 0, 0, 255)]
    public async Task A_background_takes_the_place_of_what_is_transparent(string colour, ChannelLayout layout, int bitDepth, int red, int green, int blue)
    {
        // The left half is transparent, whatever its colour; the right half is white.
        const int Width = 24, Height = 12;
        int channels = layout.ChannelCount();
        var samples = new ushort[Width * Height * channels];
        for (int i = 0; i < samples.Length; i++)
        {
            bool isLeft = i / channels % Width < Width / 2;
            samples[i] = i % channels == channels - 1 && isLeft ? (ushort)0 : ushort.MaxValue;
        }

        ImageFile.Write(_tree.File("in.png"), bitDepth == 16
            ? new Image(Width, Height, layout, samples)
            : new Image(Width, Height, layout, Array.ConvertAll(samples, value => (byte)(value >> 8))));
        Outcome outcome = await _tree.UpscaleAsync(["in.png", "out.ppm"], "--background", colour);
        Assert.True(outcome.ExitCode == ExitCode.Success, outcome.Error);
        Image result = ImageFile.Read(_tree.File("out.ppm"));
        bool isGrey = layout == ChannelLayout.GreyAlpha && red == green && green == blue;
        Assert.Equal((isGrey ? ChannelLayout.Grey : ChannelLayout.Rgb, bitDepth), (result.Layout, result.BitDepth));
        int[] expected = isGrey ? [red] : [red, green, blue];
        for (int channel = 0; channel < expected.Length; channel++)
        {
            Assert.Equal(expected[channel], Level(result, 6, 12, channel), 1.0);
            Assert.Equal(255, Level(result, 42, 12, channel), 1.0);
        }
    }

    [Fact]
    public async Task Transparency_that_is_nowhere_needs_no_background()
    {
        Image image = Pictures.Gradient(10, 8, ChannelLayout.Rgba);
        for (int i = 3; i < image.Samples8.Length; i += 4)
            image.Samples8[i] = 255;
        ImageFile.Write(_tree.File("in.png"), image);
        Outcome outcome = await _tree.UpscaleAsync(["in.png", "out.ppm"]);
        Assert.True(outcome.ExitCode == ExitCode.Success, outcome.Error);
        Assert.Equal(ExitCode.Success, (await _tree.UpscaleAsync(["in.png", "out.png"])).ExitCode);
        Image expected = ImageFile.Read(_tree.File("out.png")), actual = ImageFile.Read(_tree.File("out.ppm"));
        Assert.Equal(ChannelLayout.Rgba, expected.Layout);
        Assert.Equal(expected.Samples8.Where((_, i) => i % 4 < 3), actual.Samples8);
    }

    [Theory]
    [InlineData("out.jpg", 4)]
    [InlineData("out.bmp", 1)]
    [InlineData("out.tga", 1)]
    public async Task Sixteen_bits_are_reduced_to_eight_with_a_note(string name, int tolerance)
    {
        Pictures.Write(_tree.File("in.png"), 12, 9, ChannelLayout.Rgb, bitDepth: 16);
        Outcome outcome = await _tree.UpscaleAsync(["in.png", name]);
        Assert.True(outcome.ExitCode == ExitCode.Success, outcome.Error);
        Assert.Contains("8 bits a channel", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Success, (await _tree.UpscaleAsync(["in.png", "out.png"])).ExitCode);
        Image expected = ImageFile.Read(_tree.File("out.png")), actual = ImageFile.Read(_tree.File(name));
        Assert.Equal((16, 8), (expected.BitDepth, actual.BitDepth));
        for (int i = 0; i < actual.Samples8.Length; i++)
            Assert.InRange(actual.Samples8[i] - Math.Round(expected.Samples16[i] / 257.0), -tolerance, tolerance);
    }

    [Fact]
    public async Task A_PGM_of_colours_is_refused_and_of_greys_written()
    {
        Pictures.Write(_tree.File("in.png"), 9, 6);
        (await _tree.UpscaleAsync(["in.png", "out.pgm"])).AssertFailed(ExitCode.Failure, "PGM holds greys", "PPM", "--keep-grey");
        (await _tree.UpscaleAsync(["in.png", "out.pgm"], "--keep-grey")).AssertFailed(ExitCode.Failure, "the image has colours", "PPM");
        Pictures.Write(_tree.File("in.png"), 9, 6, ChannelLayout.Grey);
        Assert.Equal(ExitCode.Success, (await _tree.UpscaleAsync(["in.png", "out.pgm"])).ExitCode);
        byte[] expected = File.ReadAllBytes(_tree.File("out.pgm"));
        Assert.Equal("P5"u8, expected.AsSpan(0, 2));
        Image grey = Pictures.Gradient(9, 6, ChannelLayout.Grey);
        ImageFile.Write(_tree.File("in.png"), new Image(9, 6, ChannelLayout.Rgb, [.. grey.Samples8.SelectMany(value => (byte[])[value, value, value])]));
        Assert.Equal(ExitCode.Success, (await _tree.UpscaleAsync(["in.png", "out.pgm"], "--keep-grey", "--overwrite")).ExitCode);
        Assert.Equal(expected, File.ReadAllBytes(_tree.File("out.pgm")));
    }

    [Theory]
    [InlineData("out.png")]
    [InlineData("out.jpg")]
    [InlineData("out.webp")]
    public async Task Stripped_outputs_keep_only_what_the_colours_mean(string name)
    {
        Image image = Pictures.Gradient(6, 6, ChannelLayout.Rgb);
        byte[] exif = [.. "II*\0\b\0\0\0"u8, 1, 0, 0, 1, 4, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0];
        byte[] profile = TestProfile();
        image.Metadata = new ImageMetadata
        {
            Density = new PixelDensity(2835, 2835, IsPerMetre: true),
            Exif = exif,
            Xmp = [.. "<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"u8],
            IccProfile = profile,
            PngChunks = [new PngChunk("tEXt", [.. "Author\0Somebody"u8])],
        };
        ImageFile.Write(_tree.File("in.png"), image);
        Assert.Equal(ExitCode.Success, (await _tree.UpscaleAsync(["in.png", name], "--strip-metadata")).ExitCode);
        ImageMetadata left = ImageFile.Read(_tree.File(name)).Metadata;
        Assert.Equal((null, null), (left.Exif, left.Xmp));

        // A JPEG always says something; this is that it has none.
        Assert.False(left.Density?.IsPerMetre ?? false);
        Assert.Empty(left.PngChunks);
        Assert.Equal(profile, left.IccProfile);
        Assert.DoesNotContain("Somebody", File.ReadAllText(_tree.File(name), System.Text.Encoding.Latin1), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--background", "#12", "--background")]
    [InlineData("--background", "#12345678", "--background")]
    [InlineData("--background", "transparent", "--background")]
    [InlineData("--background", "mud", "'mud'")]
    [InlineData("--memory", "2", "512M")]
    [InlineData("--memory", "lots", "'lots'")]
    [InlineData("--memory", "-2G", "'-2G'")]
    [InlineData("--memory", "99999999999T", "'99999999999T'")]
    [InlineData("--quality", "80", "--quality is for JPEG and WebP")]
    public async Task Options_that_make_no_sense_are_refused(string option, string value, string part)
    {
        Outcome outcome = await CommandLine.RunAsync("upscale", "in.png", "out.png", option, value);
        Assert.Equal((ExitCode.Usage, ""), (outcome.ExitCode, outcome.Output));
        Assert.Contains(part, outcome.Error, StringComparison.Ordinal);
    }

    // A profile of 128 bytes that says that it is for RGB.
    private static byte[] TestProfile()
    {
        var profile = new byte[132];
        profile[3] = 132;
        "mntrRGB XYZ "u8.CopyTo(profile.AsSpan(12));
        "acsp"u8.CopyTo(profile.AsSpan(36));
        return profile;
    }

    private static double Level(Image image, int x, int y, int channel)
    {
        int index = (y * image.Width + x) * image.ChannelCount + channel;
        return image.BitDepth == 8 ? image.Samples8[index] : image.Samples16[index] / 257.0;
    }
}
