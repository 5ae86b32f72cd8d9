using System.Globalization;
using Gsasr.Cli.Upscaling;

namespace Gsasr.Cli.Reporting;

/// <summary>Shows events as lines of text: results on the output stream, everything else on the error stream.</summary>
/// <param name="verbosity">How much is said.</param>
internal abstract class TextReporter(Verbosity verbosity) : Reporter
{
    private int _files;

    /// <inheritdoc/>
    public override bool IsVerbose => verbosity == Verbosity.Verbose;

    /// <summary>Writes a line that is no result.</summary>
    /// <param name="line">The line.</param>
    protected abstract void WriteLine(string line);

    /// <summary>Writes a line about what was made. If it cannot be written, the work has not failed.</summary>
    /// <param name="line">The line.</param>
    public abstract void WriteResult(string line);

    /// <summary>Shows that a stage begins, unless the user wants to hear of failures only.</summary>
    /// <param name="stage">The stage.</param>
    protected abstract void ShowStage(StageStarted stage);

    /// <summary>Shows the progress, unless the user wants to hear of failures only.</summary>
    /// <param name="progress">The progress.</param>
    protected abstract void ShowProgress(ProgressMade progress);

    /// <inheritdoc/>
    protected override void Show(ReportEvent report)
    {
        switch (report)
        {
            case FileFailed failed:
                WriteLine(Describe(failed));
                return;
            case RunFailed failed:
                WriteLine(failed.Reason);
                return;
        }

        if (verbosity == Verbosity.Quiet)
            return;
        switch (report)
        {
            case RunStarted started:
                _files = started.Files;
                break;
            case StageStarted stage:
                ShowStage(stage);
                break;
            case ProgressMade progress:
                ShowProgress(progress);
                break;
            case NoteMade note:
                WriteLine(note.Input is null ? note.Text : $"{note.Input}: {note.Text}");
                break;
            case DeviceOpened device when IsVerbose:
                string reason = device.PrecisionReason is null ? "" : $" ({device.PrecisionReason}; --precision mixed takes it)";
                WriteLine(Invariant(
                    $"{device.Model} from {device.Source}, on {device.Device} ({device.Kind}), {device.Precision}{reason}; opened in {device.OpeningMilliseconds:0} ms, loaded in {device.LoadingMilliseconds:0} ms"));
                break;
            case TimingsMeasured timings when IsVerbose:
                ShowTimings(timings);
                break;
            case FileSkipped skipped when IsVerbose:
                WriteLine($"{skipped.Output}: {skipped.Reason}");
                break;
            case FileFinished finished:
                string precision = finished.Precision == Precision.Mixed.Describe() ? " in mixed precision" : "";
                WriteResult(Invariant(
                    $"{finished.Output}: {finished.InputWidth}x{finished.InputHeight} -> {finished.OutputWidth}x{finished.OutputHeight}, {finished.Model} on {finished.Device}{precision}, {finished.Seconds:0.00} s"));
                break;
            case RunFinished finished when _files > 1 || finished.Skipped > 0:
                ShowSummary(finished);
                break;
        }
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    // Many reasons name the file already, for commands in which nothing else would name it.
    private static string Describe(FileFailed failed)
    {
        string input = failed.Input == InputFile.StandardInput ? InputFile.StandardInputName : failed.Input;
        return failed.Reason.Contains(input, StringComparison.Ordinal) || failed.Reason.Contains(failed.Output, StringComparison.Ordinal)
            ? failed.Reason
            : $"{input}: {failed.Reason}";
    }

    private void ShowTimings(TimingsMeasured timings)
    {
        WriteLine(Invariant(
            $"{timings.Input}: tiles of {timings.TileWidth} x {timings.TileHeight} pixels, strips {timings.Strips}, planned memory {timings.PlannedBytes / 1048576.0:0.0} MiB"));
        foreach (PartTime part in timings.Parts)
            WriteLine(Invariant($"{part.Name,-26}{part.Milliseconds,9:0.0} ms"));
        WriteLine(Invariant($"{"all, with what is between",-26}{timings.Milliseconds,9:0.0} ms"));
        if (timings.Kernels is int kernels)
            WriteLine(Invariant($"{$"of it, loading {kernels} kernels",-26}{timings.KernelMilliseconds,9:0.0} ms"));
    }

    private void ShowSummary(RunFinished finished)
    {
        string skipped = finished.Skipped > 0 ? Invariant($", {finished.Skipped} skipped") : "";
        string failed = finished.Failed > 0 ? Invariant($", {finished.Failed} failed") : "";
        WriteLine(Invariant($"{finished.Written} of {_files} files written{skipped}{failed}, {finished.Seconds:0.0} s"));
        // The lines about failures may have scrolled far up by now.
        if (finished.Failed > 0 && finished.Failed < _files)
        {
            foreach (FileFailed failure in Failures)
                WriteLine($"failed: {Describe(failure)}");
        }
    }
}
