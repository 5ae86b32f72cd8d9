namespace Gsasr.Cli.Tests;

/// <summary>What a run of the command gave.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Output">Its standard output.</param>
/// <param name="Error">Its error stream.</param>
internal sealed record Outcome(int ExitCode, string Output, string Error)
{
    /// <summary>The lines of the error stream.</summary>
    public string[] ErrorLines => Error.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Fails unless the command failed with this exit code, nothing on its output and one line that has all the parts.</summary>
    public void AssertFailed(int exitCode, params string[] parts)
    {
        Assert.Equal(exitCode, ExitCode);
        Assert.Equal("", Output);
        string line = Assert.Single(ErrorLines);
        Assert.All(parts, part => Assert.Contains(part, line, StringComparison.Ordinal));
    }
}
