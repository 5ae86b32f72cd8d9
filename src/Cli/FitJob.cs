using System.Diagnostics;
using System.Globalization;
using Gsasr.Cli.Reporting;
using Gsasr.Fitting;
using Gsasr.Imaging;
using Gsasr.Tensors;
using Gsasr.Tensors.Files;

namespace Gsasr.Cli;

/// <summary>Fits Gaussians to one image.</summary>
internal sealed class FitJob
{
    // Steps between two looks at the clock, so that the queue of a GPU does not get too long.
    private const int StepsAtOnce = 10;

    private const double SecondsBetweenStates = 60;

    public required string ImagePath { get; init; }

    public required string FieldPath { get; init; }

    public required FitOptions Options { get; init; }

    /// <summary>How long to work; null to go by <see cref="Iterations"/>.</summary>
    public required double? Seconds { get; init; }

    public required int Iterations { get; init; }

    public required string? StatePath { get; init; }

    public required string Device { get; init; }

    public required bool Quantised { get; init; }

    /// <summary>The most pixels that the image may have; null for the usual limits.</summary>
    public required long? MaxPixels { get; init; }

    public required bool Overwrite { get; init; }

    /// <summary>Fits the Gaussians. Whatever can be refused is refused before the long work.</summary>
    /// <param name="output">Takes one line that says what was done.</param>
    /// <param name="error">Takes the progress.</param>
    /// <param name="cancellation">Stops the work.</param>
    public async Task<int> RunAsync(TextWriter output, TextWriter error, CancellationToken cancellation)
    {
        FieldPaths.CheckDiffer(ImagePath, FieldPath);
        if (StatePath is not null)
        {
            FieldPaths.CheckDiffer(ImagePath, StatePath);
            FieldPaths.CheckDiffer(FieldPath, StatePath, "FIELD");
        }

        using AtomicFile file = FieldPaths.Create(FieldPath, Overwrite);
        if (StatePath is not null)
            FieldPaths.Create(StatePath, overwrite: true).Dispose();
        using TextReporter reporter = Reporter.ForText(Verbosity.Normal, output, error);
        FileReport report = reporter.Begin(1, ImagePath, FieldPath);
        report.Stage(WorkStage.Reading);
        Image image = FieldPaths.ReadImage(ImagePath, MaxPixels, report);
        using Device device = DeviceOpening.Open(Device, reporter);
        using var fitter = FieldFitter.Create<byte>(new(Bytes(image), image.Width, image.Height, FieldPaths.LayoutOf(image)), device, Options);
        if (StatePath is not null && File.Exists(StatePath))
            fitter.LoadState(StatePath);
        report.Stage(WorkStage.Computing);
        if (!Work(fitter, device, report, cancellation))
        {
            reporter.Report(new RunFailed(Stop(fitter)));
            return TerminationSignals.ExitCode;
        }

        report.Stage(WorkStage.Writing);

        using GaussianField field = fitter.ToField();
        file.Complete(stream => field.Save(stream, FieldPath, Quantised));
        string psnr = fitter.MeasurePsnr().ToString("0.00", CultureInfo.InvariantCulture);
        reporter.WriteResult($"{FieldPath}: {image.Width}x{image.Height}, {field.Count} Gaussians, {psnr} dB after {fitter.Steps} steps, on {device.Name}");
        return ExitCode.Success;
    }

    // Gaussians are fitted to 8 bits.
    private static byte[] Bytes(Image image)
    {
        if (image.BitDepth == 8)
            return image.Samples8.ToArray();
        var bytes = new byte[image.Samples16.Length];
        for (int i = 0; i < bytes.Length; i++)
            bytes[i] = (byte)((image.Samples16[i] * 255 + 32767) / 65535);
        return bytes;
    }

    // Returns whether the work is done; otherwise it was stopped.
    private bool Work(FieldFitter fitter, Device device, FileReport report, CancellationToken cancellation)
    {
        double before = fitter.Done * (Seconds ?? 0);
        long start = Stopwatch.GetTimestamp();
        double kept = before;
        int shown = (int)(fitter.Done * 10);
        while (true)
        {
            double elapsed = before + Stopwatch.GetElapsedTime(start).TotalSeconds;
            double done = Seconds is double seconds ? elapsed / seconds : (double)fitter.Steps / Iterations;
            if (done >= 1)
            {
                // All Gaussians were asked for, however little time there was.
                if (fitter.Count < Options.Gaussians)
                    fitter.Step(1);
                return true;
            }

            if (cancellation.IsCancellationRequested)
                return false;
            report.Report(done);
            if ((int)(done * 10) > shown)
            {
                shown = (int)(done * 10);
                report.Note(string.Create(CultureInfo.InvariantCulture, $"{fitter.Count} Gaussians, {fitter.MeasurePsnr():0.00} dB"));
            }

            if (StatePath is not null && elapsed - kept > SecondsBetweenStates)
            {
                fitter.SaveState(StatePath);
                kept = elapsed;
            }

            // With a number of steps, each step has its own share of the work, so an interruption changes nothing.
            for (int i = 0; i < StepsAtOnce && (Seconds is not null || fitter.Steps < Iterations); i++)
                fitter.Step(Math.Max(fitter.Done, Seconds is null ? (double)fitter.Steps / Iterations : done));
            device.Synchronize();
        }
    }

    // A sentence about what is left of work that was stopped.
    private string Stop(FieldFitter fitter)
    {
        if (StatePath is null)
            return "Cancelled; nothing was written.";
        fitter.SaveState(StatePath);
        return $"Stopped; {StatePath} keeps the work, and the same command goes on with it.";
    }
}
