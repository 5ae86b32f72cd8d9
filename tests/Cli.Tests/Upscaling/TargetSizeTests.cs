using System.Globalization;
using Gsasr.Imaging;
using Gsasr.Imaging.Tests;

namespace Gsasr.Cli.Tests.Upscaling;

/// <summary>Sizes of the output other than by a scale.</summary>
public sealed class TargetSizeTests : IDisposable
{
    private readonly FileTree _tree = new();

    public void Dispose() => _tree.Dispose();

    [Theory]
    [InlineData(20, 10, "--size=50x40", 50, 25)]
    [InlineData(10, 20, "--size=50x40", 20, 40)]
    [InlineData(20, 10, "--size=50x40,--fit=inside", 50, 25)]
    [InlineData(20, 10, "--size=50x40,--fit=cover", 50, 40)]
    [InlineData(10, 20, "--size=50x40,--fit=cover", 50, 40)]
    [InlineData(20, 10, "--size=50x40,--fit=exact", 50, 40)]
    [InlineData(20, 10, "--width=33", 33, 17)]
    [InlineData(20, 10, "--height=33", 66, 33)]
    [InlineData(20, 10, "--size=20x10,--fit=exact", 20, 10)]
    [InlineData(3, 1, "--width=100", 100, 33)]
    [InlineData(1, 1, "--size=64X64", 64, 64)]
    public async Task The_output_has_the_size_that_was_asked_for(int width, int height, string options, int expectedWidth, int expectedHeight)
    {
        Pictures.Write(_tree.File("in.png"), width, height);
        Outcome outcome = await _tree.UpscaleAsync(["in.png", "out.png"], options.Split(','));
        Assert.True(outcome.ExitCode == ExitCode.Success, outcome.Error);
        Assert.Equal((expectedWidth, expectedHeight), _tree.SizeOf("out.png"));
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $" -> {expectedWidth}x{expectedHeight},"), outcome.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--size=2000x9", "20x10 pixels would have to become 18x9, and nothing is made smaller")]
    [InlineData("--width=19", "20x10 pixels would have to become 19x10, and nothing is made smaller")]
    [InlineData("--size=40x9,--fit=exact", "would have to become 40x9, and nothing is made smaller")]
    [InlineData("--width=1281", "1281x641", "64 times is the most")]
    [InlineData("--size=40x641,--fit=exact", "40x641", "64.1 times", "64 times is the most")]
    [InlineData("--height=2147483647", "64 times is the most")]
    [InlineData("--size=2147483647x2147483647,--fit=exact", "64 times is the most")]
    public async Task A_size_that_cannot_be_reached_is_refused_before_the_work(string options, params string[] parts)
    {
        Pictures.Write(_tree.File("in.png"), 20, 10);
        Outcome outcome = await _tree.UpscaleAsync(["in.png", "out.png"], options.Split(','));
        outcome.AssertFailed(ExitCode.Failure, [_tree.File("in.png"), .. parts]);
        Assert.Equal(["in.png"], _tree.Files());
    }

    [Theory]
    [InlineData(1, "--width=19", "20x10 pixels would have to become 19x10")]
    [InlineData(6, "--width=19", "PNG: the compressed")]
    [InlineData(6, "--height=19", "10x20 pixels would have to become 10x19")]
    [InlineData(6, "--size=700x20,--fit=exact", "10x20", "64 times is the most")]
    public async Task The_header_is_enough_for_a_refusal(int orientation, string options, params string[] parts)
    {
        // The pixels are damaged, which nobody notices who does not decode them.
        byte[] exif = [.. "MM\0*\0\0\0\b"u8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, (byte)orientation, 0, 0, 0, 0, 0, 0];
        File.WriteAllBytes(_tree.File("in.png"), new PngBuilder().Header(20, 10, 8, 0).Chunk("IDAT", 0x78, 0x9C, 1, 2, 3).Chunk("eXIf", exif).End());
        Outcome outcome = await _tree.UpscaleAsync(["in.png", "out.png"], options.Split(','));
        outcome.AssertFailed(ExitCode.Failure, [_tree.File("in.png"), .. parts]);
    }

    [Fact]
    public async Task An_output_too_large_for_memory_is_refused()
    {
        Pictures.Write(_tree.File("in.png"), 400, 400, ChannelLayout.Grey);
        (await _tree.UpscaleAsync(["in.png", "out.png"], "--size", "25600x25000", "--fit", "exact"))
            .AssertFailed(ExitCode.Failure, "25600x25000", "too large");
    }

    [Fact]
    public async Task A_whole_scale_and_its_size_are_the_same_picture()
    {
        Pictures.Write(_tree.File("in.png"), 14, 9);
        Assert.Equal(ExitCode.Success, (await _tree.UpscaleAsync(["in.png", "scale.png"], "--scale", "3")).ExitCode);
        Assert.Equal(ExitCode.Success, (await _tree.UpscaleAsync(["in.png", "size.png"], "--size", "42x27")).ExitCode);
        Assert.Equal(ImageFile.Read(_tree.File("scale.png")).Samples8, ImageFile.Read(_tree.File("size.png")).Samples8);
    }

    [Theory]
    [InlineData(ChannelLayout.Rgb, 8)]
    [InlineData(ChannelLayout.GreyAlpha, 16)]
    public async Task Cover_keeps_the_middle_of_the_whole(ChannelLayout layout, int bitDepth)
    {
        Pictures.Write(_tree.File("in.png"), 12, 20, layout, bitDepth);
        Assert.Equal(ExitCode.Success, (await _tree.UpscaleAsync(["in.png", "whole.png"], "--width", "36")).ExitCode);
        Assert.Equal(ExitCode.Success, (await _tree.UpscaleAsync(["in.png", "middle.png"], "--size", "36x31", "--fit", "cover")).ExitCode);
        Image whole = ImageFile.Read(_tree.File("whole.png")), middle = ImageFile.Read(_tree.File("middle.png"));
        Assert.Equal((36, 60, 36, 31), (whole.Width, whole.Height, middle.Width, middle.Height));
        int row = 36 * whole.ChannelCount;
        if (bitDepth == 8)
            Assert.Equal(whole.Samples8[(14 * row)..(45 * row)], middle.Samples8);
        else
            Assert.Equal(whole.Samples16[(14 * row)..(45 * row)], middle.Samples16);
    }

    [Fact]
    public async Task Each_axis_can_have_a_factor_of_its_own()
    {
        // A gradient from left to right and none from top to bottom: stretched down, every row is the same as before.
        var samples = new byte[24 * 12];
        for (int i = 0; i < samples.Length; i++)
            samples[i] = (byte)(20 + 8 * (i % 24));
        ImageFile.Write(_tree.File("in.png"), new Image(24, 12, ChannelLayout.Grey, samples));
        Assert.Equal(ExitCode.Success, (await _tree.UpscaleAsync(["in.png", "out.png"], "--size", "48x84", "--fit", "exact")).ExitCode);
        Image result = ImageFile.Read(_tree.File("out.png"));
        for (int x = 4; x < 44; x++)
        {
            double expected = 20 + 8 * ((x + 0.5) / 2 - 0.5);
            for (int y = 8; y < 76; y++)
                Assert.Equal(expected, result.Samples8[y * 48 + x], 6.0);
        }
    }
}
