using System.Diagnostics;
using System.Globalization;

namespace Gsasr.Cli.Reporting;

/// <summary>Shows events as plain lines, for logs and pipes: no colours, no cursor movements, no line that is changed later.</summary>
/// <param name="verbosity">How much is said.</param>
/// <param name="output">Takes results.</param>
/// <param name="error">Takes everything else.</param>
internal sealed class PlainReporter(Verbosity verbosity, ResultStream output, TextWriter error) : TextReporter(verbosity)
{
    // Small files show no progress, long work shows a line for each tenth.
    private const int PercentStep = 10;
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    private readonly Dictionary<int, (long Since, int Percent)> _shown = [];

    /// <inheritdoc/>
    protected override void Show(ReportEvent report)
    {
        base.Show(report);
        switch (report)
        {
            case FileStarted { File: int file }:
                _shown[file] = (Stopwatch.GetTimestamp(), 0);
                break;
            case FileFinished { File: int file }:
                _shown.Remove(file);
                break;
            case FileFailed { File: int file }:
                _shown.Remove(file);
                break;
        }
    }

    /// <inheritdoc/>
    protected override void WriteLine(string line) => error.WriteLine(line);

    /// <inheritdoc/>
    public override void WriteResult(string line) => output.WriteLine(line);

    /// <inheritdoc/>
    protected override void ShowStage(StageStarted stage)
    {
        // The user waits for the compiler without any progress, so this is shown even without a terminal.
        if (!IsVerbose && stage.Stage != WorkStage.Compiling)
            return;
        string subject = stage.Input is null ? "" : $"{stage.Input}: ";
        string detail = stage.Detail is null ? "" : $" ({stage.Detail})";
        error.WriteLine($"{subject}{stage.Stage.Describe()}{detail}");
    }

    /// <inheritdoc/>
    protected override void ShowProgress(ProgressMade progress)
    {
        int percent = (int)Math.Round(progress.Fraction * 100) / PercentStep * PercentStep;
        if (!_shown.TryGetValue(progress.File, out (long Since, int Percent) shown)
            || percent <= shown.Percent
            || Stopwatch.GetElapsedTime(shown.Since) < s_pause)
        {
            return;
        }

        _shown[progress.File] = (Stopwatch.GetTimestamp(), percent);
        string tile = progress.Tiles is int tiles ? string.Create(CultureInfo.InvariantCulture, $", tile {progress.Tile} of {tiles}") : "";
        error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{progress.Input}: {percent} %{tile}"));
    }
}
