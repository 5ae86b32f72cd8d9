using System.CommandLine;
using System.CommandLine.Parsing;
using System.Diagnostics;

namespace Gsasr.Cli.Reporting;

/// <summary>The options that say how a command reports its work.</summary>
internal sealed class ReportOptions
{
    private readonly Option<bool> _json = new("--json") { Description = "Write one JSON object a line on the output stream for all that happens (docs/json-events.md)." };
    private readonly Option<bool> _quiet = new("--quiet", "-q") { Description = "Say nothing unless something goes wrong." };
    private readonly Option<bool> _verbose = new("--verbose", "-v") { Description = "Say what is used, what is being done, and how long opening, loading and each stage take." };

    /// <summary>Gives a command the options.</summary>
    /// <param name="command">The command.</param>
    public void AddTo(Command command)
    {
        ArgumentNullException.ThrowIfNull(command);
        command.Options.Add(_json);
        command.Options.Add(_quiet);
        command.Options.Add(_verbose);
        command.Validators.Add(result =>
        {
            if (result.GetValue(_quiet) && result.GetValue(_verbose))
                result.AddError("--quiet and --verbose exclude each other; give one of them.");
            if (result.GetValue(_quiet) && result.GetValue(_json))
                result.AddError("--quiet and --json exclude each other; give one of them.");
        });
    }

    /// <summary>Whether events are to be written on the output stream, which can then take nothing else.</summary>
    /// <param name="result">What the arguments say.</param>
    public bool IsJson(CommandResult result) => result.GetValue(_json);

    /// <summary>
    /// Runs work and reports it as the options say. Exceptions that a user can understand become a sentence and an exit code.
    /// </summary>
    /// <param name="parsed">What the arguments say.</param>
    /// <param name="output">The output stream; null if something else is written on it.</param>
    /// <param name="error">The error stream.</param>
    /// <param name="work">The work; returns the exit code.</param>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(ParseResult parsed, TextWriter? output, TextWriter error, Func<Reporter, Task<int>> work)
    {
        long start = Stopwatch.GetTimestamp();
        using Reporter reporter = Create(parsed, output, error);
        int exitCode;
        try
        {
            exitCode = await work(reporter).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            reporter.Report(new RunFailed(Describe(e, reporter.Written)));
            exitCode = Failures.ExitCodeOf(e);
        }

        double seconds = Math.Round(Stopwatch.GetElapsedTime(start).TotalSeconds, 3);
        reporter.Report(new RunFinished(reporter.Written, reporter.Skipped, reporter.Failed, seconds, exitCode));
        return exitCode;
    }

    private static string Describe(Exception e, int written) => e is OperationCanceledException && written > 0
        ? $"Cancelled; what was written stays, the rest was not begun or left nothing."
        : Failures.Describe(e);

    private Reporter Create(ParseResult parsed, TextWriter? output, TextWriter error)
    {
        bool isVerbose = parsed.GetValue(_verbose);
        if (parsed.GetValue(_json))
            return new JsonReporter(isVerbose, new ResultStream(output ?? throw new ArgumentNullException(nameof(output)), error), error);
        Verbosity verbosity = parsed.GetValue(_quiet) ? Verbosity.Quiet : isVerbose ? Verbosity.Verbose : Verbosity.Normal;
        return Reporter.ForText(verbosity, output, error);
    }
}
