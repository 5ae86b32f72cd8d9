using System.Diagnostics;
using System.Globalization;
using System.Runtime.Versioning;
using System.Text.Json;
using Gsasr.Cli.Tests.Upscaling;

namespace Gsasr.Cli.Tests.Surroundings;

/// <summary>Signals, and what is left of a program that one of them ended.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class SignalTests : IDisposable
{
    private readonly FileTree _tree = new();

    public SignalTests()
    {
        if (OperatingSystem.IsWindows())
            Assert.Skip("There are no signals on Windows.");
        Pictures.Write(_tree.File("in.png"), 60, 60, bitDepth: 16);
    }

    public void Dispose() => _tree.Dispose();

    [Theory]
    [InlineData("INT", ExitCode.Interrupted)]
    [InlineData("QUIT", ExitCode.Quit)]
    [InlineData("TERM", ExitCode.Terminated)]
    [InlineData("HUP", ExitCode.HungUp)]
    public async Task A_request_to_stop_is_followed_and_leaves_nothing(string signal, int exitCode)
    {
        using Process process = StartLongWork("env", $"--default-signal={signal}");
        await ReadToAsync(process, " %");
        await KillAsync(process, signal);
        string error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.EndsWith($"Cancelled; nothing was written.{Environment.NewLine}", error, StringComparison.Ordinal);
        Assert.Equal(exitCode, process.ExitCode);
        Assert.Equal([_tree.File("in.png")], Directory.GetFileSystemEntries(_tree.Path));
    }

    [Fact]
    public async Task The_events_name_the_exit_code_that_the_program_answers()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        using Process process = CommandLine.Start(_tree.Path, "upscale", "in.png", "out.png", "-s", "64", "-d", "cpu", "--json");
        while (await process.StandardOutput.ReadLineAsync(cancellation) is string line && !line.Contains("\"progress\"", StringComparison.Ordinal))
        {
        }

        await KillAsync(process, "TERM");
        string rest = await process.StandardOutput.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        JsonElement last = JsonDocument.Parse(rest.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1]).RootElement;
        Assert.Equal("run_finished", last.GetProperty("event").GetString());
        Assert.Equal((ExitCode.Terminated, ExitCode.Terminated), (last.GetProperty("exit_code").GetInt32(), process.ExitCode));
    }

    [Fact]
    public async Task What_cannot_stop_is_not_waited_for_and_leaves_nothing_either()
    {
        // Nobody writes into this pipe, and while the system waits for somebody the program cannot ask it to stop.
        using (var mkfifo = Process.Start("mkfifo", [_tree.File("pipe.png")]))
            await mkfifo.WaitForExitAsync(TestContext.Current.CancellationToken);

        // As little can it if nobody reads what it says: as much as this a pipe holds.
        using Process unread = Process.Start(
            new ProcessStartInfo("sh", ["-c", "head -c 65536 /dev/zero >&2; exec \"$0\" info absent", CommandLine.ProgramPath]) { RedirectStandardError = true })!;
        using Process process = Start("env", ["--default-signal=HUP"], ["upscale", "pipe.png", "out.png"]);
        // Said after some silence.
        await ReadToAsync(process, "pipe.png: reading");
        while (Temporary().Length == 0)
            await Task.Delay(10, TestContext.Current.CancellationToken);
        await KillAsync(unread, "TERM");
        await KillAsync(process, "HUP");
        string error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        await unread.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.Equal(ExitCode.Terminated, unread.ExitCode);
        Assert.StartsWith("Cancelled; ", error.Split(Environment.NewLine)[^2], StringComparison.Ordinal);
        Assert.Equal(ExitCode.HungUp, process.ExitCode);
        Assert.Equal(["in.png", "pipe.png"], _tree.Files());
    }

    [Fact]
    public async Task A_program_that_waits_for_a_pipe_stops_too()
    {
        using Process process = Process.Start(new ProcessStartInfo(CommandLine.ProgramPath, ["upscale", "-", "out.png", "-d", "cpu", "--verbose"])
        {
            RedirectStandardInput = true,
            RedirectStandardError = true,
            WorkingDirectory = _tree.Path,
        })!;
        await ReadToAsync(process, ": reading");
        await KillAsync(process, "TERM");
        await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.Equal(ExitCode.Terminated, process.ExitCode);
    }

    [Fact]
    public async Task A_hangup_that_nohup_ignores_stays_ignored()
    {
        using Process process = StartLongWork("env", "--ignore-signal=HUP");
        await ReadToAsync(process, " %");
        await KillAsync(process, "HUP");
        await ReadToAsync(process, " %");
        Assert.False(process.HasExited);
        process.Kill();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task What_a_killed_program_leaves_is_removed_by_the_next_one_and_what_a_living_one_works_on_is_not()
    {
        using Process killed = StartLongWork("env");
        await ReadToAsync(killed, ": computing");
        await KillAsync(killed, "KILL");
        await killed.WaitForExitAsync(TestContext.Current.CancellationToken);
        string left = Assert.Single(Temporary());
        Assert.Contains("gsasr", Path.GetFileName(left), StringComparison.Ordinal);

        using Process living = StartLongWork("env");
        await ReadToAsync(living, ": computing");
        string alive = Assert.Single(Temporary());
        Assert.NotEqual(left, alive);
        Pictures.Write(_tree.File("small.png"), 8, 8);
        Outcome outcome = await ProgramRun.ShellAsync(_tree.Path, "\"$0\" upscale small.png small_x2.png -d cpu");
        Assert.True(outcome.ExitCode == ExitCode.Success, outcome.Error);
        Assert.Equal([alive], Temporary());
        await KillAsync(living, "TERM");
        await living.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Empty(Temporary());
    }

    [Theory]
    [InlineData("field large.png out.safetensors")]
    [InlineData("fit in.png out.safetensors --gaussians 1000 --seconds 20")]
    public async Task What_is_left_of_a_field_is_removed_by_the_next_one(string arguments)
    {
        Pictures.Write(_tree.File("large.png"), 500, 500);
        using Process killed = Start("env", [], arguments.Split(' '));
        await ReadToAsync(killed, " %");
        await KillAsync(killed, "KILL");
        await killed.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Single(Temporary());
        Assert.False(File.Exists(_tree.File("out.safetensors")));

        Pictures.Write(_tree.File("small.png"), 8, 8);
        File.WriteAllText(_tree.File("out.safetensors"), "before");
        File.SetUnixFileMode(_tree.File("out.safetensors"), UnixFileMode.UserRead);
        Outcome outcome = await ProgramRun.ShellAsync(_tree.Path, "\"$0\" field small.png out.safetensors -d cpu --overwrite");
        Assert.True(outcome.ExitCode == ExitCode.Success, outcome.Error);
        Assert.Empty(Temporary());
        Assert.Equal(UnixFileMode.UserRead, File.GetUnixFileMode(_tree.File("out.safetensors")));
    }

    [Fact]
    public async Task A_limit_of_file_size_is_a_failure_that_names_the_output_and_leaves_nothing()
    {
        // The runtime of a program that is not compiled ahead of time keeps its machine code in a file in memory, unless told otherwise.
        Outcome outcome = await ProgramRun.ShellAsync(
            _tree.Path, "ulimit -f 20; DOTNET_EnableWriteXorExecute=0 exec \"$0\" upscale in.png out.png -s 6 -d cpu --quiet");
        outcome.AssertFailed(ExitCode.Failure, "out.png cannot be written", "larger than the system allows");
        Assert.Equal([_tree.File("in.png")], Directory.GetFileSystemEntries(_tree.Path));
    }

    [Fact]
    public async Task The_signal_of_a_limit_of_file_size_is_ignored_by_the_system()
    {
        // One that .NET delivers can come when nothing handles it any more, and then ends the program.
        const int FileSizeExceeded = 25;
        if (!OperatingSystem.IsLinux())
            Assert.Skip("Only Linux says what a process ignores.");
        using Process process = StartLongWork("env", "--default-signal=XFSZ");
        await ReadToAsync(process, ": reading");
        string[] status = await File.ReadAllLinesAsync($"/proc/{process.Id}/status", TestContext.Current.CancellationToken);
        process.Kill();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        string ignored = Assert.Single(status, line => line.StartsWith("SigIgn:", StringComparison.Ordinal)).Split('\t')[1];
        Assert.NotEqual(0ul, ulong.Parse(ignored, NumberStyles.HexNumber, CultureInfo.InvariantCulture) & (1ul << (FileSizeExceeded - 1)));
    }

    private string[] Temporary() => Directory.GetFiles(_tree.Path, "*.tmp");

    private Process StartLongWork(string command, params string[] arguments) =>
        Start(command, arguments, ["upscale", "in.png", "out.png", "-s", "64", "--verbose"]);

    private Process Start(string command, string[] before, string[] arguments)
    {
        var start = new ProcessStartInfo(command, [.. before, CommandLine.ProgramPath, .. arguments, "-d", "cpu"])
        {
            RedirectStandardError = true,
            WorkingDirectory = _tree.Path,
        };
        return Process.Start(start)!;
    }

    private static async Task ReadToAsync(Process process, string part)
    {
        string? line;
        do
        {
            line = await process.StandardError.ReadLineAsync(TestContext.Current.CancellationToken);
            Assert.NotNull(line);
        }
        while (!line.Contains(part, StringComparison.Ordinal));
    }

    private static async Task KillAsync(Process process, string signal)
    {
        using Process kill = Process.Start("kill", ["-" + signal, process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
    }
}
