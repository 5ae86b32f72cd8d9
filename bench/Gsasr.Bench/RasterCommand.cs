using System.CommandLine;
using Gsasr.Layers;
using Gsasr.Raster;
using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Bench;

/// <summary>The rasteriser alone.</summary>
internal static class RasterCommand
{
    public static Command Create()
    {
        Option<string> device = CommandOptions.Device();
        var models = new Option<string[]>("--models")
        {
            Description = "whose Gaussians of a photograph are drawn",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [GsasrModel.DefaultName, "edsr"],
        };
        Option<int> runs = CommandOptions.Runs(5);
        var backward = new Option<bool>("--backward") { Description = "measure the backward pass beside the forward one" };
        var command = new Command("raster", "Drawing alone: fields of networks at three scales, and sigmas that grow.")
        {
            device, models, runs, backward,
        };
        command.SetAction(result =>
        {
            using Device opened = DeviceCatalog.Open(result.GetValue(device)!);
            Console.WriteLine($"## Rasteriser on {opened.Name} ({opened.Kind})");
            Console.WriteLine();
            if (result.GetValue(backward))
            {
                BackwardTable.Print(opened, result.GetValue(models)!, result.GetValue(runs));
                return;
            }

            DrawFields(opened, result.GetValue(models)!, result.GetValue(runs));
            GrowSigma(opened, result.GetValue(runs));
        });
        return command;
    }

    private static void DrawFields(Device device, string[] models, int runs)
    {
        TextTable table = Table();
        foreach (string name in models)
        {
            foreach ((int size, double scale, double dMax) in new[] { (60, 12.0, 0.1), (180, 4.0, 0.1), (360, 2.0, 0.05) })
            {
                using var upscaler = new Upscaler(Workloads.Model(name), device, new UpscalerOptions { DMax = dMax });
                using GaussianField field = upscaler.BuildField<byte>(new(Workloads.Photo(size, size), size, size, PixelLayout.Rgb), scale);
                int canvas = (int)(scale * field.Geometry.PaddedWidth);
                var settings = new RasterSettings(canvas, canvas, scale, dMax);
                Measure(table, $"{name} {size} x {size}, x{scale}, dmax {dMax}", field.Gaussians, settings, runs);
            }
        }

        table.Print();
    }

    // As many Gaussians and pixels in each row: only the area within the ellipses grows.
    private static void GrowSigma(Device device, int runs)
    {
        const int Size = 720;
        const double Scale = 16;
        TextTable table = Table();
        foreach (double sigma in new[] { 0.25, 0.5, 1, 2, 4, 8 })
        {
            float[] gaussians = EvenField(Size, sigma / (Scale / 1.2));
            using DeviceBuffer buffer = device.Allocate((long)gaussians.Length * sizeof(float));
            buffer.Upload<float>(gaussians, 0);
            var tensor = new Tensor(buffer, 0, Size, Size, GaussianFormat.Raw.Columns, GaussianFormat.Raw.Columns);
            Measure(table, $"sigma {sigma} pixels", tensor, new RasterSettings(Size, Size, Scale, 1), runs);
        }

        table.Print();
    }

    /// <summary>Raw Gaussians on the cells of a square grid, all of one sigma, which is given as a share of the largest.</summary>
    internal static float[] EvenField(int size, double share)
    {
        var placement = new float[size];
        GridPlacement.ComputeCentres(size, 0, placement);
        float logit = (float)Math.Log(share / (1 - share));
        var gaussians = new float[size * size * GaussianFormat.Raw.Columns];
        ulong seed = SeededNumbers.Hash("bench/raster");
        for (int i = 0; i < size * size; i++)
        {
            Span<float> raw = gaussians.AsSpan(i * GaussianFormat.Raw.Columns, GaussianFormat.Raw.Columns);
            raw[GaussianFormat.Raw.SigmaY] = logit;
            raw[GaussianFormat.Raw.SigmaX] = logit;
            for (int k = GaussianFormat.Raw.Rho; k < GaussianFormat.Raw.MeanX; k++)
                raw[k] = SeededNumbers.Uniform(seed, i * 7L + k);
            raw[GaussianFormat.Raw.MeanX] = placement[i % size];
            raw[GaussianFormat.Raw.MeanY] = placement[i / size];
        }

        return gaussians;
    }

    private static TextTable Table() => new(
        "field", "Gaussians", "ms", "least", "processor ms", "activate", "bound", "gather",
        "all pairs", "in box", "in ellipse", "in quads", "ellipse pairs/s", "GB/s floor");

    private static void Measure(TextTable table, string name, Tensor gaussians, RasterSettings settings, int runs)
    {
        Device device = gaussians.Device;
        using var arena = new Arena(device);
        (int width, int height) = ((int)settings.CanvasWidth, (int)settings.CanvasHeight);
        using DeviceBuffer memory = device.Allocate(12L * width * height);
        var image = new Tensor(memory, 0, height, width, 3, 3);
        void Render() => Rasterizer.Render(gaussians, settings, image, arena);
        Times times = Times.OnDevice(device, runs, Render);
        string[] kernels = ["", "", ""];
        if (device is GpuDevice gpu)
        {
            using KernelProfile profile = gpu.BeginProfile();
            Render();
            foreach ((Kernel kernel, _, double milliseconds) in profile.Summarize())
            {
                string entry = kernel.ToString();
                int column = entry.Contains("Activate", StringComparison.Ordinal) ? 0
                    : entry.Contains("Bound", StringComparison.Ordinal) ? 1
                    : 2;
                kernels[column] = $"{milliseconds:F3}";
            }
        }

        PairCount pairs = PairCount.Of(gaussians.ToArray(), settings);
        double bytes = (double)gaussians.Pixels * gaussians.Channels * sizeof(float) + memory.ByteLength;
        table.Add(
            name,
            $"{gaussians.Pixels}",
            $"{times.Median:F3}",
            $"{times.Minimum:F3}",
            device is GpuDevice ? "" : $"{times.Processor:F1}",
            kernels[0],
            kernels[1],
            kernels[2],
            Short(pairs.All),
            Short(pairs.Box),
            Short(pairs.Ellipse),
            Short(pairs.Quads),
            Short(pairs.Ellipse / (device is GpuDevice ? times.Median : times.Processor) * 1e3),
            $"{bytes / times.Median / 1e6:F1}");
    }

    private static string Short(double value) => value switch
    {
        >= 1e12 => $"{value / 1e12:F2} T",
        >= 1e9 => $"{value / 1e9:F2} G",
        _ => $"{value / 1e6:F2} M",
    };
}
