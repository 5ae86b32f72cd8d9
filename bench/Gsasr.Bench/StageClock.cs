using System.Diagnostics;
using Gsasr.Tensors;

namespace Gsasr.Bench;

/// <summary>A stage of a device's work.</summary>
/// <param name="Name">What it does.</param>
/// <param name="Milliseconds">How long it took: by events on a GPU, by the clock on the processor.</param>
/// <param name="ProcessorMilliseconds">What all threads of this process worked meanwhile; other programs do not add to it.</param>
internal readonly record struct Stage(string Name, double Milliseconds, double ProcessorMilliseconds);

/// <summary>Splits a device's work into stages without making the host wait between them.</summary>
internal sealed class StageClock : IDisposable
{
    private readonly Device _device;
    private readonly List<Point> _marks = [];

    /// <summary>Begins the first stage.</summary>
    public StageClock(Device device)
    {
        _device = device;
        device.Synchronize();
        Mark("");
    }

    /// <summary>Ends a stage and begins the next.</summary>
    public void Mark(string stage) => _marks.Add(new Point(
        stage,
        (_device as GpuDevice)?.RecordEvent(),
        Stopwatch.GetTimestamp(),
        Environment.CpuUsage.TotalTime.TotalMilliseconds));

    /// <summary>The stages in their order.</summary>
    public Stage[] Read()
    {
        _device.Synchronize();
        return [.. _marks.Skip(1).Select((end, i) => Between(_marks[i], end))];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Point mark in _marks)
            mark.Event?.Dispose();
    }

    private static Stage Between(in Point start, in Point end) => new(
        end.Stage,
        end.Event?.MillisecondsSince(start.Event!) ?? Stopwatch.GetElapsedTime(start.Timestamp, end.Timestamp).TotalMilliseconds,
        end.ProcessorMilliseconds - start.ProcessorMilliseconds);

    private readonly record struct Point(string Stage, GpuEvent? Event, long Timestamp, double ProcessorMilliseconds);
}
