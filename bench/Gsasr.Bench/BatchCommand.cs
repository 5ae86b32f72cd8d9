using System.CommandLine;
using Gsasr.Tensors;

namespace Gsasr.Bench;

/// <summary>Many images: call after call, and as batches of one upscaler and of several that share the device.</summary>
internal static class BatchCommand
{
    public static Command Create()
    {
        Option<string> device = CommandOptions.Device();
        Option<string> model = CommandOptions.Model(GsasrModel.DefaultName);
        Option<(int Width, int Height)> size = CommandOptions.Size(64);
        var scale = new Option<int>("--scale") { Description = "output pixels per input pixel", DefaultValueFactory = _ => 4 };
        var count = new Option<int>("--count") { Description = "images", DefaultValueFactory = _ => 16 };
        Option<int> runs = CommandOptions.Runs(9);
        var command = new Command("batch", "Upscale many images by single calls and as batches.") { device, model, size, scale, count, runs };
        command.SetAction(result => Run(
            result.GetValue(device)!,
            result.GetValue(model)!,
            result.GetValue(size),
            result.GetValue(scale),
            result.GetValue(count),
            result.GetValue(runs)));
        return command;
    }

    private static void Run(string deviceName, string modelName, (int Width, int Height) size, int scale, int count, int runs)
    {
        using Device device = DeviceCatalog.Open(deviceName);
        GsasrModel model = Workloads.Model(modelName);
        Upscaler[] upscalers = [.. Enumerable.Range(0, 3).Select(_ => new Upscaler(model, device))];
        byte[] photo = Workloads.Photo(size.Width, size.Height);
        UpscaleItem<byte>[] items = [.. Enumerable.Range(0, count).Select(_ => new UpscaleItem<byte>(
            new(photo, size.Width, size.Height, PixelLayout.Rgb),
            new(new byte[photo.Length * scale * scale], size.Width * scale, size.Height * scale, PixelLayout.Rgb)))];
        List<(string Name, Action Work)> ways =
        [
            ("single calls", () =>
            {
                foreach (UpscaleItem<byte> item in items)
                    upscalers[0].Upscale(item.Source.Span, item.Destination.Span);
            }),
            .. Enumerable.Range(1, upscalers.Length).Select(number => (
                number == 1 ? "a batch, one upscaler" : $"a batch, {number} upscalers",
                (Action)(() => Upscaler.UpscaleBatch(upscalers[..number], items)))),
        ];

        // In turns, so that what else the machine does meets all alike.
        var times = ways.ConvertAll(_ => new List<double>());
        for (int run = -1; run < runs; run++)
        {
            for (int i = 0; i < ways.Count; i++)
            {
                double time = Times.ByClock(1, ways[i].Work).Median;
                if (run >= 0)
                    times[i].Add(time);
            }
        }

        Console.WriteLine($"## {model.Name}, {count} images of {size.Width} x {size.Height} x{scale}, on {device.Name}");
        Console.WriteLine();
        var table = new TextTable("way", "median ms an image", "least ms an image");
        for (int i = 0; i < ways.Count; i++)
        {
            Times sum = Times.Of(times[i]);
            table.Add(ways[i].Name, $"{sum.Median / count:F2}", $"{sum.Minimum / count:F2}");
        }

        table.Print();
        foreach (Upscaler upscaler in upscalers)
            upscaler.Dispose();
    }
}
