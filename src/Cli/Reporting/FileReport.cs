namespace Gsasr.Cli.Reporting;

/// <summary>Takes what there is to say about one file; <see cref="Reporter.Begin"/> creates it.</summary>
/// <param name="reporter">Shows it.</param>
/// <param name="file">The file's number, from 1.</param>
/// <param name="input">The file that is read.</param>
/// <param name="output">The file to be written.</param>
internal sealed class FileReport(Reporter reporter, int file, string input, string output) : IProgress<double>
{
    /// <summary>The file to be written. It is set again if the name is known only when the input has been read.</summary>
    public string Output { get; set; } = output;

    /// <summary>A stage begins, and the one before ends.</summary>
    /// <param name="stage">The stage.</param>
    public void Stage(WorkStage stage) => reporter.Report(new StageStarted(stage, file, input));

    /// <summary>How much of the computing is done.</summary>
    /// <param name="value">0 to 1.</param>
    public void Report(double value) => reporter.Report(new ProgressMade(file, input, Math.Round(value, 2)));

    /// <summary>How much of the computing is done, and where it is.</summary>
    /// <param name="value">0 to 1.</param>
    /// <param name="tile">The tile that is worked on, from 1.</param>
    /// <param name="tiles">How many there are.</param>
    public void Report(double value, int tile, int tiles)
    {
        if (tiles > 1)
            reporter.Report(new ProgressMade(file, input, Math.Round(value, 2), tile, tiles));
        else
            Report(value);
    }

    /// <summary>Something that a person should know, and that does not stop the work.</summary>
    /// <param name="text">A sentence.</param>
    public void Note(string text) => reporter.Report(new NoteMade(text, file, input));

    /// <summary>How long the parts of the computing took.</summary>
    /// <param name="tiles">Columns and rows of the input that the network takes at once.</param>
    /// <param name="strips">Parts of the input that were worked on one after the other.</param>
    /// <param name="plannedBytes">The device memory that was planned for.</param>
    /// <param name="parts">The parts, in their order.</param>
    /// <param name="milliseconds">The time of all parts and of what is between them.</param>
    /// <param name="kernels">How many kernels were compiled or loaded for it, and how long that took.</param>
    public void Timings(
        (int Width, int Height) tiles, int strips, long plannedBytes, IReadOnlyList<PartTime> parts, double milliseconds, (int Count, TimeSpan Time) kernels)
    {
        var measured = new TimingsMeasured(
            file, input, tiles.Width, tiles.Height, strips, plannedBytes, parts, Math.Round(milliseconds, 1));
        if (kernels.Count > 0)
            measured = measured with { Kernels = kernels.Count, KernelMilliseconds = Math.Round(kernels.Time.TotalMilliseconds, 1) };
        reporter.Report(measured);
    }

    /// <summary>The file was written.</summary>
    /// <param name="read">Columns and rows that were read.</param>
    /// <param name="written">Columns and rows that were written.</param>
    /// <param name="model">The model's name.</param>
    /// <param name="device">The device's name.</param>
    /// <param name="precision">The precision that was used; not Auto.</param>
    /// <param name="seconds">How long it took, from reading to writing.</param>
    public void Finished(
        (int Width, int Height) read, (int Width, int Height) written, string model, string device, Precision precision, double seconds) =>
        reporter.Report(new FileFinished(
            file, input, Output, read.Width, read.Height, written.Width, written.Height, model, device, precision.Describe(),
            Math.Round(seconds, 3)));

    /// <summary>The file was left alone.</summary>
    /// <param name="reason">Why, in a sentence.</param>
    public void Skipped(string reason) => reporter.Report(new FileSkipped(file, input, Output, reason));

    /// <summary>The file could not be read, computed or written.</summary>
    /// <param name="reason">Why, in a sentence.</param>
    public void Failed(string reason) => reporter.Report(new FileFailed(file, input, Output, reason));
}
