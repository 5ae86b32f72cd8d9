using System.Diagnostics;
using Gsasr.Tensors;

namespace Gsasr.Bench;

/// <summary>Times of equal runs, in milliseconds.</summary>
/// <param name="Median">The time in the middle.</param>
/// <param name="Minimum">The least time.</param>
/// <param name="Processor">
/// The least processor time of a run, added up over all threads of this process; other programs do not count.
/// </param>
internal readonly record struct Times(double Median, double Minimum, double Processor = 0)
{
    /// <summary>Sums up measured times.</summary>
    public static Times Of(IEnumerable<double> milliseconds)
    {
        double[] sorted = [.. milliseconds.Order()];
        int middle = sorted.Length / 2;
        return new Times(sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2, sorted[0]);
    }

    /// <summary>Measures an operation on a device: by its own events on a GPU, where the operation may return before it is done.</summary>
    public static Times OnDevice(Device device, int runs, Action operation)
    {
        operation();
        var times = new double[runs];
        double processor = double.MaxValue;
        for (int run = 0; run < runs; run++)
        {
            device.Synchronize();
            double before = Environment.CpuUsage.TotalTime.TotalMilliseconds;
            if (device is GpuDevice gpu)
            {
                using GpuEvent start = gpu.RecordEvent();
                operation();
                using GpuEvent end = gpu.RecordEvent();
                times[run] = end.MillisecondsSince(start);
            }
            else
            {
                times[run] = Milliseconds(operation);
            }

            processor = Math.Min(processor, Environment.CpuUsage.TotalTime.TotalMilliseconds - before);
        }

        return Of(times) with { Processor = processor };
    }

    /// <summary>Measures an operation that has ended when it returns, by the clock on the wall and without warming up.</summary>
    public static Times ByClock(int runs, Action operation)
    {
        var times = new double[runs];
        for (int run = 0; run < runs; run++)
            times[run] = Milliseconds(operation);
        return Of(times);
    }

    private static double Milliseconds(Action operation)
    {
        long start = Stopwatch.GetTimestamp();
        operation();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }
}
