using System.CommandLine;
using Gsasr.Imaging;
using Gsasr.Tensors;

namespace Gsasr.Bench;

/// <summary>How near mixed precision comes to float32, and both to photographs that were made small.</summary>
internal static class PrecisionCommand
{
    public static Command Create()
    {
        Option<string> device = CommandOptions.Device();
        Option<string?> asHardware = CommandOptions.AsHardware();
        Option<string> model = CommandOptions.Model(GsasrModel.DefaultName);
        Option<DirectoryInfo> photos = CommandOptions.Photos();
        Option<int[]> scales = CommandOptions.Scales(2, 3, 4, 8);
        var command = new Command("precision", "PSNR of mixed precision against float32 on RGB, and of both against photographs on Y, in dB.")
        {
            device, asHardware, model, photos, scales,
        };
        command.SetAction(result =>
        {
            using Device opened = CommandOptions.Open(result, device, asHardware);
            Run(opened, Workloads.Model(result.GetValue(model)!), result.GetValue(photos)!, result.GetValue(scales)!);
        });
        return command;
    }

    private static void Run(Device device, GsasrModel model, DirectoryInfo photos, int[] scales)
    {
        Console.WriteLine($"## {model.Name}, mixed precision and float32, border = scale cropped, on {device.Name} ({device.Kind})");
        Console.WriteLine();
        var options = new UpscalerOptions { KeepEvenAreas = false };
        using var mixed = new Upscaler(model, device, options with { Precision = Precision.Mixed });
        using var exact = new Upscaler(model, device, options with { Precision = Precision.Float32 });
        var table = new TextTable("image", "scale", "mixed to float32 dB", "levels apart", "mixed dB", "float32 dB", "lost dB", "twice the same", "repeated");
        foreach (FileInfo file in Workloads.Photos(photos))
        {
            Image photo = ImageFile.Read(file.FullName);
            foreach (int scale in scales)
            {
                ScaledPhoto small = ScaledPhoto.Make(photo, scale);
                byte[] first = small.Upscale(mixed);
                bool repeated = mixed.WasRepeated;
                byte[] second = small.Upscale(mixed);
                byte[] reference = small.Upscale(exact);
                double mixedPsnr = small.Psnr(first);
                double exactPsnr = small.Psnr(reference);
                (double psnr, int levels) = Difference(first, reference);
                table.Add(
                    Path.GetFileNameWithoutExtension(file.Name), $"x{scale}", $"{psnr:F2}", $"{levels}", $"{mixedPsnr:F3}", $"{exactPsnr:F3}",
                    $"{exactPsnr - mixedPsnr:F4}", first.AsSpan().SequenceEqual(second) ? "yes" : "NO", repeated ? "yes" : "no");
            }
        }

        table.Print();
    }

    private static (double Psnr, int Levels) Difference(byte[] a, byte[] b)
    {
        double squares = 0;
        int levels = 0;
        for (int i = 0; i < a.Length; i++)
        {
            int difference = Math.Abs(a[i] - b[i]);
            squares += (double)difference * difference;
            levels = Math.Max(levels, difference);
        }

        return (10 * Math.Log10(255 * 255 / (squares / a.Length)), levels);
    }
}
