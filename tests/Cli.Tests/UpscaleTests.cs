using System.Globalization;
using Gsasr.Imaging;
using Gsasr.Testing;

namespace Gsasr.Cli.Tests;

/// <summary>What <c>gsasr upscale</c> writes.</summary>
public sealed class UpscaleTests
{
    [Theory]
    [InlineData(".png", ".png")]
    [InlineData(".jpg", ".png")]
    [InlineData(".ppm", ".jpg")]
    [InlineData(".png", ".ppm")]
    [InlineData(".jpg", ".jpeg")]
    public async Task Every_format_goes_in_and_out(string inputExtension, string outputExtension)
    {
        using var folder = new TemporaryFolder();
        string input = Pictures.Write(folder.File("in" + inputExtension), 20, 13);
        Image result = await CommandLine.UpscaledAsync(input, folder.File("out" + outputExtension), "2");
        Assert.Equal((40, 26, ChannelLayout.Rgb, 8), (result.Width, result.Height, result.Layout, result.BitDepth));
        AssertLooksAlike(ImageFile.Read(input), result, outputExtension is ".png" or ".ppm" ? 6 : 10);
    }

    [Theory]
    [InlineData(ChannelLayout.Grey, 8, ".png")]
    [InlineData(ChannelLayout.Grey, 16, ".png")]
    [InlineData(ChannelLayout.Grey, 8, ".pgm")]
    [InlineData(ChannelLayout.Grey, 16, ".pgm")]
    [InlineData(ChannelLayout.Grey, 8, ".jpg")]
    [InlineData(ChannelLayout.GreyAlpha, 8, ".png")]
    [InlineData(ChannelLayout.GreyAlpha, 16, ".png")]
    [InlineData(ChannelLayout.Rgb, 16, ".png")]
    [InlineData(ChannelLayout.Rgb, 16, ".ppm")]
    [InlineData(ChannelLayout.Rgba, 8, ".png")]
    [InlineData(ChannelLayout.Rgba, 16, ".png")]
    public async Task Channels_and_depth_stay_as_they_were(ChannelLayout layout, int bitDepth, string extension)
    {
        using var folder = new TemporaryFolder();
        string input = Pictures.Write(folder.File("in" + extension), 15, 12, layout, bitDepth);
        Image result = await CommandLine.UpscaledAsync(input, folder.File("out" + extension), "1.5");
        Assert.Equal((22, 18, layout, bitDepth), (result.Width, result.Height, result.Layout, result.BitDepth));
        AssertLooksAlike(ImageFile.Read(input), result, 10);
    }

    [Fact]
    public async Task Verbose_names_the_device_and_times_the_stages_on_the_error_stream()
    {
        using var folder = new TemporaryFolder();
        string input = Pictures.Write(folder.File("in.png"), 12, 12);
        Outcome outcome = await CommandLine.RunAsync("upscale", input, folder.File("out.png"), "--scale", "2", "--device", "cpu", "--verbose");
        Assert.Equal(0, outcome.ExitCode);
        Assert.Matches(@"(?m)^gsasr-lite from .*, on .*processor.*\(cpu\), float32; opened in \d+ ms, loaded in \d+ ms\r?$", outcome.Error);
        foreach (string stage in (string[])["encoder", "decoder blocks", "upsampling and heads", "rasteriser", "rounding", "download"])
            Assert.Matches($@"(?m)^{stage} +\d+\.\d ms\r?$", outcome.Error);
        Assert.DoesNotContain("encoder", outcome.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, ChannelLayout.Rgb)]
    [InlineData(true, ChannelLayout.Rgba)]
    public async Task A_palette_becomes_colours(bool transparent, ChannelLayout layout)
    {
        using var folder = new TemporaryFolder();
        string input = Pictures.WritePalette(folder.File("in.png"), 12, 9, transparent);
        Image result = await CommandLine.UpscaledAsync(input, folder.File("out.png"), "3");
        Assert.Equal((36, 27, layout, 8), (result.Width, result.Height, result.Layout, result.BitDepth));
    }

    [Theory]
    [InlineData("auto")]
    [InlineData("float32")]
    public async Task The_processor_computes_in_float32(string precision)
    {
        using var folder = new TemporaryFolder();
        string input = Pictures.Write(folder.File("in.png"), 12, 9);
        await CommandLine.UpscaledAsync(input, folder.File("default.png"), "2");
        await CommandLine.UpscaledAsync(input, folder.File("out.png"), "2", "--precision", precision);
        Assert.Equal(File.ReadAllBytes(folder.File("default.png")), File.ReadAllBytes(folder.File("out.png")));
    }

    [Theory]
    [InlineData(1, 1, "1")]
    [InlineData(1, 1, "8")]
    [InlineData(1, 5, "2.7")]
    [InlineData(7, 2, "1")]
    [InlineData(3, 3, "64")]
    [InlineData(13, 11, "2.7")]
    [InlineData(25, 4, "8")]
    [InlineData(10, 9, "1.05")]
    public async Task The_output_has_the_scaled_size_rounded_down(int width, int height, string scale)
    {
        using var folder = new TemporaryFolder();
        string input = Pictures.Write(folder.File("in.png"), width, height);
        Image result = await CommandLine.UpscaledAsync(input, folder.File("out.png"), scale);
        double factor = double.Parse(scale, CultureInfo.InvariantCulture);
        Assert.Equal(((int)Math.Floor(width * factor), (int)Math.Floor(height * factor)), (result.Width, result.Height));
    }

    [Fact]
    public async Task Opaque_alpha_stays_opaque_and_transparent_alpha_transparent()
    {
        using var folder = new TemporaryFolder();
        Image image = Pictures.Gradient(24, 12, ChannelLayout.Rgba);
        for (int i = 0; i < 24 * 12; i++)
            image.Samples8[4 * i + 3] = i % 24 < 12 ? (byte)0 : (byte)255;
        ImageFile.Write(folder.File("in.png"), image);
        Image result = await CommandLine.UpscaledAsync(folder.File("in.png"), folder.File("out.png"), "2");
        Assert.Equal(ChannelLayout.Rgba, result.Layout);
        Assert.Equal(0, result.Samples8[(12 * 48 + 4) * 4 + 3]);
        Assert.Equal(255, result.Samples8[(12 * 48 + 43) * 4 + 3]);

        for (int i = 0; i < 24 * 12; i++)
            image.Samples8[4 * i + 3] = 255;
        ImageFile.Write(folder.File("opaque.png"), image);
        result = await CommandLine.UpscaledAsync(folder.File("opaque.png"), folder.File("out2.png"), "2");
        Assert.All(Enumerable.Range(0, 48 * 24), pixel => Assert.Equal(255, result.Samples8[4 * pixel + 3]));
    }

    [Fact]
    public async Task Metadata_comes_along()
    {
        using var folder = new TemporaryFolder();
        Image image = Pictures.Gradient(6, 6, ChannelLayout.Rgb);
        // An EXIF directory of one entry: the width, 6, in 32 bits.
        byte[] exif = [.. "II*\0\b\0\0\0"u8, 1, 0, 0, 1, 4, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0];
        image.Metadata = new ImageMetadata { Density = new PixelDensity(2835, 2835, IsPerMetre: true), Exif = exif };
        ImageFile.Write(folder.File("in.png"), image);
        Image result = await CommandLine.UpscaledAsync(folder.File("in.png"), folder.File("out.png"), "2");
        Assert.Equal(image.Metadata.Density, result.Metadata.Density);
        exif[18] = 12;
        Assert.Equal(exif, result.Metadata.Exif);
    }

    [Fact]
    public async Task Paths_may_hold_spaces_and_any_letters()
    {
        using var folder = new TemporaryFolder();
        string inner = folder.File("Größe 日本 ☕");
        Directory.CreateDirectory(inner);
        string input = Pictures.Write(Path.Combine(inner, "ein Bild – é.png"), 4, 4);
        Outcome outcome = await CommandLine.UpscaleAsync(input, Path.Combine(inner, "größer.png"), "2");
        Assert.True(outcome.ExitCode == ExitCode.Success, outcome.Error);
        Assert.Contains("größer.png", outcome.Output, StringComparison.Ordinal);
        Assert.Equal(
            ["ein Bild – é.png", "größer.png"], Directory.GetFiles(inner).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task One_line_says_what_was_done_and_progress_goes_to_the_error_stream()
    {
        using var folder = new TemporaryFolder();
        string input = Pictures.Write(folder.File("in.png"), 30, 20);
        Outcome outcome = await CommandLine.UpscaleAsync(input, folder.File("out.png"), "2.7");
        Assert.Equal(ExitCode.Success, outcome.ExitCode);
        string line = Assert.Single(outcome.Output.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
        Assert.Matches(@"out\.png: 30x20 -> 81x54, gsasr-lite on .+, [0-9]+\.[0-9]{2} s$", line);
        Assert.All(outcome.ErrorLines, text => Assert.Matches(@"in\.png: ([1-9][0-9]{0,2} %(, .+ left)?|[a-z].*)$", text));
    }

    [Fact]
    public async Task An_existing_output_stays_unless_it_may_be_replaced()
    {
        using var folder = new TemporaryFolder();
        string input = Pictures.Write(folder.File("in.png"), 5, 5);
        string target = folder.File("out.png");
        File.WriteAllText(target, "precious");
        (await CommandLine.UpscaleAsync(input, target, "2")).AssertFailed(ExitCode.Failure, target, "--overwrite");
        Assert.Equal("precious", File.ReadAllText(target));

        Image result = await CommandLine.UpscaledAsync(input, target, "2", "--overwrite");
        Assert.Equal(10, result.Width);
        Assert.Equal(2, Directory.GetFileSystemEntries(folder.Path).Length);
    }

    [Fact]
    public async Task Quality_changes_the_size_of_a_JPEG()
    {
        using var folder = new TemporaryFolder();
        string input = Pictures.Write(folder.File("in.png"), 24, 24);
        await CommandLine.UpscaledAsync(input, folder.File("low.jpg"), "2", "--quality", "10");
        await CommandLine.UpscaledAsync(input, folder.File("high.jpg"), "2", "--quality", "100");
        Assert.True(new FileInfo(folder.File("low.jpg")).Length < new FileInfo(folder.File("high.jpg")).Length);
    }

    [Theory]
    [InlineData("out.webp", "--lossless")]
    [InlineData("out.tif")]
    [InlineData("out.bmp")]
    [InlineData("out.tga")]
    [InlineData("out.ppm")]
    public async Task Every_lossless_format_holds_the_same_picture(string name, params string[] options)
    {
        using var folder = new TemporaryFolder();
        string input = Pictures.Write(folder.File("in.png"), 9, 7);
        Image expected = await CommandLine.UpscaledAsync(input, folder.File("out.png"), "2");
        Image actual = await CommandLine.UpscaledAsync(input, folder.File(name), "2", options);
        Assert.Equal(expected.Samples8, actual.Samples8);
    }

    [Fact]
    public async Task A_note_about_the_input_is_printed()
    {
        using var folder = new TemporaryFolder();
        string input = Pictures.Write(folder.File("in.png"), 5, 5);
        byte[] file = File.ReadAllBytes(input);
        // A chunk that says "animation", 2 frames, in front of the pixels.
        byte[] animation = [0, 0, 0, 8, .. "acTL"u8, 0, 0, 0, 2, 0, 0, 0, 0, 0xF3, 0x8D, 0x93, 0x70];
        File.WriteAllBytes(input, [.. file[..33], .. animation, .. file[33..]]);
        Outcome outcome = await CommandLine.UpscaleAsync(input, folder.File("out.png"), "2");
        Assert.Equal(ExitCode.Success, outcome.ExitCode);
        Assert.Contains($"{input}: PNG: the file is an animation", outcome.Error, StringComparison.Ordinal);
    }

    // The mean colour of each quarter is the same.
    private static void AssertLooksAlike(Image expected, Image actual, double tolerance)
    {
        Assert.Equal(expected.ChannelCount, actual.ChannelCount);
        for (int quarter = 0; quarter < 4; quarter++)
        {
            for (int channel = 0; channel < expected.ChannelCount; channel++)
                Assert.Equal(Mean(expected, quarter, channel), Mean(actual, quarter, channel), tolerance);
        }
    }

    private static double Mean(Image image, int quarter, int channel)
    {
        double sum = 0;
        double area = 0;
        for (int y = 0; y < image.Height; y++)
        {
            for (int x = 0; x < image.Width; x++)
            {
                // The share of a pixel that lies in the quarter.
                double weight = Inside(x, image.Width, quarter % 2) * Inside(y, image.Height, quarter / 2);
                int index = (y * image.Width + x) * image.ChannelCount + channel;
                sum += weight * (image.BitDepth == 8 ? image.Samples8[index] : image.Samples16[index] / 257.0);
                area += weight;
            }
        }

        return sum / area;
    }

    private static double Inside(int index, int size, int half)
    {
        double first = Math.Clamp(size / 2.0 - index, 0, 1);
        return half == 0 ? first : 1 - first;
    }
}
