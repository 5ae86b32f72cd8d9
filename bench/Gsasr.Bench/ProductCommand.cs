using System.CommandLine;
using Gsasr.Layers;
using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;
using Gsasr.Testing;

namespace Gsasr.Bench;

/// <summary>The matrix product of linear layers and convolutions at the networks' own sizes.</summary>
internal static class ProductCommand
{
    private static readonly Layer[] s_layers =
    [
        new(64, 64, 1), new(64, 192, 1), new(180, 180, 1), new(180, 360, 1), new(360, 180, 1),
        new(192, 192, 1), new(192, 576, 1), new(192, 768, 1),
        new(64, 64, 3), new(192, 192, 3), new(64, 256, 3, PixelShuffle: true), new(192, 768, 3, PixelShuffle: true),
    ];

    // The least duration of a run on the processor.
    private const double LeastOperations = 8e9;

    public static Command Create()
    {
        Option<string> device = CommandOptions.Device();
        var sizes = new Option<int[]>("--sizes")
        {
            Description = "sides of the square images",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [120, 180, 360],
        };
        Option<int> runs = CommandOptions.Runs(5);
        Option<double> peak = CommandOptions.Peak();
        var command = new Command("product", "Linear layers and convolutions alone.") { device, sizes, runs, peak };
        command.SetAction(result =>
        {
            using Device opened = DeviceCatalog.Open(result.GetValue(device)!);
            if (opened is CpuDevice cpu)
                MeasureProcessor(cpu, result.GetValue(sizes)!, result.GetValue(runs));
            else
                MeasureGpu(opened, result.GetValue(sizes)!, result.GetValue(runs), result.GetValue(peak));
        });
        return command;
    }

    private static void MeasureProcessor(CpuDevice all, int[] sizes, int runs)
    {
        double onePeak = FmaPeak.Measure(1) / 1e9;
        double allPeak = FmaPeak.Measure(all.Threads) / 1e9;
        Console.WriteLine($"## Products on {all.Name}; peak of multiply-adds {onePeak:F1} GFLOP/s on one thread, {allPeak:F1} on all");
        Console.WriteLine();
        using var one = new CpuDevice(1);
        var table = new TextTable(
            "layer", "image", "GFLOP", "1 thread ms", "processor ms", "of peak",
            $"{all.Threads} threads ms", "processor ms", "of peak", "speed-up");
        foreach (Layer layer in s_layers)
        {
            foreach (int size in sizes)
            {
                double operations = layer.Operations(size);
                Times alone = Measure(one, layer, size, runs);
                Times together = Measure(all, layer, size, runs);
                table.Add(
                    layer.ToString(), $"{size} x {size}", $"{operations / 1e9:F2}",
                    $"{alone.Minimum:F2}", $"{alone.Processor:F2}", $"{operations / alone.Processor / 1e6 / onePeak:P0}",
                    $"{together.Minimum:F2}", $"{together.Processor:F2}",
                    $"{operations / together.Processor / 1e6 / (allPeak / all.Threads):P0}",
                    $"{alone.Minimum / together.Minimum:F2}");
            }
        }

        table.Print();
        Console.WriteLine("Shares are of one core's peak in processor time, which other programs on the machine do not add to.");
    }

    private static void MeasureGpu(Device device, int[] sizes, int runs, double peak)
    {
        Console.WriteLine($"## Products on {device.Name} ({device.Kind})");
        Console.WriteLine();
        var table = new TextTable("layer", "image", "GFLOP", "median ms", "least ms", "TFLOP/s", "of peak", "GB/s floor");
        foreach (Layer layer in s_layers)
        {
            foreach (int size in sizes)
            {
                double operations = layer.Operations(size);
                Times times = Measure(device, layer, size, runs);
                double tflops = operations / times.Median / 1e9;
                double bytes = 4.0 * size * size * (layer.Inputs + layer.Outputs);
                table.Add(
                    layer.ToString(), $"{size} x {size}", $"{operations / 1e9:F2}",
                    $"{times.Median:F4}", $"{times.Minimum:F4}", $"{tflops:F2}",
                    peak > 0 ? $"{tflops / peak:P0}" : "", $"{bytes / times.Median / 1e6:F0}");
            }
        }

        table.Print();
    }

    // On a GPU a launch takes less time than starting it, so many are queued between two events. On the processor the time of other threads
    // is updated only every few milliseconds, so a run has to last longer than that.
    private static Times Measure(Device device, in Layer layer, int size, int runs)
    {
        int factor = layer.PixelShuffle ? 2 : 1;
        using ConvolutionWeights weights = ConvolutionWeights.Create(
            device,
            Random(layer.Outputs * layer.Inputs * layer.Kernel * layer.Kernel),
            Random(layer.Outputs),
            layer.Inputs,
            layer.Outputs,
            layer.Kernel,
            layer.PixelShuffle);
        Tensor x = device.Upload(Random(size * size * layer.Inputs), size, size, layer.Inputs);
        int channels = layer.Outputs / (factor * factor);
        using DeviceBuffer output = device.Allocate(4L * size * size * layer.Outputs);
        var y = new Tensor(output, 0, size * factor, size * factor, channels, channels);
        int repeats = device is GpuDevice ? 20 : (int)Math.Ceiling(LeastOperations / layer.Operations(size));
        Times times = Times.OnDevice(device, runs, () =>
        {
            for (int i = 0; i < repeats; i++)
                Convolution.Run(x, weights, y);
        });
        x.Buffer.Dispose();
        return new Times(times.Median / repeats, times.Minimum / repeats, times.Processor / repeats);
    }

    private static float[] Random(int count)
    {
        ulong seed = SeededNumbers.Hash("bench/product");
        var values = new float[count];
        for (int i = 0; i < count; i++)
            values[i] = SeededNumbers.Uniform(seed, i);
        return values;
    }

    private readonly record struct Layer(int Inputs, int Outputs, int Kernel, bool PixelShuffle = false)
    {
        public double Operations(int size) => 2.0 * size * size * Inputs * Outputs * Kernel * Kernel;

        public override string ToString() =>
            $"{(Kernel == 1 ? "linear" : "3x3")} {Inputs} -> {Outputs}{(PixelShuffle ? ", pixel shuffle" : "")}";
    }
}
