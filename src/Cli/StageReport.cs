using System.Diagnostics;
using Gsasr.Cli.Reporting;
using Gsasr.Pipeline;
using Gsasr.Tensors;

namespace Gsasr.Cli;

/// <summary>Measures how long each part of an image's computing takes.</summary>
internal sealed class StageReport : IDisposable
{
    private readonly Upscaler _upscaler;
    private readonly StageClock _clock;
    private readonly GpuDevice? _gpu;
    private readonly (int Count, TimeSpan Time) _loadedBefore;
    private readonly long _start = Stopwatch.GetTimestamp();

    /// <summary>Measures from now on.</summary>
    /// <param name="upscaler">What works on the image.</param>
    /// <param name="device">The device that it works on.</param>
    public StageReport(Upscaler upscaler, Device device)
    {
        _upscaler = upscaler;
        _clock = new StageClock(device);
        _gpu = device as GpuDevice;
        _loadedBefore = _gpu?.KernelsLoaded ?? default;
        upscaler.Clock = _clock;
    }

    /// <summary>Reports what was measured, when the image is done.</summary>
    /// <param name="report">Takes it.</param>
    public void Send(FileReport report)
    {
        double all = Stopwatch.GetElapsedTime(_start).TotalMilliseconds;
        MemoryPlan plan = _upscaler.LastPlan!;
        PartTime[] parts = [.. _clock.Read().Select(time => new PartTime(time.Stage.Describe(), Math.Round(time.Milliseconds, 1)))];
        (int count, TimeSpan time) = _gpu?.KernelsLoaded ?? default;
        report.Timings(
            (plan.Tiles.Width, plan.Tiles.Height), plan.Strips.Count, plan.TotalBytes, parts, all, (count - _loadedBefore.Count, time - _loadedBefore.Time));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _upscaler.Clock = null;
        _clock.Dispose();
    }
}
