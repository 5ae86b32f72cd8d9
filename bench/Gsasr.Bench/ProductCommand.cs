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
        new(184, 184, 1), new(184, 368, 1), new(368, 184, 1), new(192, 384, 1), new(384, 192, 1), new(192, 192, 1), new(192, 576, 1), new(192, 768, 1), new(768, 192, 1), new(192, 960, 1),
        new(64, 64, 3), new(192, 64, 3), new(64, 192, 3), new(192, 192, 3), new(64, 256, 3, PixelShuffle: true), new(192, 768, 3, PixelShuffle: true),
    ];

    // The least duration of a run on the processor.
    private const double LeastOperations = 8e9;

    public static Command Create()
    {
        Option<string> device = CommandOptions.Device();
        Option<string?> asHardware = CommandOptions.AsHardware();
        var sizes = new Option<int[]>("--sizes")
        {
            Description = "sides of the square images",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [120, 180, 360],
        };
        Option<int> runs = CommandOptions.Runs(5);
        Option<double> peak = CommandOptions.Peak();
        Option<Precision> precision = CommandOptions.Precision();
        var command = new Command("product", "Linear layers and convolutions alone.") { device, asHardware, sizes, runs, peak, precision };
        command.SetAction(result =>
        {
            using Device opened = CommandOptions.Open(result, device, asHardware);
            if (opened is CpuDevice cpu)
                MeasureProcessor(cpu, result.GetValue(sizes)!, result.GetValue(runs));
            else
                MeasureGpu(opened, result.GetValue(sizes)!, result.GetValue(runs), result.GetValue(peak), ElementOf(result.GetValue(precision)));
        });
        return command;
    }

    private static ElementType ElementOf(Precision precision) => precision == Precision.Mixed ? ElementType.Float16 : ElementType.Float32;

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

    private static void MeasureGpu(Device device, int[] sizes, int runs, double peak, ElementType elementType)
    {
        Console.WriteLine($"## Products of {elementType} on {device.Name} ({device.Kind})");
        Console.WriteLine();
        var table = new TextTable("layer", "image", "GFLOP", "median ms", "least ms", "TFLOP/s", "of peak", "GB/s floor");
        foreach (Layer layer in s_layers)
        {
            // Float16 has channels by eights.
            if (elementType == ElementType.Float16 && (layer.Inputs % 8 != 0 || layer.Outputs % 8 != 0))
                continue;
            foreach (int size in sizes)
            {
                double operations = layer.Operations(size);
                Times times = Measure(device, layer, size, runs, elementType);
                double tflops = operations / times.Median / 1e9;
                double bytes = (double)elementType.Size() * size * size * (layer.Inputs + layer.Outputs);
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
    private static Times Measure(Device device, in Layer layer, int size, int runs, ElementType elementType = ElementType.Float32)
    {
        int factor = layer.PixelShuffle ? 2 : 1;
        using ConvolutionWeights weights = ConvolutionWeights.Create(
            device,
            Random(layer.Outputs * layer.Inputs * layer.Kernel * layer.Kernel),
            Random(layer.Outputs),
            layer.Inputs,
            layer.Outputs,
            layer.Kernel,
            layer.PixelShuffle,
            elementType);
        using var arena = new Arena(device);
        using Arena.Scope scope = arena.BeginScope();
        Tensor uploaded = device.Upload(Random(size * size * layer.Inputs), size, size, layer.Inputs);
        Tensor x = uploaded;
        if (elementType == ElementType.Float16)
        {
            x = arena.Allocate(size, size, layer.Inputs, elementType);
            Elementwise.Round(uploaded, x);
        }

        Tensor y = arena.Allocate(size * factor, size * factor, layer.Outputs / (factor * factor), elementType);
        int repeats = device is GpuDevice ? 20 : (int)Math.Ceiling(LeastOperations / layer.Operations(size));
        Times times = Times.OnDevice(device, runs, () =>
        {
            for (int i = 0; i < repeats; i++)
                Convolution.Run(x, weights, y);
        });
        uploaded.Buffer.Dispose();
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
