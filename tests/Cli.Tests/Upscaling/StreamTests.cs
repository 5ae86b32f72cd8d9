using System.Diagnostics;
using System.Globalization;
using Gsasr.Imaging;

namespace Gsasr.Cli.Tests.Upscaling;

/// <summary>Pictures through pipes: - is the standard input, and the standard output.</summary>
public sealed class StreamTests : IDisposable
{
    private readonly FileTree _tree = new();

    public StreamTests() => _tree.Add("in.png");

    public void Dispose() => _tree.Dispose();

    [Theory]
    [InlineData("cat in.png | \"$0\" upscale - - --format png -d cpu > out.png")]
    [InlineData("\"$0\" upscale in.png - -f png -d cpu | cat > out.png")]
    [InlineData("\"$0\" upscale - out.png -d cpu < in.png")]
    [InlineData("cat in.png | \"$0\" upscale /dev/stdin out.png -d cpu")]
    [InlineData("cat in.png | \"$0\" upscale - - -f png -d cpu | \"$0\" upscale - - -s 1 -f png -d cpu > /dev/null && \"$0\" upscale in.png out.png -d cpu")]
    public async Task The_picture_is_the_same_as_between_files(string line)
    {
        Assert.Equal(ExitCode.Success, (await _tree.UpscaleAsync(["in.png", "expected.png"])).ExitCode);
        Outcome outcome = await ProgramRun.ShellAsync(_tree.Path, line);
        Assert.True(outcome.ExitCode == ExitCode.Success, outcome.Error);
        Assert.Equal(File.ReadAllBytes(_tree.File("expected.png")), File.ReadAllBytes(_tree.File("out.png")));
    }

    [Fact]
    public async Task The_standard_output_carries_only_the_picture_and_the_error_stream_says_what_was_done()
    {
        Outcome outcome = await ProgramRun.ShellAsync(_tree.Path, "\"$0\" upscale in.png - -f jpg -d cpu --verbose > out.jpg");
        Assert.Equal((ExitCode.Success, ""), (outcome.ExitCode, outcome.Output));
        Assert.Equal(ImageFormat.Jpeg, ImageFile.DetectFormat(File.ReadAllBytes(_tree.File("out.jpg"))));
        Assert.Contains(" -> ", outcome.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("echo no image | \"$0\" upscale - - -f png -d cpu", "the standard input: The file is not an image")]
    [InlineData("\"$0\" upscale - - -f png -d cpu < /dev/null", "the standard input: The file is empty")]
    [InlineData("\"$0\" upscale in.png in.png - -f png -d cpu", "takes one picture")]
    [InlineData("\"$0\" upscale . - -f png -d cpu", "takes one picture")]
    public async Task What_cannot_be_piped_is_refused_and_nothing_comes_out(string line, string part)
    {
        Outcome outcome = await ProgramRun.ShellAsync(_tree.Path, line);
        outcome.AssertFailed(ExitCode.Failure, part);
        Assert.DoesNotContain("-: ", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reader_that_has_gone_is_a_failure()
    {
        Outcome outcome = await ProgramRun.ShellAsync(_tree.Path, "{ \"$0\" upscale in.png - -f png -s 64 -d cpu; echo $? > code; } | true");
        Assert.Equal("1", File.ReadAllText(_tree.File("code")).Trim());
        Assert.DoesNotContain("   at ", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_signal_ends_the_waiting_for_the_standard_input()
    {
        if (OperatingSystem.IsWindows())
            Assert.Skip("There are no signals on Windows.");
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        using Process process = Process.Start(new ProcessStartInfo(CommandLine.ProgramPath, ["upscale", "-", "out.png", "-d", "cpu"])
        {
            RedirectStandardInput = true,
            RedirectStandardError = true,
            WorkingDirectory = _tree.Path,
        })!;

        // The place for the output is made before the input is read.
        while (_tree.Files().Length == 1)
            await Task.Delay(20, cancellation);
        using (Process kill = Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)]))
            await kill.WaitForExitAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        Assert.Equal(ExitCode.Terminated, process.ExitCode);
        Assert.Contains("Cancelled", await process.StandardError.ReadToEndAsync(cancellation), StringComparison.Ordinal);
        Assert.Equal(["in.png"], _tree.Files());
    }

    [Fact]
    public async Task A_file_called_minus_is_reached_by_its_folder()
    {
        File.Copy(_tree.File("in.png"), _tree.File("-"));
        Outcome outcome = await ProgramRun.ShellAsync(_tree.Path, "\"$0\" upscale ./- out.png -d cpu");
        Assert.True(outcome.ExitCode == ExitCode.Success, outcome.Error);
    }
}
