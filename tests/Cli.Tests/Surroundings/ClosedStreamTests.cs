using Gsasr.Cli.Tests.Upscaling;

namespace Gsasr.Cli.Tests.Surroundings;

/// <summary>Standard streams that are closed or lead nowhere change neither the picture nor the exit code.</summary>
public sealed class ClosedStreamTests : IDisposable
{
    private readonly FileTree _tree = new();

    public ClosedStreamTests() => _tree.Add("in.png");

    public void Dispose() => _tree.Dispose();

    [Theory]
    [InlineData("2>&-")]
    [InlineData(">&-")]
    [InlineData("<&-")]
    [InlineData(">&- 2>&-")]
    [InlineData("<&- >&- 2>&-")]
    [InlineData("--json >&-")]
    [InlineData("--verbose 2>&-")]
    [InlineData("| true")]
    [InlineData("--verbose 2>&1 | head -n 1 > /dev/null")]
    public async Task The_picture_and_the_exit_code_stay(string redirection)
    {
        Assert.Equal(ExitCode.Success, (await _tree.UpscaleAsync(["in.png", "expected.png"])).ExitCode);
        string pipe = redirection.Contains('|', StringComparison.Ordinal) ? redirection[redirection.IndexOf('|', StringComparison.Ordinal)..] : "";
        string rest = redirection[..^pipe.Length];
        Outcome outcome = await ProgramRun.ShellAsync(_tree.Path, $"{{ \"$0\" upscale in.png out.png -d cpu {rest}; echo $? > code; }} {pipe}");
        Assert.Equal("0", File.ReadAllText(_tree.File("code")).Trim());
        Assert.Equal(File.ReadAllBytes(_tree.File("expected.png")), File.ReadAllBytes(_tree.File("out.png")));
        Assert.Equal(["code", "expected.png", "in.png", "out.png"], Directory.GetFileSystemEntries(_tree.Path).Select(Path.GetFileName).Order());
        Assert.DoesNotContain("   at ", outcome.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("field in.png out.safetensors -d cpu >&-")]
    [InlineData("fit in.png out.safetensors --gaussians 10 --iterations 10 -d cpu >&- 2>&-")]
    public async Task Other_commands_write_their_files_too(string arguments)
    {
        Outcome outcome = await ProgramRun.ShellAsync(_tree.Path, $"\"$0\" {arguments}");
        Assert.True(outcome.ExitCode == ExitCode.Success, outcome.Error);
        Assert.True(new FileInfo(_tree.File("out.safetensors")).Length > 0);
    }

    [Theory]
    [InlineData("devices >&-")]
    [InlineData("upscale in.png - -f png -d cpu >&-")]
    public async Task What_was_to_be_on_the_output_stream_is_missed(string arguments)
    {
        Outcome outcome = await ProgramRun.ShellAsync(_tree.Path, $"\"$0\" {arguments}");
        Assert.Equal(ExitCode.Failure, outcome.ExitCode);
        Assert.Contains("The output stream is closed.", outcome.ErrorLines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_closed_input_stream_holds_no_picture()
    {
        Outcome outcome = await ProgramRun.ShellAsync(_tree.Path, "\"$0\" upscale - out.png -d cpu <&-");
        outcome.AssertFailed(ExitCode.Failure, "standard input");
    }
}
