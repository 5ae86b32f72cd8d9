using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Gsasr.Fitting;
using Gsasr.Imaging;
using Gsasr.Raster;
using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Bench;

/// <summary>How fast Gaussians become a photograph, and how fast they are drawn.</summary>
internal static class FitCommand
{
    // Steps between two looks at the clock.
    private const int StepsAtOnce = 10;

    public static Command Create()
    {
        Option<string> device = CommandOptions.Device();
        var photo = new Option<string>("--photo") { Description = "a picture of the tests", DefaultValueFactory = _ => "astronaut.png" };
        Option<(int Width, int Height)> size = CommandOptions.Size(256);
        var gaussians = new Option<int>("--gaussians") { Description = "how many", DefaultValueFactory = _ => 5000 };
        var seconds = new Option<double>("--seconds") { Description = "how long", DefaultValueFactory = _ => 60 };
        var command = new Command("fit", "Fits Gaussians to a part of a photograph; prints the PSNR as it grows, as CSV, and how fast they are drawn.")
        {
            device, photo, size, gaussians, seconds,
        };
        command.SetAction(result =>
        {
            using Device opened = DeviceCatalog.Open(result.GetValue(device)!);
            (int width, int height) = result.GetValue(size);
            byte[] pixels = Workloads.Crop(ImageFile.Read(TestData.PhotoFile(result.GetValue(photo)!)), width, height);
            Console.WriteLine($"# {result.GetValue(photo)} {width} x {height}, {result.GetValue(gaussians)} Gaussians on {opened.Name} ({opened.Kind})");
            Console.WriteLine("seconds,processor seconds,steps,gaussians,psnr");
            Fit(pixels, width, height, opened, result.GetValue(gaussians), result.GetValue(seconds));
        });
        return command;
    }

    private static void Fit(byte[] pixels, int width, int height, Device device, int gaussians, double seconds)
    {
        long start = Stopwatch.GetTimestamp();
        double processor = Environment.CpuUsage.TotalTime.TotalSeconds;
        using var fitter = FieldFitter.Create<byte>(new(pixels, width, height, PixelLayout.Rgb), device, new FitOptions { Gaussians = gaussians });
        double next = 0;
        while (true)
        {
            double elapsed = Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (elapsed >= next || elapsed >= seconds)
            {
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{elapsed:F2},{Environment.CpuUsage.TotalTime.TotalSeconds - processor:F2},{fitter.Steps},{fitter.Count},{fitter.MeasurePsnr():F2}"));
                next = Math.Max(seconds / 500, Math.Min(elapsed * 1.2, elapsed + seconds / 15));
            }

            if (elapsed >= seconds)
                break;

            // On the processor the work is done when a call returns. The queue of a GPU must not get longer than the time between two
            // looks.
            for (int i = 0; i < StepsAtOnce; i++)
                fitter.Step(elapsed / seconds);
            device.Synchronize();
        }

        using GaussianField field = fitter.ToField();
        Draw(field, width, height, device);
    }

    private static void Draw(GaussianField field, int width, int height, Device device)
    {
        using var arena = new Arena(device);
        Tensor image = device.Upload(new float[width * height * 3], height, width, 3);
        using DeviceBuffer buffer = image.Buffer;
        var settings = new RasterSettings(width, height, 1, 1000) { Layout = GaussianLayout.Activated };
        var pixels = new byte[width * height * 3];
        var view = new FieldView(0, 0, width, height, width, height);
        Times drawn = Times.OnDevice(device, 50, () => Rasterizer.Render(field.Gaussians, settings, image, arena));
        Times brought = Times.ByClock(50, () => field.Render<byte>(view, new(pixels, width, height, PixelLayout.Rgb)));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"# drawn in {drawn.Median:F3} ms ({1000 / drawn.Median:F0} a second); as bytes in the host's memory in {brought.Median:F3} ms ({1000 / brought.Median:F0} a second)"));
    }
}
