using System.Diagnostics;
using Gsasr.Cli.Tests.Upscaling;
using Gsasr.Imaging;
using Gsasr.Testing;

namespace Gsasr.Cli.Tests;

/// <summary>The program in a process of its own.</summary>
public sealed class ProgramTests
{
    [Fact]
    public async Task It_finds_its_model_from_any_working_folder_and_takes_relative_paths()
    {
        using var folder = new TemporaryFolder();
        Pictures.Write(folder.File("in put.png"), 7, 5);
        Outcome outcome = await RunAsync(folder.Path, "upscale", "in put.png", "größer.jpg", "-s", "2.5", "-d", "cpu", "--dmax", "1");
        Assert.True(outcome.ExitCode == ExitCode.Success, outcome.Error);
        Assert.Contains("7x5 -> 17x12", outcome.Output, StringComparison.Ordinal);
        Assert.All(outcome.ErrorLines, line => Assert.Matches(@"^(in put\.png: |loading the model|opening the device)", line));
        Image result = ImageFile.Read(folder.File("größer.jpg"));
        Assert.Equal((17, 12), (result.Width, result.Height));
    }

    [Fact]
    public async Task Its_exit_code_tells_failures_from_senseless_arguments()
    {
        using var folder = new TemporaryFolder();
        (await RunAsync(folder.Path, "upscale", "absent.png", "out.png", "-s", "2")).AssertFailed(ExitCode.Failure, "absent.png");
        Assert.Equal(ExitCode.Usage, (await RunAsync(folder.Path, "upscale", "absent.png", "out.png", "-s", "many")).ExitCode);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public async Task A_file_or_folder_of_its_name_does_not_take_the_place_of_the_built_in_model()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("gsasr-lite"));
        Outcome outcome = await RunAsync(folder.Path, "info", "gsasr-lite");
        Assert.True(outcome.ExitCode == ExitCode.Success, outcome.Error);
        (await RunAsync(folder.Path, "info", "./gsasr-lite")).AssertFailed(ExitCode.Failure, "./gsasr-lite", "encoder.pth");
    }

    [Fact]
    public async Task That_the_working_folder_has_been_deleted_is_said()
    {
        using var folder = new TemporaryFolder();
        Outcome outcome = await ProgramRun.ShellAsync(folder.Path, "mkdir gone; cd gone; rmdir ../gone; exec \"$0\" upscale in.png out.png -d cpu --quiet");
        outcome.AssertFailed(ExitCode.Failure, "The working folder has been deleted; change to another one");
    }

    [Fact]
    public async Task A_home_that_is_no_full_path_is_none()
    {
        using var folder = new TemporaryFolder();
        Outcome outcome = await ProgramRun.ShellAsync(folder.Path, "HOME=home GSASR_CACHE= XDG_CACHE_HOME= exec \"$0\" models pull edsr-paper");
        outcome.AssertFailed(ExitCode.Failure, "HOME", "GSASR_CACHE");
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Theory]
    [InlineData("devices >/dev/full", ExitCode.Failure, "No space left")]
    [InlineData("info >/dev/full", ExitCode.Failure, "No space left")]
    [InlineData("devices 2>/dev/full", ExitCode.Success, "")]
    [InlineData("nonsense 2>/dev/full", ExitCode.Usage, "")]
    [InlineData("info absent 2>/dev/full", ExitCode.Failure, "")]
    [InlineData("upscale in.png out.png -s 2 -d cpu 2>/dev/full", ExitCode.Success, "")]
    [InlineData("upscale in.png out.png -s 2 -d cpu >/dev/full", ExitCode.Success, "the work goes on without it")]
    public async Task A_stream_that_cannot_be_written_is_no_crash(string arguments, int exitCode, string lastLine)
    {
        if (!File.Exists("/dev/full"))
            Assert.Skip("There is no /dev/full here.");
        using var folder = new TemporaryFolder();
        Pictures.Write(folder.File("in.png"), 24, 24);
        using Process process = Process.Start(new ProcessStartInfo("sh", ["-c", $"exec \"$0\" {arguments}", CommandLine.ProgramPath])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder.Path,
        })!;
        Outcome outcome = await OutcomeAsync(process);
        Assert.Equal(exitCode, outcome.ExitCode);
        Assert.Contains(lastLine, outcome.ErrorLines.LastOrDefault(""), StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(arguments.StartsWith("upscale", StringComparison.Ordinal), File.Exists(folder.File("out.png")));
    }

    [Fact]
    public async Task It_says_when_it_waits_for_the_compiler_of_an_OpenCL_driver()
    {
        TestDevices.Get("opencl");
        using var folder = new TemporaryFolder();
        Pictures.Write(folder.File("in.png"), 24, 24);
        var start = new ProcessStartInfo(CommandLine.ProgramPath, ["upscale", "in.png", "out.png", "-s", "2", "-d", "opencl"])
        {
            RedirectStandardError = true,
            WorkingDirectory = folder.Path,
        };
        start.Environment["GSASR_CACHE"] = folder.Path;
        using Process process = Process.Start(start)!;
        string? line;
        do
            line = await process.StandardError.ReadLineAsync(TestContext.Current.CancellationToken);
        while (line?.Contains("compiling the kernels", StringComparison.Ordinal) == false);
        process.Kill();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.NotNull(line);
    }

    private static async Task<Outcome> RunAsync(string workingFolder, params string[] arguments)
    {
        using Process process = CommandLine.Start(workingFolder, arguments);
        return await OutcomeAsync(process);
    }

    private static async Task<Outcome> OutcomeAsync(Process process)
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        Task<string> error = process.StandardError.ReadToEndAsync(cancellation);
        string output = await process.StandardOutput.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        return new Outcome(process.ExitCode, output, await error);
    }
}
