using Gsasr.Imaging;
using Gsasr.Testing;

namespace Gsasr.Cli.Tests;

/// <summary>The commands about fields: field, render and fit.</summary>
public sealed class FieldCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(ChannelLayout.Rgb, 8, "2.7")]
    [InlineData(ChannelLayout.Rgb, 16, "3")]
    [InlineData(ChannelLayout.Grey, 8, "2")]
    public async Task Field_then_render_gives_the_file_that_upscale_gives(ChannelLayout layout, int bits, string scale)
    {
        string input = Pictures.Write(_folder.File("in.png"), 26, 19, layout, bits);
        string upscaled = _folder.File("upscaled.png");
        string field = _folder.File("field.safetensors");
        string rendered = _folder.File("rendered.png");
        AssertDone(await CommandLine.UpscaleAsync(input, upscaled, scale));
        AssertDone(await CommandLine.RunAsync("field", input, field, "--scale", scale, "--device", "cpu"));
        AssertDone(await CommandLine.RunAsync("render", field, rendered, "--magnification", scale, "--device", "cpu"));
        Assert.Equal(await BytesAsync(upscaled), await BytesAsync(rendered));
    }

    [Fact]
    public async Task A_size_and_a_part_are_drawn()
    {
        string field = await MakeFieldAsync();
        string whole = _folder.File("whole.png");
        AssertDone(await CommandLine.RunAsync("render", field, whole, "--size", "50x31", "--device", "cpu"));
        Image image = ImageFile.Read(whole);
        Assert.Equal((50, 31), (image.Width, image.Height));

        string part = _folder.File("part.png");
        AssertDone(await CommandLine.RunAsync(
            "render", field, part, "--magnification", "8", "--left", "3", "--top", "4.5", "--width", "6", "--height", "2", "--device", "cpu"));
        image = ImageFile.Read(part);
        Assert.Equal((48, 16), (image.Width, image.Height));
    }

    [Fact]
    public async Task Fit_writes_a_field_and_says_how_good_it_is()
    {
        string input = Pictures.Write(_folder.File("in.png"), 24, 16);
        string[] arguments = ["--gaussians", "40", "--iterations", "60", "--device", "cpu"];
        Outcome outcome = await CommandLine.RunAsync(["fit", input, _folder.File("one.safetensors"), .. arguments]);
        AssertDone(outcome);
        Assert.Contains("40 Gaussians", outcome.Output, StringComparison.Ordinal);
        Assert.Contains(" dB after 60 steps", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("in.png: 40 Gaussians, ", outcome.Error, StringComparison.Ordinal);
        AssertDone(await CommandLine.RunAsync(["fit", input, _folder.File("two.safetensors"), .. arguments]));
        Assert.Equal(await BytesAsync(_folder.File("one.safetensors")), await BytesAsync(_folder.File("two.safetensors")));
        string drawn = _folder.File("drawn.png");
        AssertDone(await CommandLine.RunAsync("render", _folder.File("one.safetensors"), drawn, "--size", "24x16", "--device", "cpu"));
        Image expected = ImageFile.Read(input);
        Image actual = ImageFile.Read(drawn);
        Assert.InRange(expected.Samples8.ToArray().Zip(actual.Samples8.ToArray(), (x, y) => Math.Abs(x - y)).Average(), 0, 8);
    }

    [Fact]
    public async Task A_fit_that_is_stopped_goes_on_where_it_was()
    {
        string input = Pictures.Write(_folder.File("in.png"), 24, 16);
        string state = _folder.File("state.safetensors");
        string[] arguments = ["--gaussians", "40", "--iterations", "80", "--device", "cpu"];
        using (var source = new CancellationTokenSource())
        {
            using var output = new StringWriter();
            using var error = new CancellingWriter(source, " Gaussians, ");
            int exitCode = await Program.RunAsync(
                ["fit", input, _folder.File("half.safetensors"), "--state", state, .. arguments], output, error, source.Token);
            Assert.Equal(ExitCode.Interrupted, exitCode);
            Assert.Contains("keeps the work", error.ToString(), StringComparison.Ordinal);
        }

        Assert.False(File.Exists(_folder.File("half.safetensors")));
        AssertDone(await CommandLine.RunAsync(["fit", input, _folder.File("resumed.safetensors"), "--state", state, .. arguments]));
        AssertDone(await CommandLine.RunAsync(["fit", input, _folder.File("whole.safetensors"), .. arguments]));
        Assert.Equal(await BytesAsync(_folder.File("whole.safetensors")), await BytesAsync(_folder.File("resumed.safetensors")));
    }

    [Fact]
    public async Task What_cannot_be_done_is_said_in_one_line_and_nothing_is_left()
    {
        string input = Pictures.Write(_folder.File("in.png"), 8, 8);
        string transparent = Pictures.Write(_folder.File("alpha.png"), 8, 8, ChannelLayout.Rgba);
        string field = await MakeFieldAsync();
        string target = _folder.File("out.png");
        (await RunAsync("field", _folder.File("absent.png"), _folder.File("x.safetensors"))).AssertFailed(ExitCode.Failure, "absent.png");
        (await RunAsync("field", transparent, _folder.File("x.safetensors"))).AssertFailed(ExitCode.Failure, "alpha.png", "transparent");
        (await RunAsync("fit", transparent, _folder.File("x.safetensors"), "--gaussians", "9")).AssertFailed(ExitCode.Failure, "transparent");
        (await RunAsync("field", input, field)).AssertFailed(ExitCode.Failure, "exists already", "--overwrite");
        (await RunAsync("field", input, input, "--overwrite")).AssertFailed(ExitCode.Failure, "in.png is the input");
        (await RunAsync("fit", input, input, "--gaussians", "9", "--overwrite")).AssertFailed(ExitCode.Failure, "in.png is the input");
        (await RunAsync("fit", input, _folder.File("x.safetensors"), "--gaussians", "9", "--state", input)).AssertFailed(ExitCode.Failure, "in.png is the input");
        (await RunAsync("fit", input, _folder.File("x.safetensors"), "--gaussians", "9", "--state", _folder.File("x.safetensors")))
            .AssertFailed(ExitCode.Failure, "x.safetensors is FIELD");
        (await RunAsync("render", _folder.File("absent.safetensors"), target, "--magnification", "2")).AssertFailed(ExitCode.Failure, "absent.safetensors");
        (await RunAsync("render", input, target, "--magnification", "2")).AssertFailed(ExitCode.Failure, "in.png", "safetensors");
        (await RunAsync("render", TestData.ModelFile("gsasr-lite.safetensors"), target, "--magnification", "2"))
            .AssertFailed(ExitCode.Failure, "no field of Gaussians");
        (await RunAsync("render", field, target, "--size", "999999x999999")).AssertFailed(ExitCode.Failure, "pixels");
        (await RunAsync("render", field, target, "--magnification", "2", "--left", "400")).AssertFailed(ExitCode.Failure, "20x14");
        (await RunAsync("fit", input, _folder.File("x.safetensors"), "--gaussians", "9", "--state", field))
            .AssertFailed(ExitCode.Failure, "does not keep the state");
        byte[] bytes = await BytesAsync(field);
        await File.WriteAllBytesAsync(field, bytes[..^9], TestContext.Current.CancellationToken);
        (await RunAsync("render", field, target, "--magnification", "2")).AssertFailed(ExitCode.Failure, "cut short");
        Assert.Equal(["alpha.png", "field.safetensors", "in.png"], Directory.GetFiles(_folder.Path).Select(Path.GetFileName).Order());
    }

    [Theory]
    [InlineData("render", "f", "o.png")]
    [InlineData("render", "f", "o.png", "--size", "3x3", "--magnification", "2")]
    [InlineData("render", "f", "o.png", "--size", "3by3")]
    [InlineData("render", "f", "o.png", "--magnification", "0")]
    [InlineData("render", "f", "", "--magnification", "1")]
    [InlineData("render", "f", "-", "--magnification", "1")]
    [InlineData("render", "f", "o.png", "--magnification", "1", "--quality", "5")]
    [InlineData("fit", "a.png", "f")]
    [InlineData("fit", "a.png", "f", "--gaussians", "0")]
    [InlineData("fit", "a.png", "f", "--gaussians", "5", "--seconds", "3", "--iterations", "3")]
    [InlineData("fit", "a.png", "f", "--gaussians", "5", "--state", "")]
    [InlineData("field", "a.png", "f", "--scale", "0.5")]
    [InlineData("field", "", "f")]
    [InlineData("field", "a.png", "-")]
    public async Task Senseless_arguments_give_2_and_a_hint(params string[] arguments)
    {
        Outcome outcome = await CommandLine.RunAsync(arguments);
        Assert.Equal((ExitCode.Usage, ""), (outcome.ExitCode, outcome.Output));
        Assert.StartsWith("Try 'gsasr ", outcome.ErrorLines[^1], StringComparison.Ordinal);
    }

    private static Task<Outcome> RunAsync(params string[] arguments) => CommandLine.RunAsync([.. arguments, "--device", "cpu"]);

    private static void AssertDone(Outcome outcome) => Assert.True(outcome.ExitCode == ExitCode.Success, outcome.Error);

    private static Task<byte[]> BytesAsync(string path) => File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);

    private async Task<string> MakeFieldAsync()
    {
        string input = Pictures.Write(_folder.File("small.png"), 20, 14);
        string field = _folder.File("field.safetensors");
        AssertDone(await RunAsync("field", input, field));
        File.Delete(input);
        return field;
    }

    // Stops the work when a text comes by.
    private sealed class CancellingWriter(CancellationTokenSource source, string text) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (value?.Contains(text, StringComparison.Ordinal) == true)
                source.Cancel();
        }
    }
}
