using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Parsing;
using System.Globalization;
using Gsasr.Cli.Models;
using Gsasr.Cli.Upscaling;
using Gsasr.Imaging;
using Gsasr.Tensors;

namespace Gsasr.Cli;

/// <summary>Options that the commands about fields have in common.</summary>
internal static class SharedOptions
{
    /// <summary><c>--device</c>.</summary>
    public static Option<string> Device()
    {
        var device = new Option<string>("--device", "-d")
        {
            Description = "auto, cpu, opencl[:N] or cuda[:N]; 'gsasr devices' lists them.",
            DefaultValueFactory = _ => "auto",
            CompletionSources = { "auto", "cpu", "opencl", "cuda" },
        };
        device.Validators.Add(result =>
        {
            string? name = result.GetValueOrDefault<string>();
            if (name is not null && !DeviceCatalog.IsDeviceName(name))
                result.AddError($"--device is auto, cpu, opencl[:N] or cuda[:N]; it is '{name}'.");
        });
        return device;
    }

    /// <summary><c>--device</c> of work that several devices can share.</summary>
    public static Option<string[]> Devices()
    {
        var devices = new Option<string[]>("--device", "-d")
        {
            Description = "auto, cpu, opencl[:N] or cuda[:N]; 'gsasr devices' lists them. Several, such as cuda:0,cuda:1, share the images.",
            DefaultValueFactory = _ => ["auto"],
            CompletionSources = { "auto", "cpu", "opencl", "cuda" },
            CustomParser = result => [.. result.Tokens.SelectMany(token => token.Value.Split(','))],
        };
        devices.Validators.Add(result =>
        {
            string[] names = result.GetValueOrDefault<string[]>() ?? [];
            foreach (string name in names)
            {
                if (!DeviceCatalog.IsDeviceName(name))
                    result.AddError($"--device is auto, cpu, opencl[:N] or cuda[:N], or several of them with commas between; it is '{name}'.");
            }

            if (names.Distinct().Count() < names.Length || (names.Length > 1 && names.Contains("auto")))
                result.AddError("--device names a device twice; each of several can be there once, and auto stands alone.");
        });
        return devices;
    }

    /// <summary><c>--model</c>.</summary>
    public static Option<string> Model()
    {
        var model = new Option<string>("--model", "-m")
        {
            Description = $"{GsasrModel.DefaultName} (built in), one of 'gsasr models list', a .safetensors file, or a folder with encoder.pth and decoder.pth.",
            DefaultValueFactory = _ => GsasrModel.DefaultName,
        };
        model.CompletionSources.Add(_ => ModelStore.Names.Prepend(GsasrModel.DefaultName).Select(name => new CompletionItem(name)));
        UpscaleCommand.RequireText(model.Validators, $"--model is empty; leave it out for {GsasrModel.DefaultName}.");
        return model;
    }

    /// <summary><c>--precision</c>.</summary>
    /// <param name="fallback">The value without the option.</param>
    public static Option<Precision?> Precision(string fallback)
    {
        var option = new Option<Precision?>("--precision")
        {
            HelpName = "auto|float32|mixed",
            Description = $"float32, mixed (float16 on tensor cores of NVIDIA GPUs), or auto: mixed from Ampere on, for the models that stay near float32 with it. {fallback}",
            CustomParser = result =>
            {
                string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
                switch (text)
                {
                    case "auto":
                        return Gsasr.Precision.Auto;
                    case "float32":
                        return Gsasr.Precision.Float32;
                    case "mixed":
                        return Gsasr.Precision.Mixed;
                    default:
                        result.AddError($"--precision is auto, float32 or mixed; it is '{text}'.");
                        return null;
                }
            },
        };
        // The library would offer the names of the values in the code.
        option.CompletionSources.Clear();
        option.CompletionSources.Add("auto", "float32", "mixed");
        return option;
    }

    /// <summary>The note about a picture that was computed twice.</summary>
    public const string RepeatedNote = "The model's values left the range of float16; the picture was worked on again in float32.";

    /// <summary><c>--16bit</c>.</summary>
    public static Option<bool> Quantised() => new("--16bit")
    {
        Description = "Write 16-bit numbers: half the size or less, and a picture that differs a little.",
    };

    /// <summary><c>--quality</c>.</summary>
    public static Option<int?> Quality() => Whole("--quality", "Quality of a JPEG or WebP, 1 to 100; 95 unless said.", 1, 100);

    /// <summary><c>--lossless</c>.</summary>
    public static Option<bool> Lossless() => new("--lossless") { Description = "Write a WebP that keeps every pixel as it is." };

    /// <summary><c>--max-pixels</c>.</summary>
    public static Option<long?> MaxPixels() => new("--max-pixels")
    {
        Description = "Read an image of up to so many pixels, however small its file is; 268435456 unless said, and 256 for each byte of the file.",
        CustomParser = result =>
        {
            string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
            if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) && value >= 1)
                return value;
            result.AddError($"--max-pixels is a whole number from 1; it is '{text}'.");
            return null;
        },
    };

    /// <summary><c>--memory</c>.</summary>
    public static Option<long?> Memory() => new("--memory")
    {
        Description = "The most memory to work in, such as 512M or 2G; what is free unless said. Less takes longer, as larger images are worked on in smaller parts.",
        CustomParser = result =>
        {
            string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
            if (ByteSize.Parse(text) is long bytes)
                return bytes;
            result.AddError($"--memory is an amount such as 512M, 2G or 1.5GiB; it is '{text}'.");
            return null;
        },
    };

    /// <summary>How to write an image.</summary>
    /// <param name="parsed">What the arguments say.</param>
    /// <param name="quality">The option of <see cref="Quality"/>.</param>
    /// <param name="lossless">The option of <see cref="Lossless"/>.</param>
    public static ImageWriteOptions Writing(ParseResult parsed, Option<int?> quality, Option<bool> lossless)
    {
        var options = new ImageWriteOptions { Lossless = parsed.GetValue(lossless) };
        return parsed.GetValue(quality) is int value ? options with { Quality = value } : options;
    }

    /// <summary>Refuses <c>--quality</c> and <c>--lossless</c> for formats that do not have them.</summary>
    /// <param name="result">What the arguments say.</param>
    /// <param name="quality">The option of <see cref="Quality"/>.</param>
    /// <param name="lossless">The option of <see cref="Lossless"/>.</param>
    /// <param name="extension">The extension of the format to write, if that is known.</param>
    public static void CheckWriting(CommandResult result, Option<int?> quality, Option<bool> lossless, string? extension)
    {
        if (extension is null || !OutputFormats.IsKnown(extension))
            return;
        if (result.GetValue(lossless) && !OutputFormats.IsWebP(extension))
            result.AddError("--lossless is for .webp; the other formats have but one way.");
        if (result.GetResult(quality) is not null && !OutputFormats.HasQuality(extension))
            result.AddError("--quality is for JPEG and WebP; the other formats keep every pixel.");
    }

    /// <summary>A number within a range.</summary>
    /// <param name="name">The option's name.</param>
    /// <param name="description">What it says.</param>
    /// <param name="minimum">The least that it can be.</param>
    /// <param name="maximum">The most that it can be.</param>
    /// <param name="example">A value to show.</param>
    public static Option<double?> Number(string name, string description, double minimum, double maximum, string example) => new(name)
    {
        Description = description,
        CustomParser = result => UpscaleCommand.ParseNumber(result, minimum, maximum, example),
    };

    /// <summary>A whole number within a range.</summary>
    /// <param name="name">The option's name.</param>
    /// <param name="description">What it says.</param>
    /// <param name="minimum">The least that it can be.</param>
    /// <param name="maximum">The most that it can be.</param>
    public static Option<int?> Whole(string name, string description, int minimum, int maximum) => new(name)
    {
        Description = description,
        CustomParser = result =>
        {
            string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
            if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) && value >= minimum && value <= maximum)
                return value;
            result.AddError(string.Create(CultureInfo.InvariantCulture, $"{name} is a whole number from {minimum} to {maximum}; it is '{text}'."));
            return null;
        },
    };

    /// <summary>A size such as 1920x1080.</summary>
    /// <param name="name">The option's name.</param>
    /// <param name="description">What it says.</param>
    public static Option<(int Width, int Height)?> Size(string name, string description) => new(name)
    {
        Description = description,
        CustomParser = result =>
        {
            string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
            string[] parts = text.Split('x', 'X');
            if (parts.Length == 2 && TryParse(parts[0], out int width) && TryParse(parts[1], out int height))
                return (width, height);
            result.AddError($"{name} is a size such as 1920x1080; it is '{text}'.");
            return null;
        },
    };

    private static bool TryParse(string text, out int value) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value >= 1;
}
