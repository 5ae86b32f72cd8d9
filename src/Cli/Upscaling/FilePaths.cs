namespace Gsasr.Cli.Upscaling;

/// <summary>Finds out whether two paths are the same file. It remembers the folders that it has looked at.</summary>
internal sealed class FilePaths
{
    private readonly Dictionary<string, string> _folders = [];

    /// <summary>Compares resolved paths as the usual file systems of the operating system do.</summary>
    public static StringComparer Comparer { get; } =
        OperatingSystem.IsWindows() || OperatingSystem.IsMacOS() ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;

    /// <summary>The full path of a file or folder, with all links followed. What does not exist keeps its name.</summary>
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
            // There is nothing, or the links form a circle. Opening the file will report it.
            return full;
        }
    }
}
