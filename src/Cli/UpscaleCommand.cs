using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Gsasr.Cli.Reporting;
using Gsasr.Cli.Upscaling;

namespace Gsasr.Cli;

/// <summary><c>gsasr upscale INPUT... OUTPUT</c>.</summary>
internal static class UpscaleCommand
{
    private const string Description = "Upscales images: PNG, JPEG, WebP, TIFF, BMP, GIF, TGA, PBM, PGM and PPM; of an animation the first picture.";

    public static Command Create(TextWriter output, TextWriter error)
    {
        var paths = new Argument<string[]>("INPUT... OUTPUT")
        {
            Description = "The images or folders to upscale, or - for the standard input; last the image to write, a folder, "
                + "- for the standard output, or a pattern with {name}, {ext}, {folder}, {scale}, {width} and {height}.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var recursive = new Option<bool>("--recursive", "-r") { Description = "Look for images in the folders within folders too; the outputs lie in the same tree." };
        var format = new Option<string?>("--format", "-f") { Description = $"The format of the outputs where their names do not say it: {OutputFormats.Names}." };
        format.CompletionSources.Add([.. OutputFormats.Extensions]);
        format.Validators.Add(result =>
        {
            string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
            if (!OutputFormats.IsKnown(text))
                result.AddError($"--format is {OutputFormats.Names}; it is '{text}'.");
        });
        var sizes = new SizeOptions();
        Option<string> model = SharedOptions.Model();
        Option<string[]> devices = SharedOptions.Devices();
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
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace outputs that exist." };
        var skipExisting = new Option<bool>("--skip-existing") { Description = "Leave outputs that exist as they are; so an interrupted run goes on where it was." };
        var shard = new Option<Shard?>("--shard")
        {
            Description = "Work on the I-th of N parts of the images, such as 2/8, or auto: the part of this task in a Slurm array or a Kubernetes indexed job.",
            CustomParser = ParseShard,
        };
        var background = new Option<Background?>("--background")
        {
            Description = "Put what is transparent on a colour, such as '#fff' or white; for formats without transparency.",
            CustomParser = result =>
            {
                string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
                if (Background.Parse(text) is { } colour)
                    return colour;
                result.AddError($"--background is an opaque colour, such as '#fff', '#2040a0' or white; it is '{text}'.");
                return null;
            },
        };
        var stripMetadata = new Option<bool>("--strip-metadata")
        {
            Description = "Leave out EXIF, XMP, texts and pixel density; what says how the colours are meant, such as an ICC profile, stays.",
        };
        Option<long?> memory = SharedOptions.Memory();
        var wrap = new Option<bool>("--wrap") { Description = "Take the image to go on at its other side, as a seamless texture does." };
        var reporting = new ReportOptions();
        var command = new Command("upscale", Description) { paths, recursive, format };
        sizes.AddTo(command);
        foreach (Option option in (Option[])[model, devices, precision, dMax, noEvenAreas, keepGrey, asPublished, quality, lossless, background, stripMetadata, wrap, memory, maxPixels, overwrite, skipExisting, shard])
            command.Options.Add(option);
        reporting.AddTo(command);
        command.Validators.Add(result => CheckPaths(result, paths));
        command.Validators.Add(result =>
        {
            if (result.GetValue(overwrite) && result.GetValue(skipExisting))
                result.AddError("--overwrite and --skip-existing exclude each other; give one of them.");
            if (result.GetValue(asPublished) && sizes.AsksForSize(result))
                result.AddError("--as-published draws with a --scale.");
            if (result.GetValue(wrap) && sizes.Cuts(result))
                result.AddError("--wrap and --fit cover exclude each other: a texture that is cut off does not wrap any more.");

            // A format without its value cannot be asked for, and is an error already.
            if (result.GetResult(format) is { Implicit: false, Tokens.Count: 0 })
                return;
            string target = result.GetValue(paths) is [.., string last] ? last : "";
            SharedOptions.CheckWriting(result, quality, lossless, result.GetValue(format) ?? Path.GetExtension(target));
            if (target == InputFile.StandardInput && result.GetValue(format) is null)
                result.AddError($"Say with --format what to write to the standard output: {OutputFormats.Names}.");
            if (target == InputFile.StandardInput && reporting.IsJson(result))
                result.AddError("--json and OUTPUT - both want the standard output; write the picture to a file.");
        });
        command.SetAction((parsed, cancellation) =>
        {
            UpscalerOptions options = parsed.GetValue(asPublished)
                ? UpscalerOptions.AsPublished
                : new UpscalerOptions { KeepEvenAreas = !parsed.GetValue(noEvenAreas) };
            string[] all = parsed.GetRequiredValue(paths);
            var job = new UpscaleJob(new UpscaleRequest
            {
                Inputs = all[..^1],
                Recursive = parsed.GetValue(recursive),
                Output = all[^1],
                Format = parsed.GetValue(format),
                Size = sizes.Read(parsed),
                Shard = parsed.GetValue(shard),
                Model = parsed.GetRequiredValue(model),
                Devices = parsed.GetRequiredValue(devices),
                Options = options with
                {
                    Precision = parsed.GetValue(precision) ?? options.Precision,
                    DMax = parsed.GetValue(dMax),
                    KeepGrey = parsed.GetValue(keepGrey),
                    Wrap = parsed.GetValue(wrap),
                },
                Memory = parsed.GetValue(memory),
                Writing = SharedOptions.Writing(parsed, quality, lossless),
                Background = parsed.GetValue(background),
                StripMetadata = parsed.GetValue(stripMetadata),
                MaxPixels = parsed.GetValue(maxPixels),
                Overwrite = parsed.GetValue(overwrite),
                SkipExisting = parsed.GetValue(skipExisting),
            });
            TextWriter? results = all[^1] == InputFile.StandardInput ? null : output;
            return reporting.RunAsync(parsed, results, error, reporter => job.RunAsync(reporter, cancellation));
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

    /// <summary>Refuses an empty text, a name that is not UTF-8, and - for a standard stream.</summary>
    internal static void RequireText<T>(List<Action<T>> validators, string message)
        where T : SymbolResult =>
        validators.Add(result =>
        {
            if (result.Tokens.Any(token => token.Value.Length == 0))
                result.AddError(message);
            if (result.Tokens.Any(token => token.Value == InputFile.StandardInput))
                result.AddError("- is a standard stream in 'gsasr upscale' alone; name a file (one of this name is ./-).");
            if (result.Tokens.FirstOrDefault(token => ArgumentEncoding.IsDamaged(token.Value)) is { Value: var name })
                result.AddError(NotUtf8(name));
        });

    private static string NotUtf8(string name) => $"The name {name} is not UTF-8, and no file can be opened or made by it; use another name.";

    private static void CheckPaths(CommandResult result, Argument paths)
    {
        string[] tokens = [.. result.GetResult(paths)?.Tokens.Select(token => token.Value) ?? []];
        if (Array.Find(tokens, token => token.Length > 1 && token[0] == '-') is { } unknown)
        {
            result.AddError($"There is no option {unknown}; a file of this name is ./{unknown}.");
            return;
        }

        if (tokens.Length == 0)
            result.AddError("INPUT and OUTPUT are missing; name the image to upscale and the one to write.");
        else if (tokens.Length == 1)
            result.AddError($"OUTPUT is missing; name the image or the folder to write '{tokens[0]}' to.");
        else if (tokens[^1].Length == 0)
            result.AddError("OUTPUT is empty; name the image to write.");
        else if (ArgumentEncoding.IsDamaged(tokens[^1]))
            result.AddError(NotUtf8(tokens[^1]));
        if (tokens.SkipLast(1).Contains(""))
            result.AddError("INPUT is empty; name the image to upscale.");
    }

    private static Shard? ParseShard(ArgumentResult result)
    {
        try
        {
            return Shard.Parse(result.Tokens.Count == 1 ? result.Tokens[0].Value : "");
        }
        catch (FormatException e)
        {
            result.AddError(e.Message);
            return null;
        }
    }
}
