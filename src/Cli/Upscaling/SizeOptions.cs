using System.CommandLine;

namespace Gsasr.Cli.Upscaling;

/// <summary>The options that say how large the outputs are to be.</summary>
internal sealed class SizeOptions
{
    private const double DefaultScale = 2;

    private readonly Option<double?> _scale = SharedOptions.Number(
        "--scale",
        "Output pixels per input pixel, any number from 1 to 64; 2 unless said. At 1 the image passes through the model, which changes it a little.",
        Upscaler.MinimumScale,
        Upscaler.MaximumScale,
        "2.5");

    /// <summary>Creates the options.</summary>
    public SizeOptions()
    {
        _scale.Aliases.Add("-s");
    }

    /// <summary>Gives a command the options.</summary>
    /// <param name="command">The command.</param>
    public void AddTo(Command command) => command.Options.Add(_scale);

    /// <summary>The size that the arguments ask for.</summary>
    /// <param name="parsed">What the arguments say.</param>
    public TargetSize Read(ParseResult parsed) => new TargetSize.ByScale(parsed.GetValue(_scale) ?? DefaultScale);
}
