using System.CommandLine;
using System.CommandLine.Parsing;

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

    private readonly Option<(int Width, int Height)?> _size = SharedOptions.Size(
        "--size", "The size of the output, such as 1920x1080; --fit says how an image of another shape is made to suit.");

    private readonly Option<string?> _fit = new("--fit")
    {
        Description = "With --size: inside (the largest that lies within it, unless said), cover (the smallest that fills it, cut off around its middle) or exact (stretched to it).",
    };

    private readonly Option<int?> _width = SharedOptions.Whole("--width", "The width of the output; the height follows from the image's shape.", 1, int.MaxValue);
    private readonly Option<int?> _height = SharedOptions.Whole("--height", "The height of the output; the width follows from the image's shape.", 1, int.MaxValue);

    /// <summary>Creates the options.</summary>
    public SizeOptions()
    {
        _scale.Aliases.Add("-s");
        _fit.CompletionSources.Add("inside", "cover", "exact");
        _fit.Validators.Add(result =>
        {
            string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
            if (text is not ("inside" or "cover" or "exact"))
                result.AddError($"--fit is inside, cover or exact; it is '{text}'.");
        });
    }

    /// <summary>Gives a command the options.</summary>
    /// <param name="command">The command.</param>
    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_scale, _size, _fit, _width, _height])
            command.Options.Add(option);
        command.Validators.Add(result =>
        {
            string[] given = [.. ((Option[])[_scale, _size, _width, _height]).Where(option => IsGiven(result, option)).Select(option => option.Name)];
            if (given is ["--width", "--height"])
                result.AddError("--width and --height each say the whole size, as the other follows from the shape; for both there is --size WIDTHxHEIGHT.");
            else if (given.Length > 1)
                result.AddError($"{string.Join(" and ", given)} exclude each other; give one of them.");
            if (IsGiven(result, _fit) && !IsGiven(result, _size))
                result.AddError("--fit is for --size.");
        });
    }

    /// <summary>The size that the arguments ask for.</summary>
    /// <param name="parsed">What the arguments say.</param>
    public TargetSize Read(ParseResult parsed)
    {
        if (parsed.GetValue(_size) is (int width, int height))
        {
            return parsed.GetValue(_fit) switch
            {
                "cover" => new TargetSize.Cover(width, height),
                "exact" => new TargetSize.Exact(width, height),
                _ => new TargetSize.Inside(width, height),
            };
        }

        return parsed.GetValue(_width) is int columns ? new TargetSize.ByWidth(columns)
            : parsed.GetValue(_height) is int rows ? new TargetSize.ByHeight(rows)
            : new TargetSize.ByScale(parsed.GetValue(_scale) ?? DefaultScale);
    }

    /// <summary>Whether a size is asked for rather than a scale.</summary>
    /// <param name="result">What the arguments say.</param>
    public bool AsksForSize(CommandResult result) => IsGiven(result, _size) || IsGiven(result, _width) || IsGiven(result, _height);

    /// <summary>Whether pictures are cut off.</summary>
    /// <param name="result">What the arguments say.</param>
    public bool Cuts(CommandResult result) => result.GetValue(_fit) == "cover";

    private static bool IsGiven(CommandResult result, Option option) => result.GetResult(option) is { Implicit: false };
}
