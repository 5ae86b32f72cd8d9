using System.Diagnostics;
using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Bench;

/// <summary>Hours of work as a server does it: threads that share a device and a model, and much that goes wrong.</summary>
/// <param name="model">The model.</param>
/// <param name="device">The device, which nobody else uses.</param>
/// <param name="openAlone">Opens a device of the same kind that has memory to spare, for references.</param>
internal sealed class Soak(GsasrModel model, Device device, Func<Device> openAlone)
{
    // By how much the median of the last quarter of the rounds may exceed that of the second one.
    private const long MostGrowthBytes = 32 << 20;
    private const long MostHeapGrowthBytes = 8 << 20;
    private const long MostDeviceGrowthBytes = 1 << 20;
    private const int LeastRounds = 8;

    private readonly List<Round> _rounds = [];

    /// <summary>What the threads found.</summary>
    public SoakResults Results { get; } = new();

    /// <summary>Whether there were enough rounds to say that memory does not grow.</summary>
    public bool HasEnoughRounds => _rounds.Count >= LeastRounds;

    /// <summary>Works.</summary>
    /// <param name="duration">How long.</param>
    /// <param name="round">How long until everything is disposed of and compared, and begins anew.</param>
    /// <param name="threads">How many threads share the device.</param>
    /// <param name="output">Takes a line for each round.</param>
    /// <returns>What went wrong; null for nothing.</returns>
    public string? Run(TimeSpan duration, TimeSpan round, int threads, TextWriter output)
    {
        long start = Stopwatch.GetTimestamp();
        output.WriteLine("minutes, images, of them with little memory, cancelled, failed, out of memory, references, device MiB at rest, heap MiB, working set MiB");
        using Device alone = openAlone();
        using (var reference = new Upscaler(model, alone, SoakWorker.Options(0)))
        {
            var memory = new SoakMemory(device);
            SoakWorker[] workers = [.. Enumerable.Range(0, threads).Select(thread => new SoakWorker(thread, model, device, memory, Results))];
            do
            {
                WorkFor(round, workers, memory);
                Results.CompareWithReferences(reference);
                _rounds.Add(Measure());
                output.WriteLine(
                    $"{Stopwatch.GetElapsedTime(start).TotalMinutes:0.0}, {Results.Finished}, {Results.Short}, {Results.Cancelled}, {Results.Failed}, "
                    + $"{Results.OutOfMemory}, {Results.References}, {_rounds[^1]}");
                output.Flush();
            }
            while (Stopwatch.GetElapsedTime(start) < duration && Results.Fault is null);
        }

        return Results.Fault ?? Growth();
    }

    private void WorkFor(TimeSpan round, SoakWorker[] workers, SoakMemory memory)
    {
        long start = Stopwatch.GetTimestamp();
        bool IsOver() => Stopwatch.GetElapsedTime(start) > round || Results.Fault is not null;
        Task[] tasks = [.. workers.Select(worker => Start(() => worker.Work(IsOver))), Start(() => memory.Work(IsOver))];
        Task.WaitAll(tasks);

        static Task Start(Action work) =>
            Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    // Everything that the round made was disposed of: what is left is the device's own.
    private Round Measure()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        long heap = GC.GetTotalMemory(forceFullCollection: true);
        long ofDevice = device switch
        {
            CpuDevice cpu => cpu.AllocatedBytes,
            GpuDevice gpu => gpu.AllocatedBytes,
            _ => 0,
        };
        return new Round(ofDevice, heap, Environment.WorkingSet);
    }

    // The first quarter loads code, and fills what is kept for good: scratch memory, references.
    private string? Growth()
    {
        if (!HasEnoughRounds)
            return null;
        return Growth("memory of the device at rest", [.. _rounds.Select(round => round.DeviceBytes)], MostDeviceGrowthBytes)
            ?? Growth("the heap", [.. _rounds.Select(round => round.HeapBytes)], MostHeapGrowthBytes)
            ?? Growth("the working set", [.. _rounds.Select(round => round.WorkingSetBytes)], MostGrowthBytes);
    }

    /// <summary>Says whether something grew from the second quarter of the rounds to the last one.</summary>
    /// <param name="what">What it is, for the message.</param>
    /// <param name="bytes">Its size after each round, at least four.</param>
    /// <param name="most">By how much the median of the last quarter may exceed that of the second.</param>
    /// <returns>What went wrong; null for nothing.</returns>
    internal static string? Growth(string what, IReadOnlyList<long> bytes, long most)
    {
        int quarter = bytes.Count / 4;
        long early = Median(bytes.Skip(quarter).Take(quarter));
        long late = Median(bytes.TakeLast(quarter));
        return late > early + most
            ? $"{what} grew from {Mebibytes(early)} to {Mebibytes(late)} MiB, medians of the second and the last quarter of the rounds; {Mebibytes(most)} MiB are allowed."
            : null;
    }

    private static long Median(IEnumerable<long> values)
    {
        long[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    private static string Mebibytes(long bytes) => FormattableString.Invariant($"{bytes / 1048576.0:0.0}");

    private readonly record struct Round(long DeviceBytes, long HeapBytes, long WorkingSetBytes)
    {
        public override string ToString() => $"{Mebibytes(DeviceBytes)}, {Mebibytes(HeapBytes)}, {Mebibytes(WorkingSetBytes)}";
    }
}
