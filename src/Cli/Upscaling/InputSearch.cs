using Gsasr.Tensors.Files;

namespace Gsasr.Cli.Upscaling;

/// <summary>Finds the images to upscale: the files that were named, and those in the folders that were named.</summary>
/// <param name="recursive">Whether folders within folders are searched too.</param>
/// <param name="outputFolder">The folder that outputs go to, if it is known. It is not searched.</param>
/// <param name="paths">Finds out whether two paths are the same file.</param>
internal sealed class InputSearch(bool recursive, string? outputFolder, FilePaths paths)
{
    private static readonly HashSet<string> Extensions = new(StringComparer.OrdinalIgnoreCase)
    {
        ".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".tga", ".pbm", ".pgm", ".ppm", ".pnm",
    };

    // By "the pictures in this folder" nobody means hidden files; on Unix their names begin with a dot.
    private const FileAttributes Unwanted = FileAttributes.Hidden | FileAttributes.System;

    // What .NET says of a file that it cannot find.
    private const FileAttributes Missing = (FileAttributes)(-1);

    private static readonly EnumerationOptions Everything = new()
    {
        AttributesToSkip = FileAttributes.None,
        IgnoreInaccessible = false,
        MatchType = MatchType.Simple,
    };

    private readonly string? _outputFolder = outputFolder is null ? null : paths.Resolve(outputFolder);
    private readonly HashSet<string> _seen = new(FilePaths.Comparer);
    private readonly List<InputFile> _files = [];
    private readonly List<(string Path, string Reason)> _failures = [];

    /// <summary>The images, each once, in the order of the arguments. Those of a folder are in the order of their names.</summary>
    public IReadOnlyList<InputFile> Files => _files;

    /// <summary>The folders that could not be searched or have no images, the files that cannot be opened by their names, and why.</summary>
    public IReadOnlyList<(string Path, string Reason)> Failures => _failures;

    /// <summary>Adds an image, or all those in a folder.</summary>
    /// <param name="path">A file, a folder or <see cref="InputFile.StandardInput"/>.</param>
    public void Add(string path)
    {
        if (path == InputFile.StandardInput || !Directory.Exists(path))
        {
            Add(new InputFile(path, path.Replace(Path.DirectorySeparatorChar, '/'), IsFound: false));
            return;
        }

        var found = new List<InputFile>();
        int failures = _failures.Count;
        Search(path, "", found);
        if (found.Count == 0 && _failures.Count == failures)
        {
            _failures.Add(
                (path, $"There are no images in the folder {path}{(recursive ? "" : "; --recursive looks into the folders within it too")}."));
        }

        found.Sort((one, other) => string.CompareOrdinal(one.RelativePath, other.RelativePath));
        found.ForEach(Add);
    }

    private void Add(InputFile file)
    {
        if (_seen.Add(file.IsStandardInput ? file.Path : paths.Resolve(file.Path)))
            _files.Add(file);
    }

    // Everything else that is missing was deleted meanwhile.
    private static bool IsNamedWrongly(FileSystemInfo entry) => entry.Name.Contains(ArgumentEncoding.Replacement) && entry.Name[0] != '.';

    private void Search(string folder, string relative, List<InputFile> found)
    {
        try
        {
            foreach (FileSystemInfo entry in new DirectoryInfo(folder).EnumerateFileSystemInfos("*", Everything))
            {
                string path = Path.Join(folder, entry.Name);
                string relativePath = relative + entry.Name;
                bool isImage = entry is FileInfo && Extensions.Contains(Path.GetExtension(entry.Name));
                if (entry.Attributes == Missing)
                {
                    if (IsNamedWrongly(entry) && (isImage || (recursive && entry is DirectoryInfo)))
                        _failures.Add((path, $"{path} cannot be opened: its name is not UTF-8; rename it."));
                }
                else if ((entry.Attributes & Unwanted) != 0)
                {
                    continue;
                }
                else if (entry is FileInfo)
                {
                    // A pipe or a socket would be waited for without end.
                    if (isImage && UnixFileStatus.TryRead(path) is not { IsSpecial: true })
                        found.Add(new InputFile(path, relativePath, IsFound: true));
                }

                // A link to a folder can lead back to a folder above it, so only folders themselves are searched.
                else if (recursive && entry.LinkTarget is null && !FilePaths.Comparer.Equals(paths.Resolve(path), _outputFolder))
                {
                    Search(path, relativePath + "/", found);
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _failures.Add((folder, $"{folder} cannot be searched: {e.Message}"));
        }
    }
}
