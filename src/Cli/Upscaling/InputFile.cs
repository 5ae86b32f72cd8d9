namespace Gsasr.Cli.Upscaling;

/// <summary>An image to upscale: a file that was named, one that was found in a folder, or the standard input.</summary>
/// <param name="Path">Where it is read; <see cref="StandardInput"/> for the standard input.</param>
/// <param name="RelativePath">
/// Its path below the folder that was given, with slashes on every system. For a file that was named it is the path as it was given. It
/// decides the shard.
/// </param>
/// <param name="IsFound">Whether it was found in a folder.</param>
internal sealed record InputFile(string Path, string RelativePath, bool IsFound)
{
    /// <summary>The argument that means the standard input or, as an output, the standard output.</summary>
    public const string StandardInput = "-";

    /// <summary>The standard input, for people.</summary>
    public const string StandardInputName = "the standard input";

    /// <summary>Whether it is the standard input.</summary>
    public bool IsStandardInput => Path == StandardInput;

    /// <summary>Its name without folder and extension.</summary>
    public string Name => IsStandardInput ? "stdin" : System.IO.Path.GetFileNameWithoutExtension(Path);

    /// <summary>The folder that it lies in; empty for the working folder.</summary>
    public string Folder => System.IO.Path.GetDirectoryName(Path) ?? "";

    /// <summary>Its folder below the folder that was given; empty for a file that was named.</summary>
    public string Subfolder => IsFound ? System.IO.Path.GetDirectoryName(RelativePath) ?? "" : "";
}
