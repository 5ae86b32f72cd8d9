namespace Gsasr.Imaging;

/// <summary>
/// A file that will be whole or not there at all. It is written under a temporary name in the same folder, flushed to the disk and
/// renamed; when anything fails the temporary file is deleted and an earlier file stays as it was. A symbolic link is followed; a
/// device or a pipe is written straight, since renaming would replace it.
/// </summary>
/// <remarks>Creating it creates the temporary file: that a folder cannot be written shows before a long computation, not after it.</remarks>
public sealed class AtomicFile : IDisposable
{
    private readonly string _path;
    private readonly string _target;
    private readonly string _temporary;
    private readonly bool _overwrite;
    private FileStream? _stream;

    /// <summary>Creates the temporary file.</summary>
    /// <param name="path">The file to be there in the end.</param>
    /// <param name="overwrite">Whether a file that is there, now or in the end, may be replaced.</param>
    /// <exception cref="IOException">The file exists and may not be replaced, is a folder, or cannot be written; the message names it.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder must not be written.</exception>
    public AtomicFile(string path, bool overwrite = true)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _path = path;
        _overwrite = overwrite;
        _target = Path.GetFullPath(path);
        _temporary = "";
        if (Directory.Exists(_target))
            throw new IOException($"{path} is a folder.");
        if (!overwrite && File.Exists(_target))
            throw Exists();
        if (SpecialFile.Is(_target))
            return;

        if (new FileInfo(_target).LinkTarget is not null)
            _target = File.ResolveLinkTarget(_target, returnFinalTarget: true)!.FullName;
        _temporary = Path.Combine(Path.GetDirectoryName(_target)!, $".{Guid.NewGuid():N}.tmp");
        try
        {
            _stream = new FileStream(_temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Named(e);
        }
    }

    /// <summary>Writes a file in one go.</summary>
    /// <param name="path">The file to write.</param>
    /// <param name="write">Writes the content.</param>
    /// <param name="overwrite">Whether a file that is there may be replaced.</param>
    /// <exception cref="IOException">The file exists and may not be replaced, is a folder, or cannot be written; the message names it.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder or the file must not be written.</exception>
    public static void Write(string path, Action<Stream> write, bool overwrite = true)
    {
        ArgumentNullException.ThrowIfNull(write);
        using var file = new AtomicFile(path, overwrite);
        file.Complete(write);
    }

    /// <summary>Writes the content and puts the file in its place; can be called once.</summary>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="IOException">The file cannot be written, or came into being meanwhile and may not be replaced.</exception>
    /// <exception cref="UnauthorizedAccessException">The file must not be written.</exception>
    public void Complete(Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        if (_temporary.Length == 0)
        {
            using var device = new FileStream(_target, FileMode.Open, FileAccess.Write);
            write(device);
            return;
        }

        ObjectDisposedException.ThrowIf(_stream is null, this);
        try
        {
            write(_stream);
            _stream.Flush(flushToDisk: true);
            _stream.Dispose();
            File.Move(_temporary, _target, _overwrite);
            _stream = null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw !_overwrite && File.Exists(_target) ? Exists() : Named(e);
        }
    }

    /// <summary>Deletes the temporary file if it was not put in its place.</summary>
    public void Dispose()
    {
        if (_stream is null)
            return;
        try
        {
            _stream.Dispose();
        }
        finally
        {
            // Silent about a file that somebody else deleted; the folder may be gone too.
            if (Directory.Exists(Path.GetDirectoryName(_temporary)))
                File.Delete(_temporary);
            _stream = null;
        }
    }

    private IOException Exists() => new($"{_path} exists already and may not be replaced.");

    // The user knows the file by the path that was asked for; the temporary one means nothing.
    private Exception Named(Exception e) => e switch
    {
        UnauthorizedAccessException => new UnauthorizedAccessException($"{_path} cannot be written: access is denied.", e),
        DirectoryNotFoundException => new DirectoryNotFoundException($"{_path} cannot be written: there is no such folder.", e),
        FileNotFoundException => new IOException($"{_path} cannot be written: no file can be created in this folder.", e),
        _ when e.Message.Contains(_temporary, StringComparison.Ordinal) =>
            new IOException($"{_path} cannot be written: {e.Message.Replace(_temporary, _target, StringComparison.Ordinal)}", e),
        _ => new IOException($"{_path} cannot be written: {e.Message}", e),
    };
}
