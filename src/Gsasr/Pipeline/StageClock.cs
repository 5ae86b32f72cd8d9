using System.Diagnostics;
using Gsasr.Tensors;

namespace Gsasr.Pipeline;

/// <summary>What a stage took, over all tiles and bands.</summary>
/// <param name="Stage">The stage.</param>
/// <param name="Milliseconds">How long it took: by events on a GPU, by the clock on the processor.</param>
/// <param name="ProcessorMilliseconds">How long all threads of this process worked meanwhile; other programs do not count.</param>
internal readonly record struct StageTime(PipelineStage Stage, double Milliseconds, double ProcessorMilliseconds);

/// <summary>Measures the stages of an image without making the host wait between them.</summary>
/// <param name="device">The device that does the work.</param>
internal sealed class StageClock(Device device) : IDisposable
{
    private readonly List<Point> _points = [];

    /// <summary>Begins the first stage, after all work that was started before.</summary>
    public void Start()
    {
        Dispose();
        device.Synchronize();
        Mark(default);
    }

    /// <summary>Ends a stage and begins the next.</summary>
    /// <param name="stage">The stage that ends.</param>
    public void Mark(PipelineStage stage) => _points.Add(new Point(
        stage,
        (device as GpuDevice)?.RecordEvent(),
        Stopwatch.GetTimestamp(),
        Environment.CpuUsage.TotalTime.TotalMilliseconds));

    /// <summary>Waits for the device and returns all stages that were measured, in the order of the pipeline.</summary>
    public StageTime[] Read()
    {
        device.Synchronize();
        return
        [
            .. _points.Skip(1).Select((end, i) => Between(_points[i], end)).GroupBy(time => time.Stage).OrderBy(group => group.Key).Select(
                group => new StageTime(group.Key, group.Sum(time => time.Milliseconds), group.Sum(time => time.ProcessorMilliseconds))),
        ];
    }

    /// <summary>Forgets what was measured.</summary>
    public void Dispose()
    {
        foreach (Point point in _points)
            point.Event?.Dispose();
        _points.Clear();
    }

    private static StageTime Between(in Point start, in Point end) => new(
        end.Stage,
        end.Event?.MillisecondsSince(start.Event!) ?? Stopwatch.GetElapsedTime(start.Timestamp, end.Timestamp).TotalMilliseconds,
        end.ProcessorMilliseconds - start.ProcessorMilliseconds);

    private readonly record struct Point(PipelineStage Stage, GpuEvent? Event, long Timestamp, double ProcessorMilliseconds);
}
