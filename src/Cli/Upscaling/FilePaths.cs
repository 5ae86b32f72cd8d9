namespace Gsasr.Cli.Upscaling;

/// <summary>Tells when two paths are one file. It remembers the folders that it has looked at.</summary>
internal sealed class FilePaths
{
    private readonly Dictionary<string, string> _folders = [];

    /// <summary>Compares resolved paths as the system's usual file systems do.</summary>
    public static StringComparer Comparer { get; } =
        OperatingSystem.IsWindows() || OperatingSystem.IsMacOS() ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;

    /// <summary>The full path of a file or folder, all links in it followed; what does not exist keeps its name.</summary>
    /// <param name="path">The path; empty for the working folder.</param>
    public string Resolve(string path)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path.Length == 0 ? "." : path));
        if (Path.GetDirectoryName(full) is not { } parent)
            return full;
        if (!_folders.TryGetValue(parent, out string? folder))
            _folders[parent] = folder = Resolve(parent);
        full = Path.Join(folder, Path.GetFileName(full));
        try
        {
            return File.ResolveLinkTarget(full, returnFinalTarget: true)?.FullName ?? full;
        }
        catch (IOException)
        {
            // Nothing is there, or a link leads in a circle; opening it will say so.
            return full;
        }
    }
}
