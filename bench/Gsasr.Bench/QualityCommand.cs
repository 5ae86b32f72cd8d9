using System.CommandLine;
using Gsasr.Imaging;
using Gsasr.Tensors;

namespace Gsasr.Bench;

/// <summary>How near a model comes to photographs that were made small, and how near bicubic interpolation does.</summary>
internal static class QualityCommand
{
    public static Command Create()
    {
        Option<string> device = CommandOptions.Device();
        Option<string> model = CommandOptions.Model(GsasrModel.DefaultName);
        Option<DirectoryInfo> photos = CommandOptions.Photos();
        Option<int[]> scales = CommandOptions.Scales(2, 3, 4);
        Option<Precision> precision = CommandOptions.Precision();
        var command = new Command("quality", "PSNR of photographs on Y, in dB: the model / bicubic interpolation.")
        {
            device, model, photos, scales, precision,
        };
        command.SetAction(result =>
        {
            using Device opened = DeviceCatalog.Open(result.GetValue(device)!);
            Run(opened, Workloads.Model(result.GetValue(model)!), result.GetValue(photos)!, result.GetValue(scales)!, result.GetValue(precision));
        });
        return command;
    }

    private static void Run(Device device, GsasrModel model, DirectoryInfo photos, int[] scales, Precision precision)
    {
        Console.WriteLine($"## PSNR on Y, {model.Name} / bicubic, border = scale cropped, on {device.Name} ({device.Kind})");
        Console.WriteLine();
        using var upscaler = new Upscaler(model, device, new UpscalerOptions { KeepEvenAreas = false, Precision = precision });
        var table = new TextTable(["image", .. scales.Select(scale => $"x{scale}")]);
        foreach (FileInfo file in Workloads.Photos(photos))
        {
            Image photo = ImageFile.Read(file.FullName);
            table.Add([Path.GetFileNameWithoutExtension(file.Name), .. scales.Select(scale => Compare(upscaler, photo, scale))]);
        }

        table.Print();
    }

    private static string Compare(Upscaler upscaler, Image photo, int scale)
    {
        ScaledPhoto small = ScaledPhoto.Make(photo, scale);
        return $"{small.Psnr(small.Upscale(upscaler)):F2} / {small.Psnr(small.Interpolate()):F2}";
    }
}
