using System.CommandLine;
using System.Diagnostics;
using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Bench;

/// <summary>Hours of work as a server does it: threads that share a device and a model, and much that goes wrong.</summary>
internal static class SoakCommand
{
    private const double SecondsOfRound = 20;

    public static Command Create()
    {
        Option<string> device = CommandOptions.Device();
        Option<string> model = CommandOptions.Model(GsasrModel.DefaultName);
        var minutes = new Option<double>("--minutes") { Description = "how long", DefaultValueFactory = _ => 60 };
        var threads = new Option<int>("--threads") { Description = "how many threads share the device", DefaultValueFactory = _ => 4 };
        var command = new Command(
            "soak",
            "Images of changing sizes from several threads on one device, with cancellations, failures and lack of memory; "
            + "every finished image is compared with its first result, and memory must not grow.")
        {
            device, model, minutes, threads,
        };
        command.SetAction(result =>
        {
            using Device opened = DeviceCatalog.Open(result.GetValue(device)!);
            return Run(opened, Workloads.Model(result.GetValue(model)!), TimeSpan.FromMinutes(result.GetValue(minutes)), result.GetValue(threads)) ? 0 : 1;
        });
        return command;
    }

    private static bool Run(Device device, GsasrModel model, TimeSpan duration, int threads)
    {
        Console.WriteLine($"## Soak of {duration.TotalMinutes:0.#} minutes: {threads} threads on {device.Name} ({device.Kind}), {model.Name}");
        var results = new SoakResults();
        SoakWorker[] workers = [.. Enumerable.Range(0, threads).Select(thread => new SoakWorker(thread, model, device, results))];
        long start = Stopwatch.GetTimestamp();
        var rounds = new List<(long DeviceBytes, long HeapBytes)>();
        Console.WriteLine("minutes, images, cancelled, failed, out of memory, device MiB at rest, heap MiB, working set MiB");
        do
        {
            long roundStart = Stopwatch.GetTimestamp();
            bool IsOver() => Stopwatch.GetElapsedTime(roundStart).TotalSeconds > SecondsOfRound || results.Fault is not null;
            Task[] tasks = [.. workers.Select(worker => Task.Factory.StartNew(
                () => worker.Work(IsOver), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
            Task.WaitAll(tasks);

            // Everything that the round made has been disposed of, so what is left is the device's own.
            GC.Collect();
            GC.WaitForPendingFinalizers();
            GC.Collect();
            rounds.Add((AllocatedBytes(device), GC.GetTotalMemory(forceFullCollection: true)));
            Console.WriteLine(
                $"{Stopwatch.GetElapsedTime(start).TotalMinutes:0.0}, {results.Finished}, {results.Cancelled}, {results.Failed}, {results.OutOfMemory}, "
                + $"{Mebibytes(rounds[^1].DeviceBytes)}, {Mebibytes(rounds[^1].HeapBytes)}, {Mebibytes(Process.GetCurrentProcess().WorkingSet64)}");
        }
        while (Stopwatch.GetElapsedTime(start) < duration && results.Fault is null);

        string? fault = results.Fault ?? Growth(rounds);
        Console.WriteLine(fault is null ? $"Passed: {results.Compared} images had the bits of an earlier one, and memory is flat." : $"FAILED: {fault}");
        return fault is null;
    }

    // The first rounds load code and fill what is kept for good: scratch memory, first results.
    private static string? Growth(List<(long DeviceBytes, long HeapBytes)> rounds)
    {
        if (rounds.Count < 6)
            return null;
        (long DeviceBytes, long HeapBytes)[] early = [.. rounds.Skip(rounds.Count / 3).Take(rounds.Count / 3)];
        (long DeviceBytes, long HeapBytes)[] late = [.. rounds.TakeLast(rounds.Count / 3)];
        if (late.Max(round => round.DeviceBytes) > early.Max(round => round.DeviceBytes) + (1 << 20))
            return $"memory of the device at rest grew from {Mebibytes(early.Max(round => round.DeviceBytes))} to {Mebibytes(late.Max(round => round.DeviceBytes))} MiB.";
        if (late.Min(round => round.HeapBytes) > early.Max(round => round.HeapBytes) * 1.1 + (4 << 20))
            return $"the heap grew from {Mebibytes(early.Max(round => round.HeapBytes))} to {Mebibytes(late.Min(round => round.HeapBytes))} MiB.";
        return null;
    }

    private static long AllocatedBytes(Device device) => device switch
    {
        CpuDevice cpu => cpu.AllocatedBytes,
        GpuDevice gpu => gpu.AllocatedBytes,
        _ => 0,
    };

    private static string Mebibytes(long bytes) => $"{bytes / 1048576.0:0.0}";
}
