using System.CommandLine;
using Gsasr.Imaging;
using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Bench;

/// <summary>How near a model comes to photographs that were made small, and how near bicubic interpolation does.</summary>
internal static class QualityCommand
{
    private const int LargestCrop = 480;

    public static Command Create()
    {
        Option<string> device = CommandOptions.Device();
        Option<string> model = CommandOptions.Model(GsasrModel.DefaultName);
        var photos = new Option<DirectoryInfo>("--photos")
        {
            Description = "a folder of PNG and JPEG files",
            DefaultValueFactory = _ => new DirectoryInfo(Path.Combine(TestData.Folder, "photos")),
        };
        var scales = new Option<int[]>("--scales")
        {
            Description = "whole scales",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [2, 3, 4],
        };
        var command = new Command("quality", "PSNR of photographs on Y, in dB: the model / bicubic interpolation.")
        {
            device, model, photos, scales,
        };
        command.SetAction(result =>
        {
            using Device opened = DeviceCatalog.Open(result.GetValue(device)!);
            Run(opened, Workloads.Model(result.GetValue(model)!), result.GetValue(photos)!, result.GetValue(scales)!);
        });
        return command;
    }

    private static void Run(Device device, GsasrModel model, DirectoryInfo photos, int[] scales)
    {
        Console.WriteLine($"## PSNR on Y, {model.Name} / bicubic, border = scale cropped, on {device.Name} ({device.Kind})");
        Console.WriteLine();
        using var upscaler = new Upscaler(model, device, new UpscalerOptions { KeepEvenAreas = false });
        var table = new TextTable(["image", .. scales.Select(scale => $"x{scale}")]);
        IEnumerable<FileInfo> files = photos.EnumerateFiles().Where(file => file.Extension is ".png" or ".jpg" or ".jpeg");
        foreach (FileInfo file in files.OrderBy(file => file.Name, StringComparer.Ordinal))
        {
            Image photo = ImageFile.Read(file.FullName);
            table.Add([Path.GetFileNameWithoutExtension(file.Name), .. scales.Select(scale => Compare(upscaler, photo, scale))]);
        }

        table.Print();
    }

    private static string Compare(Upscaler upscaler, Image photo, int scale)
    {
        int width = Math.Min(LargestCrop, photo.Width) / scale;
        int height = Math.Min(LargestCrop, photo.Height) / scale;
        byte[] original = Workloads.Crop(photo, width * scale, height * scale);
        byte[] small = Bicubic.Resize(original, width * scale, height * scale, width, height);
        var upscaled = new byte[original.Length];
        upscaler.Upscale(small, width, height, PixelLayout.Rgb, scale, upscaled);
        byte[] interpolated = Bicubic.Resize(small, width, height, width * scale, height * scale);
        double ours = Psnr(original, upscaled, width * scale, height * scale, scale);
        double bicubic = Psnr(original, interpolated, width * scale, height * scale, scale);
        return $"{ours:F2} / {bicubic:F2}";
    }

    // Of ITU-R BT.601 luma in its studio range, as the field reports it.
    private static double Psnr(byte[] expected, byte[] actual, int width, int height, int border)
    {
        double squares = 0;
        for (int y = border; y < height - border; y++)
        {
            for (int x = border; x < width - border; x++)
            {
                double difference = Luma(expected, y * width + x) - Luma(actual, y * width + x);
                squares += difference * difference;
            }
        }

        double mean = squares / ((double)(width - 2 * border) * (height - 2 * border));
        return 10 * Math.Log10(255 * 255 / mean);
    }

    private static double Luma(byte[] pixels, int pixel) =>
        16 + (65.481 * pixels[3 * pixel] + 128.553 * pixels[3 * pixel + 1] + 24.966 * pixels[3 * pixel + 2]) / 255;
}
