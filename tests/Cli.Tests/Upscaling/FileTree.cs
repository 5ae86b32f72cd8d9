using Gsasr.Imaging;
using Gsasr.Testing;

namespace Gsasr.Cli.Tests.Upscaling;

/// <summary>A folder of small pictures to upscale, and what came of it.</summary>
internal sealed class FileTree : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    /// <summary>Where it is.</summary>
    public string Path => _folder.Path;

    /// <summary>The path of a file in it; folders are divided by slashes.</summary>
    public string File(string name) => System.IO.Path.Join(_folder.Path, name.Replace('/', System.IO.Path.DirectorySeparatorChar));

    /// <summary>Makes pictures, each of another colour gradient and of its own size, in folders as their names say.</summary>
    public void Add(params string[] names)
    {
        foreach (string name in names)
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(File(name))!);
            Pictures.Write(File(name), 6 + name.Length % 5, 5);
        }
    }

    /// <summary>All files below a folder, in order, with slashes.</summary>
    public string[] Files(string folder = "") =>
    [
        .. Directory.EnumerateFiles(File(folder), "*", SearchOption.AllDirectories)
            .Select(path => System.IO.Path.GetRelativePath(File(folder), path).Replace('\\', '/'))
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>Columns and rows of a picture.</summary>
    public (int Width, int Height) SizeOf(string name)
    {
        Image image = ImageFile.Read(File(name));
        return (image.Width, image.Height);
    }

    /// <summary>Runs the command, with every argument that names nothing but files of the tree given as its path.</summary>
    public Task<Outcome> UpscaleAsync(string[] paths, params string[] options) =>
        CommandLine.RunAsync(["upscale", .. paths.Select(path => path == "-" ? path : File(path)), "--device", "cpu", .. options]);

    public void Dispose() => _folder.Dispose();
}
