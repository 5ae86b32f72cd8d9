using Gsasr.Imaging;

namespace Gsasr.Cli.Upscaling;

/// <summary>What the arguments of <c>gsasr upscale</c> ask for.</summary>
internal sealed record UpscaleRequest
{
    /// <summary>Files, folders and <see cref="InputFile.StandardInput"/>.</summary>
    public required IReadOnlyList<string> Inputs { get; init; }

    /// <summary>Whether folders within folders are searched.</summary>
    public required bool Recursive { get; init; }

    /// <summary>A file, a folder, a pattern or <see cref="InputFile.StandardInput"/>.</summary>
    public required string Output { get; init; }

    /// <summary>The extension of the outputs' format; null if their names say it.</summary>
    public required string? Format { get; init; }

    /// <summary>How large the outputs are to be.</summary>
    public required TargetSize Size { get; init; }

    /// <summary>The part of the inputs to work on; null for all.</summary>
    public required Shard? Shard { get; init; }

    /// <summary>The model's name or path.</summary>
    public required string Model { get; init; }

    /// <summary>The devices to share the work among.</summary>
    public required IReadOnlyList<string> Devices { get; init; }

    /// <summary>How to compute.</summary>
    public required UpscalerOptions Options { get; init; }

    /// <summary>The most bytes of memory to work in; null for what is free.</summary>
    public required long? Memory { get; init; }

    /// <summary>How to write.</summary>
    public required ImageWriteOptions Writing { get; init; }

    /// <summary>The colour that images with transparency are put on; null for none.</summary>
    public required Background? Background { get; init; }

    /// <summary>Whether outputs have no metadata but those that say what the colours mean.</summary>
    public required bool StripMetadata { get; init; }

    /// <summary>The most pixels that an input may have; null for the usual limits.</summary>
    public required long? MaxPixels { get; init; }

    /// <summary>Whether outputs that exist are replaced.</summary>
    public required bool Overwrite { get; init; }

    /// <summary>Whether inputs are left out if their outputs exist.</summary>
    public required bool SkipExisting { get; init; }
}
