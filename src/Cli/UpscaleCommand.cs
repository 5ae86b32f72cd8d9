using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Gsasr.Tensors;

namespace Gsasr.Cli;

/// <summary><c>gsasr upscale INPUT OUTPUT --scale S</c>.</summary>
internal static class UpscaleCommand
{
    public static Command Create(TextWriter output, TextWriter error)
    {
        var input = new Argument<string>("INPUT") { Description = "The image to upscale: PNG, JPEG, PPM or PGM." };
        var target = new Argument<string>("OUTPUT") { Description = "The image to write: .png, .jpg, .ppm or .pgm." };
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
            Description = $"{GsasrModel.DefaultName} (built in), a .safetensors file, or a folder with encoder.pth and decoder.pth.",
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
        var quality = new Option<int>("--quality")
        {
            Description = "Quality of a JPEG, 1 to 100.",
            DefaultValueFactory = _ => 95,
            CustomParser = ParseQuality,
        };
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace OUTPUT if it exists." };
        var verbose = new Option<bool>("--verbose") { Description = "Say on the error stream what the image is worked on with, and how long each stage takes." };
        var command = new Command("upscale", "Upscales an image.")
        {
            input, target, scale, model, device, precision, dMax, noEvenAreas, keepGrey, asPublished, quality, overwrite, verbose,
        };
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
                JpegQuality = parsed.GetValue(quality),
                Overwrite = parsed.GetValue(overwrite),
                Verbose = parsed.GetValue(verbose),
            };
            return job.RunAsync(output, error, cancellation);
        });
        return command;
    }

    private static int ParseQuality(ArgumentResult result)
    {
        string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value is >= 1 and <= 100)
            return value;
        result.AddError($"--quality is a whole number from 1 to 100; it is '{text}'.");
        return 0;
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
