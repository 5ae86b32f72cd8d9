using System.CommandLine;
using Gsasr.Architecture;
using Gsasr.Decoder;
using Gsasr.Layers;
using Gsasr.Pipeline;
using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Bench;

/// <summary>The whole way from pixels to pixels, and its stages.</summary>
internal static class ForwardCommand
{
    public static Command Create()
    {
        Option<string> device = CommandOptions.Device();
        Option<string?> asHardware = CommandOptions.AsHardware();
        Option<string> model = CommandOptions.Model(GsasrModel.DefaultName);
        Option<(int Width, int Height)> size = CommandOptions.Size(180);
        var scale = new Option<double>("--scale") { Description = "output pixels per input pixel", DefaultValueFactory = _ => 4 };
        var dMax = new Option<double>("--dmax") { Description = "the paper's ratio r", DefaultValueFactory = _ => 0.1 };
        Option<int> runs = CommandOptions.Runs(5);
        Option<double> peak = CommandOptions.Peak();
        Option<bool> profile = CommandOptions.Profile();
        Option<Precision> precision = CommandOptions.Precision();
        var command = new Command("forward", "One image from 8-bit pixels to 8-bit pixels, as a whole and by stage.")
        {
            device, asHardware, model, size, scale, dMax, runs, peak, profile, precision,
        };
        command.SetAction(result =>
        {
            (int width, int height) = result.GetValue(size);
            using Device opened = CommandOptions.Open(result, device, asHardware);
            double tflops = opened is CpuDevice cpu ? FmaPeak.Measure(cpu.Threads) / 1e12 : result.GetValue(peak);
            Run(
                opened,
                Workloads.Model(result.GetValue(model)!),
                width,
                height,
                result.GetValue(scale),
                result.GetValue(dMax),
                result.GetValue(runs),
                tflops,
                result.GetValue(profile),
                result.GetValue(precision));
        });
        return command;
    }

    private static void Run(
        Device device, GsasrModel model, int width, int height, double scale, double dMax, int runs, double peak, bool profile, Precision precision)
    {
        GsasrArchitecture architecture = model.Architecture;
        byte[] pixels = Workloads.Photo(width, height);
        ImageGeometry geometry = ImageGeometry.Padded(width, height, scale, architecture.SizeMultiple, asPublished: false);
        double all = 2 * geometry.PaddedPixels * NetworkCost.MultiplyAddsPerPixel(architecture);
        double encoder = 2 * geometry.PaddedPixels * NetworkCost.EncoderMultiplyAddsPerPixel(architecture.Encoder);
        double blocks = 2 * geometry.PaddedPixels * NetworkCost.DecoderMultiplyAddsPerPixel(architecture.Decoder, NetworkPart.Blocks);

        Console.WriteLine($"## {model.Name}, {width} x {height} -> {geometry.OutputWidth} x {geometry.OutputHeight}, dmax {dMax}");
        Console.WriteLine($"on {device.Name} ({device.Kind})");
        Console.WriteLine();
        var output = new byte[geometry.OutputWidth * geometry.OutputHeight * 3];
        long before = (device as GpuDevice)?.AllocatedBytes ?? 0;
        using var upscaler = new Upscaler(model, device, new UpscalerOptions { DMax = dMax, MaximumTilePixels = long.MaxValue, Precision = precision });
        long weights = device is GpuDevice loaded
            ? loaded.AllocatedBytes - before
            : sizeof(float) * (architecture.EncoderParameterCount + architecture.DecoderParameterCount);
        void Upscale() => upscaler.Upscale<byte>(
            new(pixels, width, height, PixelLayout.Rgb), new(output, geometry.OutputWidth, geometry.OutputHeight, PixelLayout.Rgb), scale);
        Upscale();
        bool onProcessor = device is CpuDevice;
        double start = Environment.CpuUsage.TotalTime.TotalMilliseconds;
        Times whole = Times.ByClock(runs, Upscale);
        double wholeProcessor = onProcessor ? (Environment.CpuUsage.TotalTime.TotalMilliseconds - start) / runs : 0;
        PrintMemory(device, upscaler, weights);
        if (device is GpuDevice gpu)
            CheckReplays(gpu, Upscale, pixels, output);
        if (profile)
            PrintProfile(device, Upscale);

        // The same work again, with a mark after each stage.
        using var clock = new StageClock(device);
        upscaler.Clock = clock;
        StageTime[][] measured = [.. Enumerable.Range(0, runs).Select(_ =>
        {
            Upscale();
            return clock.Read();
        })];
        upscaler.Clock = null;
        double threads = onProcessor ? ((CpuDevice)device).Threads : 1;
        string[] headings = ["stage", "median ms", "least ms", "TFLOP", "TFLOP/s", "of peak"];
        var table = new TextTable(onProcessor ? [.. headings, "least processor ms", "of peak in processor time"] : headings);
        for (int stage = 0; stage < measured[0].Length; stage++)
        {
            double operations = measured[0][stage].Stage switch
            {
                PipelineStage.Encoder => encoder,
                PipelineStage.DecoderBlocks => blocks,
                PipelineStage.Heads => all - encoder - blocks,
                _ => 0,
            };
            double processor = onProcessor ? measured.Min(run => run[stage].ProcessorMilliseconds) : 0;
            AddRow(
                table, measured[0][stage].Stage.Describe(), Times.Of(measured.Select(run => run[stage].Milliseconds)), operations, peak, processor, threads);
        }

        double sum = onProcessor ? measured.Min(run => run.Sum(stage => stage.ProcessorMilliseconds)) : 0;
        AddRow(table, "sum of stages", Times.Of(measured.Select(run => run.Sum(stage => stage.Milliseconds))), all, peak, sum, threads);
        AddRow(table, "Upscaler.Upscale, wall clock", whole, all, peak, wholeProcessor, threads);
        table.Print();
    }

    // Replayed launches must do what single ones do, and with other pixels too. Where launches are measured they are single ones.
    private static void CheckReplays(GpuDevice device, Action upscale, byte[] pixels, byte[] output)
    {
        long before = device.Replays;
        for (int frame = 0; frame < 4; frame++)
        {
            upscale();
            byte[] replayed = [.. output];
            using (device.BeginProfile())
                upscale();
            if (!output.AsSpan().SequenceEqual(replayed))
                throw new InvalidOperationException("Replayed launches gave other bits than single ones.");
            Array.Reverse(pixels);
        }

        Console.WriteLine($"Replays: {(device.Replays - before) / 4.0} for each image, with the bits of single launches.");
        Console.WriteLine();
    }

    private static void PrintMemory(Device device, Upscaler upscaler, long weights)
    {
        Console.WriteLine($"Precision: {upscaler.Precision}{(upscaler.WasRepeated ? ", repeated in float32" : "")}.");
        MemoryPlan plan = upscaler.LastPlan!;
        Console.WriteLine(
            $"{plan.Geometry.PaddedPixels * GaussianFormat.CellsPerPixelSide * GaussianFormat.CellsPerPixelSide} Gaussians; {plan.TileCount} tiles in {plan.Strips.Count} strips. "
            + $"Memory: weights {Mebibytes(weights)}, field {Mebibytes(plan.FieldBytes)}, pixels {Mebibytes(plan.PixelBytes)}, "
            + $"working memory {Mebibytes(upscaler.PeakWorkingBytes)}, planned {Mebibytes(plan.WorkingBytes)}"
            + (device is GpuDevice gpu ? $"; allocated on the device in all {Mebibytes(gpu.AllocatedBytes)}" : ""));
        Console.WriteLine();
    }

    /// <summary>Shows what each kernel of an operation costs.</summary>
    public static void PrintProfile(Device device, Action operation)
    {
        if (device is not GpuDevice gpu)
        {
            Console.WriteLine("(Kernels are profiled on GPUs only.)");
            return;
        }

        using KernelProfile profile = gpu.BeginProfile();
        operation();
        IReadOnlyList<(Kernel Kernel, int Launches, double Milliseconds)> kernels = profile.Summarize();
        double sum = kernels.Sum(kernel => kernel.Milliseconds);
        var table = new TextTable("kernel", "launches", "ms", "share");
        foreach ((Kernel kernel, int launches, double milliseconds) in kernels)
            table.Add(kernel.ToString(), $"{launches}", $"{milliseconds:F3}", $"{milliseconds / sum:P1}");
        table.Add("all", $"{kernels.Sum(kernel => kernel.Launches)}", $"{sum:F3}", "");
        table.Print();
    }

    private static void AddRow(TextTable table, string name, Times times, double operations, double peak, double processor, double threads)
    {
        double tflops = operations / times.Median / 1e9;
        var cells = new List<string>
        {
            name,
            $"{times.Median:F2}",
            $"{times.Minimum:F2}",
            operations > 0 ? $"{operations / 1e12:F4}" : "",
            operations > 0 ? $"{tflops:F3}" : "",
            operations > 0 && peak > 0 ? $"{tflops / peak:P1}" : "",
            $"{processor:F2}",
            operations > 0 ? $"{operations / processor / 1e9 / (peak / threads):P1}" : "",
        };
        table.Add([.. cells.Take(table.Columns)]);
    }

    private static string Mebibytes(long bytes) => $"{bytes / 1048576.0:F1} MiB";
}
