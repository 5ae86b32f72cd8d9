using System.CommandLine;
using System.Globalization;
using Gsasr.Architecture;
using Gsasr.Cli.Models;

namespace Gsasr.Cli;

/// <summary><c>gsasr info MODEL</c>.</summary>
internal static class InfoCommand
{
    public static Command Create(TextWriter output)
    {
        var model = new Argument<string>("MODEL")
        {
            Description = $"{GsasrModel.DefaultName}, one of 'gsasr models list', a .safetensors file, or a folder with encoder.pth and decoder.pth.",
            DefaultValueFactory = _ => GsasrModel.DefaultName,
        };
        UpscaleCommand.RequireText(model.Validators, $"MODEL is empty; leave it out for {GsasrModel.DefaultName}.");
        var command = new Command("info", "Describes a model.") { model };
        command.SetAction(async (parsed, cancellation) =>
        {
            foreach (string line in Describe(ModelStore.Load(parsed.GetRequiredValue(model), cancellation)))
                await output.WriteLineAsync(line).ConfigureAwait(false);
            return ExitCode.Success;
        });
        return command;
    }

    private static IEnumerable<string> Describe(GsasrModel model)
    {
        GsasrArchitecture architecture = model.Architecture;
        DecoderArchitecture decoder = architecture.Decoder;
        double gigaFlops = 2 * NetworkCost.MultiplyAddsPerPixel(architecture) / 1e9;
        var lines = new List<(string Name, string Value)>
        {
            ("Model", model.Name),
            ("Source", model.Source),
            ("Encoder", architecture.Encoder.Description),
            ("Decoder", $"{(decoder.Kind == DecoderKind.Enhanced ? "enhanced" : "paper")}, {decoder.Channels} channels, {decoder.Heads} heads, "
                + $"window {decoder.WindowSize}, cross {decoder.CrossBlocks} x {decoder.CrossLayers}, self {decoder.SelfBlocks} x {decoder.SelfLayers}"),
            ("Parameters", string.Create(
                CultureInfo.InvariantCulture,
                $"{architecture.EncoderParameterCount + architecture.DecoderParameterCount:n0} (encoder {architecture.EncoderParameterCount:n0}, decoder {architecture.DecoderParameterCount:n0})")),
            ("Padding", string.Create(CultureInfo.InvariantCulture, $"to multiples of {architecture.SizeMultiple} pixels")),
            ("Cost", string.Create(CultureInfo.InvariantCulture, $"{gigaFlops:0.000} GFLOP per input pixel")),
        };
        foreach ((string key, string value) in model.Metadata.OrderBy(entry => entry.Key, StringComparer.Ordinal))
            lines.Add((key, value));
        int width = lines.Max(line => line.Name.Length);
        return lines.Select(line => $"{line.Name.PadRight(width)}  {line.Value}");
    }
}
