using Spectre.Console;

namespace Gsasr.Cli.Reporting;

/// <summary>
/// Takes all that the work has to say, from any thread, and shows it: as bars on a terminal, as plain lines elsewhere, or as JSON for
/// programs. Disposing of it removes the progress from a terminal.
/// </summary>
internal abstract class Reporter : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<FileFailed> _failures = [];

    /// <summary>Files that were written.</summary>
    public int Written { get; private set; }

    /// <summary>Files that were left alone.</summary>
    public int Skipped { get; private set; }

    /// <summary>Files that could not be done.</summary>
    public int Failed => _failures.Count;

    /// <summary>Whether everything is to be said, so that the times of stages should be measured.</summary>
    public virtual bool IsVerbose => false;

    /// <summary>The files that could not be done, and why.</summary>
    protected IReadOnlyList<FileFailed> Failures => _failures;

    /// <summary>Shows events as text: on a terminal with bars, elsewhere as plain lines.</summary>
    /// <param name="verbosity">How much is said.</param>
    /// <param name="output">Takes results; null if something else is on the output stream, so that results go to the error stream.</param>
    /// <param name="error">Takes everything else.</param>
    public static TextReporter ForText(Verbosity verbosity, TextWriter? output, TextWriter error)
    {
        if (error is PrintableWriter { IsTerminal: true } terminal)
        {
            IAnsiConsole console = terminal.OpenConsole();
            bool isShared = output is null or PrintableWriter { IsTerminal: true };
            if (console.Profile.Capabilities.Ansi)
                return new TerminalReporter(verbosity, console, isShared ? null : new ResultStream(output!, error));
        }

        return new PlainReporter(verbosity, new ResultStream(output ?? error, error), error, TimeProvider.System);
    }

    /// <summary>Shows an event.</summary>
    /// <param name="report">The event.</param>
    public void Report(ReportEvent report)
    {
        ArgumentNullException.ThrowIfNull(report);
        lock (_lock)
        {
            switch (report)
            {
                case FileFinished:
                    Written++;
                    break;
                case FileSkipped:
                    Skipped++;
                    break;
                case FileFailed failed:
                    _failures.Add(failed);
                    break;
            }

            Show(report);
        }
    }

    /// <summary>Says that work on a file begins.</summary>
    /// <param name="file">Its number, from 1.</param>
    /// <param name="input">The file that is read, as the user knows it.</param>
    /// <param name="output">The file to be written, as the user knows it.</param>
    /// <returns>Takes what else there is to say about the file.</returns>
    public FileReport Begin(int file, string input, string output)
    {
        Report(new FileStarted(file, input, output));
        return new FileReport(this, file, input, output);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Does something while no event is shown.</summary>
    /// <param name="action">What to do.</param>
    protected void Locked(Action action)
    {
        lock (_lock)
            action();
    }

    /// <summary>Shows an event; called by one thread at a time.</summary>
    /// <param name="report">The event.</param>
    protected abstract void Show(ReportEvent report);

    /// <summary>Removes the progress that is shown.</summary>
    /// <param name="disposing">Whether it is disposed of.</param>
    protected virtual void Dispose(bool disposing)
    {
    }
}
