using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
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
        };
        device.Validators.Add(result =>
        {
            string? name = result.GetValueOrDefault<string>();
            if (name is not null && !DeviceCatalog.IsDeviceName(name))
                result.AddError($"--device is auto, cpu, opencl[:N] or cuda[:N]; it is '{name}'.");
        });
        return device;
    }

    /// <summary><c>--model</c>.</summary>
    public static Option<string> Model()
    {
        var model = new Option<string>("--model", "-m")
        {
            Description = $"{GsasrModel.DefaultName} (built in), a .safetensors file, or a folder with encoder.pth and decoder.pth.",
            DefaultValueFactory = _ => GsasrModel.DefaultName,
        };
        UpscaleCommand.RequireText(model.Validators, $"--model is empty; leave it out for {GsasrModel.DefaultName}.");
        return model;
    }

    /// <summary><c>--precision</c>.</summary>
    /// <param name="fallback">What it is unless said.</param>
    public static Option<Precision?> Precision(string fallback) => new("--precision")
    {
        Description = $"float32, mixed (float16 on tensor cores; NVIDIA GPUs from Ampere on), or auto: mixed where there is such. {fallback}",
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

    /// <summary>What is told of a picture that was worked on twice.</summary>
    public const string RepeatedNote = "The model's values left the range of float16; the picture was worked on again in float32.";

    /// <summary><c>--16bit</c>.</summary>
    public static Option<bool> Quantised() => new("--16bit")
    {
        Description = "Write 16-bit numbers: half the size or less, and a picture that differs a little.",
    };

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
            string[] parts = text.Split('x');
            if (parts.Length == 2 && TryParse(parts[0], out int width) && TryParse(parts[1], out int height))
                return (width, height);
            result.AddError($"{name} is a size such as 1920x1080; it is '{text}'.");
            return null;
        },
    };

    private static bool TryParse(string text, out int value) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value >= 1;
}
