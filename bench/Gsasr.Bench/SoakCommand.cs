using System.CommandLine;
using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Bench;

/// <summary><c>gsasr-bench soak</c>.</summary>
internal static class SoakCommand
{
    // Enough for four threads, and little enough to be taken away at times.
    private const long ProcessorBytes = 512 << 20;

    public static Command Create()
    {
        Option<string> device = CommandOptions.Device();
        Option<string> model = CommandOptions.Model(GsasrModel.DefaultName);
        var minutes = new Option<double>("--minutes") { Description = "how long", DefaultValueFactory = _ => 60 };
        var threads = new Option<int>("--threads") { Description = "how many threads share the device", DefaultValueFactory = _ => 4 };
        var command = new Command(
            "soak",
            "Images of changing sizes from several threads on one device, with cancellations, failures of the caller's code and lack of memory; "
            + "every finished image has the bits that one thread draws alone, and memory must not grow.")
        {
            device, model, minutes, threads,
        };
        command.SetAction(result =>
        {
            string name = result.GetValue(device)!;
            using Device shared = name == "cpu" ? new CpuDevice(Environment.ProcessorCount, ProcessorBytes) : DeviceCatalog.Open(name);
            var soak = new Soak(
                Workloads.Model(result.GetValue(model)!), shared, () => name == "cpu" ? new CpuDevice(1) : DeviceCatalog.Open(name));
            var duration = TimeSpan.FromMinutes(result.GetValue(minutes));
            int count = result.GetValue(threads);
            Console.WriteLine($"## Soak of {duration.TotalMinutes:0.#} minutes: {count} threads on {shared.Name} ({shared.Kind}), {result.GetValue(model)}");
            string? fault = soak.Run(duration, TimeSpan.FromSeconds(20), count, Console.Out);
            Console.WriteLine(
                fault is not null ? $"FAILED: {fault}"
                : soak.HasEnoughRounds ? "Passed: every image has the bits that one thread draws alone, and memory does not grow."
                : "Passed: every image has the bits that one thread draws alone. There were too few rounds to judge memory.");
            return fault is null ? 0 : 1;
        });
        return command;
    }
}
