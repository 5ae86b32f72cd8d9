using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Gsasr.Cli;

/// <summary>Help that ends with examples of the command.</summary>
/// <param name="help">The library's help.</param>
internal sealed class HelpWithExamples(HelpAction help) : SynchronousCommandLineAction
{
    private static readonly Dictionary<string, string[]> s_examples = new()
    {
        ["gsasr"] =
        [
            "gsasr upscale photo.png photo_x4.png --scale 4",
            "gsasr devices",
        ],
        ["upscale"] =
        [
            "gsasr upscale photo.png photo_x4.png --scale 4",
            "gsasr upscale a.png b.jpg large/",
            "gsasr upscale photos large --recursive --skip-existing",
            "gsasr upscale photos \"large/{name}_x{scale}.{ext}\" --scale 2.5 --format webp",
            "gsasr upscale - - --format png < small.png > large.png",
        ],
        ["field"] = ["gsasr field photo.png photo.safetensors --scale 4"],
        ["fit"] = ["gsasr fit photo.png photo.safetensors --gaussians 5000 --seconds 60"],
        ["render"] =
        [
            "gsasr render photo.safetensors large.png --magnification 8",
            "gsasr render photo.safetensors detail.png --size 640x400 --left 10 --top 8 --width 32 --height 20",
        ],
        ["models"] = ["gsasr models list", "gsasr models pull hatl-sa1b"],
        ["list"] = ["gsasr models list"],
        ["path"] = ["gsasr models path", "gsasr models path hatl-sa1b"],
        ["info"] = ["gsasr info", "gsasr info hatl-sa1b"],
        ["devices"] = ["gsasr devices"],
        ["pull"] =
        [
            "gsasr models pull hatl-sa1b",
            "gsasr models pull mine --from FOLDER_WITH_ENCODER_AND_DECODER",
        ],
        ["completion"] =
        [
            "source <(gsasr completion bash)",
            "gsasr completion fish > ~/.config/fish/completions/gsasr.fish",
        ],
    };

    /// <summary>Help needs no valid arguments.</summary>
    public override bool ClearsParseErrors => true;

    /// <summary>Gives a command and its subcommands such help.</summary>
    /// <param name="root">The command.</param>
    public static void AddTo(RootCommand root)
    {
        ArgumentNullException.ThrowIfNull(root);
        HelpOption option = root.Options.OfType<HelpOption>().Single();

        // On Unix these are paths.
        option.Aliases.Remove("/h");
        option.Aliases.Remove("/?");
        option.Action = new HelpWithExamples((HelpAction)option.Action!);
    }

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        ArgumentNullException.ThrowIfNull(parseResult);
        int exitCode = help.Invoke(parseResult);
        Command command = parseResult.CommandResult.Command;
        if (s_examples.TryGetValue(command is RootCommand ? "gsasr" : command.Name, out string[]? examples))
        {
            TextWriter output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Examples:");
            foreach (string example in examples)
                output.WriteLine("  " + example);
            output.WriteLine();
        }

        return exitCode;
    }
}
