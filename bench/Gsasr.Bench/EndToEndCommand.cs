using System.CommandLine;
using System.Diagnostics;
using Gsasr.Architecture;
using Gsasr.Imaging;
using Gsasr.Pipeline;
using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Bench;

/// <summary>From a file to a file in one process, including what the first image of a program takes.</summary>
internal static class EndToEndCommand
{
    public static Command Create()
    {
        Option<string> device = CommandOptions.Device();
        Option<string> model = CommandOptions.Model(GsasrModel.DefaultName);
        Option<(int Width, int Height)> size = CommandOptions.Size(120);
        var scale = new Option<double>("--scale") { Description = "output pixels per input pixel", DefaultValueFactory = _ => 4 };
        var format = new Option<string>("--format") { Description = "png or jpg, of both files", DefaultValueFactory = _ => "png" };
        format.AcceptOnlyFromAmong("png", "jpg");
        Option<int> runs = CommandOptions.Runs(5);
        var command = new Command("end-to-end", "Open a model, read a file, upscale, write a file.")
        {
            device, model, size, scale, format, runs,
        };
        command.SetAction(result => Run(
            result.GetValue(device)!,
            result.GetValue(model)!,
            result.GetValue(size),
            result.GetValue(scale),
            result.GetValue(format)!,
            result.GetValue(runs)));
        return command;
    }

    private static void Run(string deviceName, string modelName, (int Width, int Height) size, double scale, string format, int runs)
    {
        string folder = Directory.CreateTempSubdirectory("gsasr-bench-").FullName;
        try
        {
            string input = Path.Combine(folder, $"input.{format}");
            string output = Path.Combine(folder, $"output.{format}");
            ImageFile.Write(input, new Image(size.Width, size.Height, ChannelLayout.Rgb, Workloads.Photo(size.Width, size.Height)));

            var first = new List<Stage>();
            using Device device = Timed(first, "open the device", () => DeviceCatalog.Open(deviceName));
            GsasrModel model = Timed(first, "recognise the model", () => Workloads.Model(modelName));
            using Upscaler upscaler = Timed(first, "load the weights", () => new Upscaler(model, device));
            UpscaleFile(first, upscaler, input, output, scale);
            long peakBytes = Process.GetCurrentProcess().PeakWorkingSet64;
            List<Stage>[] later = [.. Enumerable.Range(0, runs).Select(_ =>
            {
                var stages = new List<Stage>();
                UpscaleFile(stages, upscaler, input, output, scale);
                return stages;
            })];

            Console.WriteLine($"## {model.Name}, {size.Width} x {size.Height} {format} x{scale}, file to file");
            Console.WriteLine($"on {device.Name} ({device.Kind})");
            Console.WriteLine();
            var table = new TextTable("stage", "first ms", "later median ms", "later least ms");
            int before = first.Count - later[0].Count;
            for (int i = 0; i < first.Count; i++)
            {
                int stage = i - before;
                Times times = stage < 0 ? default : Times.Of(later.Select(run => run[stage].Milliseconds));
                table.Add(
                    first[i].Name,
                    $"{first[i].Milliseconds:F1}",
                    stage < 0 ? "" : $"{times.Median:F1}",
                    stage < 0 ? "" : $"{times.Minimum:F1}");
            }

            Times sums = Times.Of(later.Select(run => run.Sum(stage => stage.Milliseconds)));
            table.Add("all", $"{first.Sum(stage => stage.Milliseconds):F1}", $"{sums.Median:F1}", $"{sums.Minimum:F1}");
            table.Print();
            Console.WriteLine($"Peak working set after the first image: {peakBytes / 1048576.0:F0} MiB");
            if (device is CpuDevice cpu)
                PrintShareOfPeak(cpu, model.Architecture, size, later.Select(run => run[1]));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void UpscaleFile(List<Stage> stages, Upscaler upscaler, string input, string output, double scale)
    {
        Image image = Timed(stages, "read and decode", () => ImageFile.Read(input));
        (int width, int height) = Upscaler.OutputSize(image.Width, image.Height, scale);
        byte[] pixels = Timed(stages, "upscale", () =>
        {
            var upscaled = new byte[width * height * 3];
            upscaler.Upscale<byte>(
                new(image.Samples8, image.Width, image.Height, PixelLayout.Rgb), new(upscaled, width, height, PixelLayout.Rgb), scale);
            return upscaled;
        });
        Timed(stages, "encode and write", () =>
        {
            ImageFile.Write(output, new Image(width, height, ChannelLayout.Rgb, pixels));
            return true;
        });
    }

    private static void PrintShareOfPeak(
        CpuDevice cpu, GsasrArchitecture architecture, (int Width, int Height) size, IEnumerable<Stage> upscaling)
    {
        double operations = 2.0 * ImageGeometry.Padded(size.Width, size.Height, 1, architecture.SizeMultiple, asPublished: false).PaddedPixels
            * NetworkCost.MultiplyAddsPerPixel(architecture);
        double peak = FmaPeak.Measure(cpu.Threads);
        double rate = operations / upscaling.Min(stage => stage.Milliseconds) * 1e3;
        double processorMilliseconds = upscaling.Min(stage => stage.ProcessorMilliseconds);
        double processorRate = operations / processorMilliseconds * 1e3;
        Console.WriteLine(
            $"Upscaling counts {operations / 1e9:F1} GFLOP of products: {rate / 1e9:F1} GFLOP/s, {rate / peak:P0} of the multiply-add peak "
            + $"of {cpu.Threads} threads ({peak / 1e9:F1} GFLOP/s).");
        Console.WriteLine(
            $"It took {processorMilliseconds:F0} ms of processor time: {processorRate / 1e9:F1} GFLOP in a second of one core, "
            + $"{processorRate / (peak / cpu.Threads):P0} of its peak ({peak / cpu.Threads / 1e9:F1} GFLOP/s).");
    }

    private static T Timed<T>(List<Stage> stages, string stage, Func<T> operation)
    {
        double processor = Environment.CpuUsage.TotalTime.TotalMilliseconds;
        long start = Stopwatch.GetTimestamp();
        T result = operation();
        stages.Add(new Stage(
            stage,
            Stopwatch.GetElapsedTime(start).TotalMilliseconds,
            Environment.CpuUsage.TotalTime.TotalMilliseconds - processor));
        return result;
    }

    // How long one step took: by the clock, and added up over all threads of this process.
    private readonly record struct Stage(string Name, double Milliseconds, double ProcessorMilliseconds);
}
