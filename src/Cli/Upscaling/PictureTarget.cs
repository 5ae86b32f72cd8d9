using Gsasr.Tensors.Files;

namespace Gsasr.Cli.Upscaling;

/// <summary>The place that a picture is written to: a file that will be complete or not there at all, or the standard output.</summary>
internal sealed class PictureTarget : IDisposable
{
    private readonly AtomicFile? _file;

    private PictureTarget(AtomicFile? file) => _file = file;

    /// <summary>The standard output.</summary>
    public static PictureTarget StandardOutput() => new(null);

    /// <summary>Creates the temporary file, so that problems show before the long work.</summary>
    /// <param name="path">The file.</param>
    /// <param name="overwrite">Whether a file that is there may be replaced.</param>
    /// <param name="createFolder">Whether to create the folder if there is none.</param>
    /// <exception cref="IOException">The file exists and may not be replaced, or cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder must not be written.</exception>
    public static PictureTarget File(string path, bool overwrite, bool createFolder)
    {
        if (createFolder && Path.GetDirectoryName(path) is { Length: > 0 } folder)
            CreateFolder(folder);
        return new PictureTarget(new AtomicFile(path, overwrite));
    }

    /// <summary>Writes the picture; can be called once.</summary>
    /// <param name="write">Writes it to a stream.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Complete(Action<Stream> write)
    {
        if (_file is not null)
        {
            _file.Complete(write);
            return;
        }

        StandardStreams.WriteOutput(write);
    }

    /// <summary>Removes what was not completed.</summary>
    public void Dispose() => _file?.Dispose();

    private static void CreateFolder(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"The folder {folder} cannot be created: {FileFailure.Reason(e)}", e);
        }
    }
}
