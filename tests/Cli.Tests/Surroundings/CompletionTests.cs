using System.Diagnostics;

namespace Gsasr.Cli.Tests.Surroundings;

/// <summary><c>gsasr completion</c>, with the shells that are here.</summary>
public sealed class CompletionTests
{
    [Theory]
    [InlineData("gsasr upsc", "upscale")]
    [InlineData("gsasr upscale --over", "--overwrite")]
    [InlineData("gsasr upscale --precision m", "mixed")]
    [InlineData("gsasr upscale --device o", "opencl")]
    [InlineData("gsasr models pu", "pull")]
    [InlineData("gsasr upscale nonsense-", "")]
    public async Task Bash_completes(string line, string completion)
    {
        const string Complete = """
            export PATH="$(dirname "$0"):$PATH"
            source <("$0" completion bash)
            COMP_LINE=$1; COMP_POINT=${#1}; COMP_WORDS=($1); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            eval "$(complete -p gsasr | sed 's/.*-F \([^ ]*\) .*/\1/')"
            printf '%s\n' "${COMPREPLY[@]}"
            """;
        Outcome outcome = await RunAsync("bash", ["--norc", "-c", Complete, CommandLine.ProgramPath, line]);
        Assert.Equal((completion, ""), (outcome.Output.Trim(), outcome.Error));
    }

    [Theory]
    [InlineData("bash", "-n")]
    [InlineData("zsh", "-n")]
    [InlineData("fish", "--no-execute")]
    public async Task A_script_is_one_that_its_shell_understands(string shell, string check)
    {
        string file = Path.GetTempFileName();
        try
        {
            Outcome script = await CommandLine.RunAsync("completion", shell);
            Assert.Equal((ExitCode.Success, ""), (script.ExitCode, script.Error));
            Assert.Contains("[suggest:", script.Output, StringComparison.Ordinal);
            await File.WriteAllTextAsync(file, script.Output, TestContext.Current.CancellationToken);
            Outcome outcome = await RunAsync(shell, [check, file]);
            Assert.True(outcome.ExitCode == 0, outcome.Error);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task Another_shell_is_refused()
    {
        Outcome outcome = await CommandLine.RunAsync("completion", "powershell");
        Assert.Equal(ExitCode.Usage, outcome.ExitCode);
        Assert.Contains("'powershell'", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("bash", outcome.Error, StringComparison.Ordinal);
    }

    private static async Task<Outcome> RunAsync(string shell, string[] arguments)
    {
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        if (!folders.Any(folder => File.Exists(Path.Combine(folder, shell))))
            Assert.Skip($"There is no {shell} here.");
        using Process process = Process.Start(new ProcessStartInfo(shell, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new Outcome(process.ExitCode, output, await error);
    }
}
