using System.Text.Json;

namespace Gsasr.Cli.Reporting;

/// <summary>Writes each event as a line of JSON on the output stream, as docs/json-events.md says; failures are also on the error stream.</summary>
/// <param name="isVerbose">Whether to measure how long the stages take.</param>
/// <param name="output">Takes the events.</param>
/// <param name="error">Takes the failures.</param>
internal sealed class JsonReporter(bool isVerbose, ResultStream output, TextWriter error) : Reporter
{
    private readonly PlainReporter _failures = new(Verbosity.Quiet, output, error, TimeProvider.System);

    /// <inheritdoc/>
    public override bool IsVerbose => isVerbose;

    /// <inheritdoc/>
    protected override void Show(ReportEvent report)
    {
        output.WriteLine(JsonSerializer.Serialize(report, ReportJson.Default.ReportEvent));
        _failures.Report(report);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _failures.Dispose();
        base.Dispose(disposing);
    }
}
