using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Bench;

/// <summary>Options that several commands have.</summary>
internal static class CommandOptions
{
    public static Option<string> Device() => new("--device")
    {
        Description = "cpu, opencl, cuda, or one of several such as cuda:1",
        DefaultValueFactory = _ => "cpu",
    };

    public static Option<string?> AsHardware() => new("--as-hardware")
    {
        Description = "instead of --device, the first NVIDIA GPU with the kernels and the shared memory of a group of older hardware: sm_75, sm_80 or sm_86",
    };

    /// <summary>Opens the device that was asked for.</summary>
    public static Device Open(ParseResult result, Option<string> device, Option<string?> asHardware) => result.GetValue(asHardware) is string hardware
        ? DeviceCatalog.OpenAs(NvidiaTarget.Parse(hardware))
        : DeviceCatalog.Open(result.GetValue(device)!);

    public static Option<string> Model(string name) => new("--model")
    {
        Description = "gsasr-lite, a model's path, or a full-size network with seeded weights: edsr, rdn, swin, hatl, edsr-paper, ...",
        DefaultValueFactory = _ => name,
    };

    public static Option<Precision> Precision() => new("--precision")
    {
        Description = "auto, float32 or mixed",
        DefaultValueFactory = _ => Gsasr.Precision.Auto,
    };

    public static Option<DirectoryInfo> Photos() => new("--photos")
    {
        Description = "a folder of PNG and JPEG files",
        DefaultValueFactory = _ => new DirectoryInfo(Path.Combine(TestData.Folder, "photos")),
    };

    public static Option<int[]> Scales(params int[] scales) => new("--scales")
    {
        Description = "whole scales",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => scales,
    };

    public static Option<int> Runs(int runs) => new("--runs")
    {
        Description = "how often each thing is measured, after warming up",
        DefaultValueFactory = _ => runs,
    };

    public static Option<double> Peak() => new("--peak")
    {
        Description = "the device's peak in TFLOP/s that shares are given of; the processor's is measured",
    };

    public static Option<bool> Profile() => new("--profile") { Description = "show every kernel's launches and time (GPUs)" };

    public static Option<(int Width, int Height)> Size(int size) => new("--size")
    {
        Description = "pixels of the input, WIDTHxHEIGHT",
        DefaultValueFactory = _ => (size, size),
        CustomParser = ParseSize,
    };

    private static (int Width, int Height) ParseSize(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        string[] parts = text.Split('x');
        if (parts.Length == 2
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int width)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int height)
            && width > 0 && height > 0)
        {
            return (width, height);
        }

        result.AddError($"'{text}' is not a size such as 180x120.");
        return default;
    }
}
