using System.Diagnostics;
using Gsasr.Testing;

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
    [InlineData("gsasr models pull hat", "hatl-sa1b")]
    [InlineData("gsasr upscale --fit ", "cover\nexact\ninside")]
    [InlineData("gsasr upscale --format we", "webp")]
    [InlineData("gsasr upscale --model gsasr", "gsasr-lite")]
    [InlineData("gsasr upscale ", "")]
    [InlineData("gsasr upscale nonsense-", "")]
    public async Task Bash_completes(string line, string completion)
    {
        const string Complete = """
            export PATH="$(dirname "$0"):$PATH"
            source <("$0" completion bash)
            COMP_LINE=$1; COMP_POINT=${#1}; COMP_WORDS=($1); [[ $1 != *' ' ]] || COMP_WORDS+=(''); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            eval "$(complete -p gsasr | sed 's/.*-F \([^ ]*\) .*/\1/')"
            printf '%s\n' "${COMPREPLY[@]}"
            """;
        Outcome outcome = await RunAsync("bash", ["--norc", "-c", Complete, CommandLine.ProgramPath, line]);
        Assert.Equal((completion, ""), (outcome.Output.Trim(), outcome.Error));
    }

    [Theory]
    [InlineData("gsasr upsc", "gsasr upscale ")]
    [InlineData("gsasr upscale --over", "gsasr upscale --overwrite ")]
    [InlineData("gsasr upscale --precision m", "gsasr upscale --precision mixed ")]
    [InlineData("gsasr models pu", "gsasr models pull ")]
    [InlineData("gsasr upscale pict", "gsasr upscale picture.png ")]
    [InlineData("gsasr upscale ", "gsasr upscale picture.png ")]
    [InlineData("gsasr upscale nonsense-", "gsasr upscale nonsense-")]
    public async Task Zsh_completes(string line, string completed)
    {
        // A shell on a terminal, at which the line and a tab are typed, and then a key that shows what the line is now.
        const string Complete = """
            path=(${1:h} $path)
            zmodload zsh/zpty
            zpty -b terminal zsh -f -i
            zpty -w terminal 'PS1=; autoload -Uz compinit; compinit -u -D; source <(gsasr completion zsh)
            show() { print -r -- "<$BUFFER>" }; zle -N show; bindkey "^X" show; print REA""DY'
            zpty -r terminal text '*READY*'
            zpty -n -w terminal "$2"$'\t\C-x'
            zpty -r terminal text '*<*>*'
            print -r -- ${${text##*<}%%>*}
            """;
        Outcome outcome = await RunAsync("zsh", ["-f", "-c", Complete, "zsh", CommandLine.ProgramPath, line]);
        Assert.Equal((completed, ""), (outcome.Output.TrimEnd('\n'), outcome.Error));
    }

    [Theory]
    [InlineData("gsasr upsc", "upscale")]
    [InlineData("gsasr upscale --over", "--overwrite")]
    [InlineData("gsasr upscale --precision m", "mixed")]
    [InlineData("gsasr upscale --device o", "opencl")]
    [InlineData("gsasr models pu", "pull")]
    [InlineData("gsasr upscale pict", "picture.png")]
    [InlineData("gsasr upscale nonsense-", "")]
    public async Task Fish_completes(string line, string completion)
    {
        const string Complete = "set -x PATH (dirname $argv[1]) $PATH; gsasr completion fish | source; complete -C $argv[2]";
        Outcome outcome = await RunAsync("fish", ["--no-config", "-c", Complete, CommandLine.ProgramPath, line]);
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
        Assert.Equal(ExitCode.Usage, (await CommandLine.RunAsync("completion", "--", "mixed")).ExitCode);
        Outcome outcome = await CommandLine.RunAsync("completion", "powershell");
        Assert.Equal(ExitCode.Usage, outcome.ExitCode);
        Assert.Contains("'powershell'", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("bash", outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("\\u00", outcome.Error, StringComparison.Ordinal);
    }

    private static async Task<Outcome> RunAsync(string shell, string[] arguments)
    {
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        if (!folders.Any(folder => File.Exists(Path.Combine(folder, shell))))
            Assert.Skip($"There is no {shell} here.");
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.File("picture.png"), "", TestContext.Current.CancellationToken);
        var start = new ProcessStartInfo(shell, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder.Path };
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new Outcome(process.ExitCode, output, await error);
    }
}
