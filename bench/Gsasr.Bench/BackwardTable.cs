using Gsasr.Raster;
using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;
using Gsasr.Testing;

namespace Gsasr.Bench;

/// <summary>The backward pass of the rasteriser beside its forward pass: 518,400 Gaussians on 720 x 720 pixels.</summary>
internal static class BackwardTable
{
    private const int Size = 720;

    public static void Print(Device device, string[] models, int runs)
    {
        var table = new TextTable("field", "Gaussians", "forward ms", "backward ms", "ratio", "forward processor ms", "backward processor ms", "from the processor's", "same bits", "backward, kernel by kernel");
        foreach (string name in models)
        {
            using var upscaler = new Upscaler(Workloads.Model(name), device);
            using GaussianField field = upscaler.BuildField<byte>(new(Workloads.Photo(180, 180), 180, 180, PixelLayout.Rgb), 4);
            Measure(table, $"{name} 180 x 180, x4, dmax 0.1", field.Gaussians, new RasterSettings(Size, Size, 4), runs);
        }

        const double Scale = 16;
        foreach (double sigma in new[] { 0.25, 0.5, 1, 2, 4 })
        {
            Tensor gaussians = device.Upload(RasterCommand.EvenField(Size, sigma / (Scale / 1.2)), Size, Size, GaussianFormat.Raw.Columns);
            using DeviceBuffer buffer = gaussians.Buffer;
            Measure(table, $"sigma {sigma} pixels", gaussians, new RasterSettings(Size, Size, Scale, 1), runs);
        }

        table.Print();
    }

    // The time of each kernel of the backward pass, if the device can tell.
    private static string Kernels(Device device, Action backward)
    {
        if (device is not GpuDevice gpu)
            return "";
        using KernelProfile profile = gpu.BeginProfile();
        backward();
        return string.Join(", ", profile.Summarize().Select(row => $"{row.Kernel} {row.Milliseconds:F3}"));
    }

    // The norm of the difference from the processor's gradient, relative to that gradient's norm.
    private static string Error(Tensor gaussians, RasterSettings settings, float[] upstream, Tensor gradient)
    {
        using var processor = new CpuDevice();
        using var arena = new Arena(processor);
        Tensor copy = processor.Upload(gaussians.ToArray(), gaussians.Height, gaussians.Width, gaussians.Channels);
        using DeviceBuffer copyBuffer = copy.Buffer;
        Tensor image = processor.Upload(upstream, Size, Size, 3);
        using DeviceBuffer imageBuffer = image.Buffer;
        float[] actual = gradient.ToArray();
        Tensor expected = processor.Upload(actual, gradient.Height, gradient.Width, gradient.Channels);
        using DeviceBuffer expectedBuffer = expected.Buffer;
        Rasterizer.Backward(copy, settings, image, expected, arena);
        double error = 0;
        double norm = 0;
        foreach ((float e, float a) in expected.ToArray().Zip(actual))
        {
            error += Math.Pow((double)e - a, 2);
            norm += Math.Pow(e, 2);
        }

        return $"{Math.Sqrt(error / norm):E1}";
    }

    private static bool SameBits(Tensor gradient, Action backward)
    {
        backward();
        float[] first = gradient.ToArray();
        backward();
        return first.AsSpan().SequenceEqual(gradient.ToArray());
    }

    private static void Measure(TextTable table, string name, Tensor gaussians, RasterSettings settings, int runs)
    {
        Device device = gaussians.Device;
        using var arena = new Arena(device);
        var upstream = new float[Size * Size * 3];
        ulong seed = SeededNumbers.Hash("bench/backward");
        for (int i = 0; i < upstream.Length; i++)
            upstream[i] = SeededNumbers.Uniform(seed, i);
        Tensor image = device.Upload(upstream, Size, Size, 3);
        using DeviceBuffer imageBuffer = image.Buffer;
        Tensor imageGradient = device.Upload(upstream, Size, Size, 3);
        using DeviceBuffer imageGradientBuffer = imageGradient.Buffer;
        Tensor gradient = device.Upload(
            new float[gaussians.Pixels * GaussianFormat.Raw.PublishedColumns], gaussians.Height, gaussians.Width, GaussianFormat.Raw.PublishedColumns);
        using DeviceBuffer gradientBuffer = gradient.Buffer;
        Times forward = Times.OnDevice(device, runs, () => Rasterizer.Render(gaussians, settings, image, arena));
        void Backward() => Rasterizer.Backward(gaussians, settings, imageGradient, gradient, arena);
        Times backward = Times.OnDevice(device, runs, Backward);
        table.Add(
            name,
            $"{gaussians.Pixels}",
            $"{forward.Median:F3}",
            $"{backward.Median:F3}",
            $"{backward.Median / forward.Median:F2}",
            device is GpuDevice ? "" : $"{forward.Processor:F1}",
            device is GpuDevice ? "" : $"{backward.Processor:F1}",
            device is GpuDevice ? Error(gaussians, settings, upstream, gradient) : "",
            SameBits(gradient, Backward) ? "yes" : "NO",
            Kernels(device, Backward));
    }
}
