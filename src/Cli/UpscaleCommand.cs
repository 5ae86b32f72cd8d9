using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Gsasr.Cli.Reporting;
using Gsasr.Tensors;

namespace Gsasr.Cli;

/// <summary><c>gsasr upscale INPUT OUTPUT --scale S</c>.</summary>
internal static class UpscaleCommand
{
    public static Command Create(TextWriter output, TextWriter error)
    {
        var input = new Argument<string>("INPUT") { Description = "The image to upscale: PNG, JPEG, WebP, TIFF, BMP, GIF, TGA, PBM, PGM or PPM; of an animation the first picture." };
        var target = new Argument<string>("OUTPUT") { Description = "The image to write: .png, .jpg, .webp, .tif, .bmp, .tga, .ppm or .pgm." };
        RequireText(input.Validators, "INPUT is empty; name the image to upscale.");
        RequireText(target.Validators, "OUTPUT is empty; name the image to write.");
        var scale = new Option<double>("--scale", "-s")
        {
            Description = "Output pixels per input pixel, any number from 1 to 64. At 1 the image passes through the model, which changes it a little.",
            Required = true,
            CustomParser = result => ParseNumber(result, Upscaler.MinimumScale, Upscaler.MaximumScale, example: "2.5"),
        };
        var model = new Option<string>("--model", "-m")
        {
            Description = $"{GsasrModel.DefaultName} (built in), one of 'gsasr models list', a .safetensors file, or a folder with encoder.pth and decoder.pth.",
            DefaultValueFactory = _ => GsasrModel.DefaultName,
        };
        RequireText(model.Validators, $"--model is empty; leave it out for {GsasrModel.DefaultName}.");
        var device = new Option<string>("--device", "-d")
        {
            Description = "auto, cpu, opencl[:N] or cuda[:N]; 'gsasr devices' lists them.",
            DefaultValueFactory = _ => "auto",
        };
        device.Validators.Add(result =>
        {
            string? name = result.GetValueOrDefault<string>();
            if (name is not null && !DeviceCatalog.IsDeviceName(name))
                result.AddError($"--device is auto, cpu, opencl[:N] or cuda[:N]; it is '{name}'.");
        });
        Option<Precision?> precision = SharedOptions.Precision("With --as-published it is float32 unless said, else auto.");
        var dMax = new Option<double>("--dmax")
        {
            Description = "How far a Gaussian reaches, as a share of half the output image (the paper's ratio r).",
            DefaultValueFactory = _ => new UpscalerOptions().DMax,
            CustomParser = result => ParseNumber(result, 1e-6, 1e6, example: "0.1"),
        };
        var noEvenAreas = new Option<bool>("--no-even-areas")
        {
            Description = "Take the model's pixels also where all pixels around are equal, instead of keeping their colour exactly.",
        };
        var keepGrey = new Option<bool>("--keep-grey")
        {
            Description = "Draw an RGB image that has only greys in greys, the mean of the model's channels. (Images of one channel stay grey anyway.)",
        };
        var asPublished = new Option<bool>("--as-published")
        {
            Description = "Draw as the published code does, which rounds sizes and darkens small images; for comparisons. Includes --no-even-areas.",
        };
        Option<int?> quality = SharedOptions.Quality();
        Option<bool> lossless = SharedOptions.Lossless();
        Option<long?> maxPixels = SharedOptions.MaxPixels();
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace OUTPUT if it exists." };
        var reporting = new ReportOptions();
        var command = new Command("upscale", "Upscales an image.")
        {
            input, target, scale, model, device, precision, dMax, noEvenAreas, keepGrey, asPublished, quality, lossless, maxPixels, overwrite,
        };
        reporting.AddTo(command);
        SharedOptions.RequireWebP(command, lossless, target);
        command.SetAction((parsed, cancellation) =>
        {
            UpscalerOptions options = parsed.GetValue(asPublished)
                ? UpscalerOptions.AsPublished
                : new UpscalerOptions { KeepEvenAreas = !parsed.GetValue(noEvenAreas) };
            var job = new UpscaleJob
            {
                InputPath = parsed.GetRequiredValue(input),
                OutputPath = parsed.GetRequiredValue(target),
                Scale = parsed.GetValue(scale),
                Model = parsed.GetRequiredValue(model),
                Device = parsed.GetRequiredValue(device),
                Options = options with
                {
                    Precision = parsed.GetValue(precision) ?? options.Precision,
                    DMax = parsed.GetValue(dMax),
                    KeepGrey = parsed.GetValue(keepGrey),
                },
                Writing = SharedOptions.Writing(parsed, quality, lossless),
                MaxPixels = parsed.GetValue(maxPixels),
                Overwrite = parsed.GetValue(overwrite),
            };
            return reporting.RunAsync(parsed, output, error, reporter => job.RunAsync(reporter, cancellation));
        });
        return command;
    }

    internal static double ParseNumber(ArgumentResult result, double minimum, double maximum, string example)
    {
        string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value >= minimum && value <= maximum)
            return value;
        string name = result.Parent is OptionResult option ? option.Option.Name : "The value";
        result.AddError(string.Create(
            CultureInfo.InvariantCulture, $"{name} is a number from {minimum:0.######} to {maximum:0.######}, such as {example}; it is '{text}'."));
        return 0;
    }

    /// <summary>Makes an empty text a mistake.</summary>
    internal static void RequireText<T>(List<Action<T>> validators, string message)
        where T : SymbolResult =>
        validators.Add(result =>
        {
            if (result.Tokens.Any(token => token.Value.Length == 0))
                result.AddError(message);
        });
}
