using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Gsasr.Fitting;
using Gsasr.Imaging;
using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Bench;

/// <summary>How fast Gaussians become a photograph.</summary>
internal static class FitCommand
{
    public static Command Create()
    {
        Option<string> device = CommandOptions.Device();
        var photo = new Option<string>("--photo") { Description = "a picture of the tests", DefaultValueFactory = _ => "astronaut.png" };
        Option<(int Width, int Height)> size = CommandOptions.Size(256);
        var gaussians = new Option<int>("--gaussians") { Description = "how many", DefaultValueFactory = _ => 5000 };
        var seconds = new Option<double>("--seconds") { Description = "how long", DefaultValueFactory = _ => 60 };
        var command = new Command("fit", "Fits Gaussians to a part of a photograph; prints the PSNR as it grows, as CSV.")
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
        using var fitter = new FieldFitter(pixels, width, height, PixelLayout.Rgb, device, new FitOptions { Gaussians = gaussians });
        double shown = 0;
        while (true)
        {
            double elapsed = Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (elapsed >= shown || elapsed >= seconds)
            {
                string line = string.Create(
                    CultureInfo.InvariantCulture,
                    $"{elapsed:F2},{Environment.CpuUsage.TotalTime.TotalSeconds - processor:F2},{fitter.Steps},{fitter.Count},{fitter.MeasurePsnr():F2}");
                Console.WriteLine(line);
                shown = Math.Max(shown + seconds / 100, Math.Min(elapsed * 1.1, elapsed + seconds / 20));
            }

            if (elapsed >= seconds)
                break;

            // The processor is done when a call returns; a GPU's queue must not run ahead of the clock.
            for (int i = 0; i < 10; i++)
                fitter.Step(elapsed / seconds);
            device.Synchronize();
        }
    }
}
