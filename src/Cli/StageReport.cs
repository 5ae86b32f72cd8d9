using System.Diagnostics;
using System.Globalization;
using Gsasr.Pipeline;
using Gsasr.Tensors;

namespace Gsasr.Cli;

/// <summary>Says on the error stream with what an image is worked on, and how long each stage took.</summary>
internal sealed class StageReport : IDisposable
{
    private readonly Upscaler _upscaler;
    private readonly StageClock _clock;
    private readonly TextWriter _error;
    private readonly long _start = Stopwatch.GetTimestamp();

    private StageReport(Upscaler upscaler, Device device, TextWriter error)
    {
        _upscaler = upscaler;
        _clock = new StageClock(device);
        _error = error;
    }

    /// <summary>Names model and device, and measures from now on.</summary>
    /// <param name="upscaler">What works on the image.</param>
    /// <param name="model">The model.</param>
    /// <param name="device">The device.</param>
    /// <param name="error">The error stream.</param>
    public static StageReport Begin(Upscaler upscaler, GsasrModel model, Device device, TextWriter error)
    {
        string precision = upscaler.Precision == Precision.Mixed ? "mixed precision" : "float32";
        error.WriteLine($"{model.Name} from {model.Source}, on {device.Name} ({device.Kind}), {precision}");
        var report = new StageReport(upscaler, device, error);
        upscaler.Clock = report._clock;
        return report;
    }

    /// <summary>Writes what there was to measure.</summary>
    public void Write()
    {
        double all = Stopwatch.GetElapsedTime(_start).TotalMilliseconds;
        MemoryPlan plan = _upscaler.LastPlan!;
        Line($"tiles of {plan.Tiles.Width} x {plan.Tiles.Height} pixels, strips {plan.Strips.Count}, planned memory {plan.TotalBytes / 1048576.0:0.0} MiB");
        foreach (StageTime time in _clock.Read())
            Line($"{time.Stage.Describe(),-22}{time.Milliseconds,10:0.0} ms");
        Line($"{"all, with what is between",-22}{all,7:0.0} ms");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _upscaler.Clock = null;
        _clock.Dispose();
    }

    private void Line(FormattableString text) => _error.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
