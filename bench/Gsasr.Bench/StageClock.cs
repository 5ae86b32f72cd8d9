using System.Diagnostics;
using Gsasr.Tensors;

namespace Gsasr.Bench;

/// <summary>Splits a device's work into stages without making the host wait between them.</summary>
internal sealed class StageClock : IDisposable
{
    private readonly Device _device;
    private readonly List<(string Stage, GpuEvent? Event, long Timestamp)> _marks = [];

    /// <summary>Begins the first stage.</summary>
    public StageClock(Device device)
    {
        _device = device;
        device.Synchronize();
        Mark("");
    }

    /// <summary>Ends a stage and begins the next.</summary>
    public void Mark(string stage) => _marks.Add((stage, (_device as GpuDevice)?.RecordEvent(), Stopwatch.GetTimestamp()));

    /// <summary>The stages in their order, in milliseconds.</summary>
    public (string Stage, double Milliseconds)[] Read()
    {
        _device.Synchronize();
        return [.. _marks.Skip(1).Select((mark, i) => (mark.Stage, Elapsed(_marks[i], mark)))];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((_, GpuEvent? mark, _) in _marks)
            mark?.Dispose();
    }

    private static double Elapsed((string, GpuEvent? Event, long Timestamp) start, (string, GpuEvent? Event, long Timestamp) end) =>
        end.Event is null
            ? Stopwatch.GetElapsedTime(start.Timestamp, end.Timestamp).TotalMilliseconds
            : end.Event.MillisecondsSince(start.Event!);
}
