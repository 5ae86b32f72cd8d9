using Gsasr.Imaging;
using Gsasr.Testing;

namespace Gsasr.Cli.Tests;

/// <summary>What the command refuses, how it says so, and that nothing is left behind.</summary>
public sealed class RefusalTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _input;

    public RefusalTests() => _input = Pictures.Write(_folder.File("in.png"), 6, 5);

    public static TheoryData<string[], string[]> BadArguments => new()
    {
        { ["upscale", "in.png", "out.png", "--scale", "two"], ["--scale", "'two'", "from 1 to 64"] },
        { ["upscale", "in.png", "out.png", "--scale", "0.5"], ["--scale", "'0.5'"] },
        { ["upscale", "in.png", "out.png", "--scale", "65"], ["--scale", "'65'"] },
        { ["upscale", "in.png", "out.png", "--scale", "NaN"], ["--scale", "'NaN'"] },
        { ["upscale", "in.png", "out.png", "--scale", "2,5"], ["--scale", "'2,5'", "2.5"] },
        { ["upscale", "in.png", "out.png", "--scale", "1e999"], ["--scale", "'1e999'"] },
        { ["upscale", "in.png", "out.jpg", "--scale", "2", "--quality", "0"], ["--quality", "1 to 100"] },
        { ["upscale", "in.png", "out.jpg", "--scale", "2", "--quality", "101"], ["--quality", "1 to 100", "'101'"] },
        { ["upscale", "in.png", "out.jpg", "--scale", "2", "--quality", "abc"], ["--quality", "1 to 100", "'abc'"] },
        { ["upscale", "in.png", "out.jpg", "--scale", "2", "--quality", "5.5"], ["--quality", "1 to 100", "'5.5'"] },
        { ["upscale", "in.png", "out.jpg", "--scale", "2", "--quality", "1e3"], ["--quality", "1 to 100", "'1e3'"] },
        { ["upscale", "in.png", "out.jpg", "--scale", "2", "--quality", "99999999999"], ["--quality", "1 to 100", "'99999999999'"] },
        { ["upscale", "in.png", "out.jpg", "--scale", "2", "--quality", ""], ["--quality", "1 to 100", "''"] },
        { ["upscale", "in.png", "out.png", "--scale", "2", "--lossless"], ["--lossless", ".webp"] },
        { ["upscale", "in.png", "out.png", "--scale", "2", "--max-pixels", "0"], ["--max-pixels", "'0'"] },
        { ["field", "in.png", "out.safetensors", "--max-pixels", "many"], ["--max-pixels", "'many'"] },
        { ["upscale", "in.png", "out.png", "--scale", "2", "--dmax", "-1"], ["--dmax", "'-1'"] },
        { ["upscale", "in.png", "out.png", "--scale", "2", "--dmax", "0"], ["--dmax", "from 0.000001 to 1000000, such as 0.1", "'0'"] },
        { ["upscale", "", "out.png", "--scale", "2"], ["INPUT is empty"] },
        { ["upscale", "in.png", "", "--scale", "2"], ["OUTPUT is empty"] },
        { ["upscale", "in.png", "out.png", "--scale", "2", "--model", ""], ["--model is empty"] },
        { ["info", ""], ["MODEL is empty"] },
        { ["upscale", "in.png", "out.png", "--scale", "2", "--device", "nonsense"], ["'nonsense'", "opencl"] },
        { ["upscale", "in.png", "out.png", "--scale", "2", "--device", "cuda:x"], ["'cuda:x'"] },
        { ["upscale", "in.png", "out.png", "--scale", "2", "--device", "cpu:0"], ["'cpu:0'"] },
        { ["upscale", "in.png", "out.png", "--scale", "2", "--nonsense"], ["--nonsense"] },
        { ["upscale", "in.png", "--scale", "2"], ["OUTPUT is missing"] },
        { ["upscale", "in.png", "out.webp", "--format"], ["--format"] },
        { ["upscale", "in.png", "-", "-f", "--"], ["-f"] },
        { ["upscale", "in.png", "out.webp", "--lossless", "--quality"], ["--quality"] },
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(BadArguments))]
    public async Task Senseless_arguments_give_2_and_a_hint(string[] arguments, string[] parts)
    {
        Outcome outcome = await CommandLine.RunAsync(arguments);
        Assert.Equal(ExitCode.Usage, outcome.ExitCode);
        Assert.Equal("", outcome.Output);
        Assert.All(parts, part => Assert.Contains(part, outcome.Error, StringComparison.Ordinal));
        Assert.StartsWith("Try 'gsasr ", outcome.ErrorLines[^1], StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", outcome.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("frob in.png", "There is no command 'frob'; it is upscale, field, render, fit, models, info, devices or completion.", "")]
    [InlineData("--frob", "There is no option --frob, and no command; the command is upscale, field, render, fit, models, info, devices or completion.", "")]
    [InlineData("models", "The command is missing; it is list, pull or path.", "models ")]
    [InlineData("models frob", "There is no command 'frob'; it is list, pull or path.", "models ")]
    public async Task Of_a_command_that_there_is_not_those_that_there_are_are_said(string arguments, string message, string command)
    {
        Outcome outcome = await CommandLine.RunAsync(arguments.Split(' '));
        Assert.Equal((ExitCode.Usage, ""), (outcome.ExitCode, outcome.Output));
        Assert.Equal([message, $"Try 'gsasr {command}--help'."], outcome.ErrorLines);
    }

    [Fact]
    public async Task Help_is_no_error()
    {
        Outcome outcome = await CommandLine.RunAsync("upscale", "--help");
        Assert.Equal(ExitCode.Success, outcome.ExitCode);
        Assert.Contains("--scale", outcome.Output, StringComparison.Ordinal);
        Assert.Equal("", outcome.Error);
    }

    [Fact]
    public async Task Without_arguments_there_is_help_on_the_error_stream()
    {
        Outcome outcome = await CommandLine.RunAsync();
        Assert.Equal((ExitCode.Usage, ""), (outcome.ExitCode, outcome.Output));
        foreach (string command in (string[])["upscale", "info", "devices"])
            Assert.Contains(command, outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_device_that_is_not_there_is_named_with_those_that_are()
    {
        Outcome outcome = await CommandLine.RunAsync("upscale", _input, Target, "--scale", "2", "--device", "opencl:99");
        AssertRefused(outcome, "'opencl:99'", "cpu");
    }

    [Theory]
    [InlineData("upscale")]
    [InlineData("field")]
    public async Task A_precision_that_there_is_not_is_refused(string command)
    {
        Outcome outcome = await CommandLine.RunAsync(command, _input, Target, "--scale", "2", "--precision", "float8");
        Assert.Equal(ExitCode.Usage, outcome.ExitCode);
        Assert.Contains("--precision is auto, float32 or mixed; it is 'float8'.", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mixed_precision_on_the_processor_is_refused_with_what_to_do() => AssertRefused(
        await CommandLine.RunAsync("upscale", _input, Target, "--scale", "2", "--device", "cpu", "--precision", "mixed"),
        "mixed precision",
        "use float32");

    [Fact]
    public async Task A_missing_input_is_named() =>
        AssertRefused(await CommandLine.UpscaleAsync(_folder.File("absent.png"), Target, "2"), "absent.png");

    [Fact]
    public async Task A_file_is_no_folder_and_an_input_is_looked_for_before_the_output_is_judged()
    {
        AssertRefused(await CommandLine.UpscaleAsync(_input + "/", Target, "2"), $"There is no file {_input}/.");
        AssertRefused(await CommandLine.UpscaleAsync(_folder.File("absent"), _folder.File("large"), "2"), "There is no file", "absent");
    }

    [Fact]
    public async Task A_missing_output_folder_is_named() =>
        AssertRefused(await CommandLine.UpscaleAsync(_input, _folder.File(Path.Combine("absent", "out.png")), "2"), "absent", "folder");

    [Theory]
    [InlineData("out.gif", "'.gif'")]
    [InlineData("out", "no extension")]
    public async Task An_output_of_unknown_format_is_refused(string name, string part) =>
        AssertRefused(await CommandLine.UpscaleAsync(_input, _folder.File(name), "2"), part, ".png");

    [Theory]
    [InlineData("")]
    [InlineData("This is no image.")]
    [InlineData("\u0089PNG\r\n\u001a\nand then nonsense")]
    [InlineData("GIF89a")]
    [InlineData("P6\n100000 100000\n255\n")]
    public async Task A_damaged_input_is_named(string content)
    {
        File.WriteAllText(_input, content, System.Text.Encoding.Latin1);
        AssertRefused(await CommandLine.UpscaleAsync(_input, Target, "2"), _input);
    }

    [Fact]
    public async Task An_input_above_the_limit_is_refused_with_what_raises_it()
    {
        AssertRefused(await CommandLine.UpscaleAsync(_input, Target, "1", "--max-pixels", "3"), _input, "limit of 3 pixels", "--max-pixels");
        Assert.Equal(ExitCode.Success, (await CommandLine.UpscaleAsync(_input, Target, "1", "--max-pixels", "1000000")).ExitCode);
    }

    [Fact]
    public async Task A_truncated_input_is_refused()
    {
        File.WriteAllBytes(_input, File.ReadAllBytes(_input)[..^30]);
        AssertRefused(await CommandLine.UpscaleAsync(_input, Target, "2"), _input);
    }

    [Theory]
    [InlineData(ChannelLayout.Rgba, 8, "out.jpg", "transparency")]
    [InlineData(ChannelLayout.GreyAlpha, 8, "out.ppm", "transparency")]
    [InlineData(ChannelLayout.Rgb, 16, "out.pgm", "colours")]
    public async Task What_the_output_cannot_hold_is_refused_before_the_work(ChannelLayout layout, int bitDepth, string name, string part)
    {
        Pictures.Write(_input, 40, 40, layout, bitDepth);
        Outcome outcome = await CommandLine.UpscaleAsync(_input, _folder.File(name), "8");
        AssertRefused(outcome, part, "PNG");
    }

    [Fact]
    public async Task A_JPEG_too_large_for_its_format_is_refused_before_the_work()
    {
        Pictures.Write(_input, 1100, 1);
        AssertRefused(await CommandLine.UpscaleAsync(_input, _folder.File("out.jpg"), "60"), "66000");
    }

    [Fact]
    public async Task An_output_too_large_for_memory_is_refused_before_the_work()
    {
        Pictures.Write(_input, 400, 400, ChannelLayout.Grey);
        Outcome outcome = await CommandLine.UpscaleAsync(_input, Target, "64");
        AssertRefused(outcome, "25600", "too large");
        Assert.EndsWith("pixels." + Environment.NewLine, outcome.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("P6\n16384 16384\n255\n", ".png", "32768 x 32768")]
    [InlineData("P6\n40000 10\n255\n", ".jpg", "80000 x 20")]
    public async Task An_impossible_output_is_refused_by_the_header_of_the_input(string header, string extension, string part)
    {
        // No pixels follow: they are not looked at.
        string input = _folder.File("in.ppm");
        File.Delete(_input);
        File.WriteAllText(input, header);
        Outcome outcome = await CommandLine.UpscaleAsync(input, _folder.File("out" + extension), "2");
        outcome.AssertFailed(ExitCode.Failure, part);
        Assert.Equal([input], Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task An_absent_model_is_named() =>
        AssertRefused(
            await CommandLine.UpscaleAsync(_input, Target, "2", "--model", _folder.File("absent.safetensors")), "absent.safetensors");

    [Fact]
    public async Task A_file_that_is_no_model_is_refused() =>
        AssertRefused(await CommandLine.UpscaleAsync(_input, Target, "2", "--model", _input), _input);

    [Fact]
    public async Task A_folder_without_a_model_is_refused() =>
        AssertRefused(await CommandLine.UpscaleAsync(_input, Target, "2", "--model", _folder.Path), "encoder.pth");

    [Fact]
    public async Task A_folder_that_cannot_be_written_is_refused_before_the_work()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("/proc, where nobody can create files, is a folder of Linux.");
        Outcome outcome = await CommandLine.UpscaleAsync(_input, "/proc/out.png", "2");
        // One line: no progress, as the network did not run.
        AssertRefused(outcome, "/proc/out.png cannot be written");
    }

    private string Target => _folder.File("out.png");

    // One line on the error stream, and no file beside the input.
    private void AssertRefused(Outcome outcome, params string[] parts)
    {
        outcome.AssertFailed(ExitCode.Failure, parts);
        Assert.Equal([_input], Directory.GetFileSystemEntries(_folder.Path));
    }
}
