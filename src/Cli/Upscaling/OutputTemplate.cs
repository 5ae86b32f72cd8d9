using System.Globalization;

namespace Gsasr.Cli.Upscaling;

/// <summary>
/// Where the outputs go, as the argument OUTPUT says: a file, a folder, a pattern or the standard output. A folder stands for the pattern
/// FOLDER/{name}.{ext}.
/// </summary>
internal sealed class OutputTemplate
{
    private readonly NamePattern _folder;
    private readonly NamePattern _file;

    private OutputTemplate(NamePattern folder, NamePattern file, bool createsFolders)
    {
        _folder = folder;
        _file = file;
        CreatesFolders = createsFolders;
    }

    /// <summary>Whether the picture goes to the standard output.</summary>
    public bool IsStandardOutput { get; private init; }

    /// <summary>
    /// Whether folders that do not exist are created. They are not for a single file, where a missing folder is probably a typing error.
    /// </summary>
    public bool CreatesFolders { get; }

    /// <summary>Whether the output's size is part of its name.</summary>
    public bool NeedsSize => Uses("width") || Uses("height");

    /// <summary>Whether the scale is part of its name.</summary>
    public bool NeedsScale => Uses("scale");

    /// <summary>The folder that all outputs go to or below; empty for the working folder, null if the input decides it.</summary>
    public string? FixedFolder =>
        _folder.IsLiteral ? _folder.Start : _folder.Uses("folder") ? null : Path.GetDirectoryName(_folder.Start) ?? "";

    /// <summary>Reads the argument OUTPUT.</summary>
    /// <param name="output">What it says.</param>
    /// <param name="isForMany">Whether there are several inputs or a folder, for which one file would not be enough.</param>
    /// <exception cref="ArgumentException">It is a pattern with a mistake, or one file for many inputs.</exception>
    public static OutputTemplate Parse(string output, bool isForMany)
    {
        if (output == InputFile.StandardInput)
        {
            return isForMany
                ? throw new ArgumentException("The standard output takes one picture; for several name a folder or a pattern.")
                : new OutputTemplate(NamePattern.Literal(""), NamePattern.Literal(output), createsFolders: false) { IsStandardOutput = true };
        }

        if (Directory.Exists(output))
            return InFolder(output);
        int fileStart = output.LastIndexOfAny([Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar]) + 1;
        if (output.AsSpan().IndexOfAny('{', '}') >= 0)
        {
            return fileStart < output.Length
                ? new OutputTemplate(NamePattern.Parse(output[..fileStart]), NamePattern.Parse(output[fileStart..]), createsFolders: true)
                : throw new ArgumentException($"The pattern '{output}' has no files in its folder; write for instance {output}{{name}}.{{ext}}.");
        }

        if (fileStart == output.Length)
            return InFolder(output);
        if (!isForMany)
            return new OutputTemplate(NamePattern.Literal(output[..fileStart]), NamePattern.Literal(output[fileStart..]), createsFolders: false);
        string extension = Path.GetExtension(output);
        return File.Exists(output) || OutputFormats.IsKnown(extension)
            ? throw new ArgumentException($"{output} is one file, for a folder or several inputs; name a folder, or a pattern such as {{name}}_x2{extension}.")
            : InFolder(output);
    }

    /// <summary>The path for an input.</summary>
    /// <param name="input">The input.</param>
    /// <param name="extension">The extension, such as "png", if the input decides it.</param>
    /// <param name="scale">The scale; null if none was given and none is needed.</param>
    /// <param name="size">The size of the output; null if it is not known yet, so that its variables stay.</param>
    public string PathFor(InputFile input, string extension, double? scale, (int Width, int Height)? size)
    {
        string folder = _folder.Expand(Value);
        if (CreatesFolders && !_folder.Uses("folder"))
            folder = Path.Join(folder, input.Subfolder);
        return Path.Join(folder, _file.Expand(Value));

        string Value(string variable) => variable switch
        {
            "name" => input.Name,
            "ext" => extension,
            "folder" => input.Folder.Length == 0 ? "." : input.Folder,
            "scale" => Text(scale),
            "width" => size is null ? "{width}" : Text(size.Value.Width),
            _ => size is null ? "{height}" : Text(size.Value.Height),
        };
    }

    private static OutputTemplate InFolder(string folder) =>
        new(NamePattern.Literal(folder), NamePattern.Parse("{name}.{ext}"), createsFolders: true);

    private static string Text(IFormattable? value) => value?.ToString(null, CultureInfo.InvariantCulture) ?? "";

    private bool Uses(string variable) => _folder.Uses(variable) || _file.Uses(variable);
}
