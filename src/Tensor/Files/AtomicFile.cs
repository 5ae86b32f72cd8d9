using System.Collections.Concurrent;
using System.Globalization;

namespace Gsasr.Tensors.Files;

/// <summary>
/// A file that will be complete or not there at all. It is written under a temporary name in the same folder, flushed to the disk and
/// renamed. If anything fails, the temporary file is deleted and an earlier file stays as it was. A file that replaces another gets its
/// permissions and, as far as the system allows, its owner. A symbolic link is followed. A device, a pipe or an open file such as
/// /dev/stdout is written directly, because renaming would replace it.
/// </summary>
/// <remarks>
/// Creating the object creates the temporary file, so that a folder that cannot be written to shows before a long computation. The
/// temporary file is locked as long as the object exists. A file that a killed program left is not locked, and <see
/// cref="RemoveAbandoned"/> removes it.
/// </remarks>
internal sealed class AtomicFile : IDisposable
{
    private const string Prefix = ".gsasr-";
    private const string Extension = ".tmp";
    private const int MostTries = 3;
    private const int BufferBytes = 1 << 16;

    // The temporary files of this process.
    private static readonly ConcurrentDictionary<string, bool> s_unfinished = new();

    private readonly string _path;
    private readonly string _target;
    private readonly string _temporary = "";
    private readonly bool _overwrite;
    private FileStream? _stream;

    /// <summary>Creates the temporary file.</summary>
    /// <param name="path">The file that will be there in the end.</param>
    /// <param name="overwrite">Whether an existing file, now or in the end, may be replaced.</param>
    /// <exception cref="IOException">The file exists and may not be replaced, is a folder, or cannot be written; the message names it.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder must not be written.</exception>
    public AtomicFile(string path, bool overwrite = true)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _path = path;
        _overwrite = overwrite;
        _target = Path.GetFullPath(path);
        if (IsStream(path))
            return;
        if (Directory.Exists(_target))
            throw new IOException($"{path} is a folder.");
        if (!overwrite && File.Exists(_target))
            throw Exists();
        try
        {
            if (new FileInfo(_target).LinkTarget is not null)
                _target = File.ResolveLinkTarget(_target, returnFinalTarget: true)!.FullName;
            CheckName();
            (_temporary, _stream) = Create(Path.GetDirectoryName(_target)!);
            s_unfinished.TryAdd(_temporary, true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Named(e);
        }
    }

    /// <summary>
    /// Whether a path is a device, a pipe or an open file such as /dev/stdout, which is written directly and never replaced.
    /// </summary>
    /// <param name="path">The path.</param>
    public static bool IsStream(string path)
    {
        string full = Path.GetFullPath(path);
        return DescriptorFile.NumberOf(full) is not null
            || (UnixFileStatus.TryRead(full)?.IsSpecial
                ?? (!OperatingSystem.IsWindows() && full.StartsWith("/dev/", StringComparison.Ordinal) && File.Exists(full)));
    }

    /// <summary>Whether writing to a path would replace a file.</summary>
    /// <param name="path">The path.</param>
    public static bool WouldReplace(string path) => File.Exists(path) && !IsStream(path);

    /// <summary>Deletes temporary files in a folder that ended programs left there, for example after SIGKILL or a power failure.</summary>
    /// <param name="folder">The folder. If it cannot be read, nothing happens.</param>
    /// <returns>How many files were deleted.</returns>
    public static int RemoveAbandoned(string folder)
    {
        int count = 0;
        try
        {
            foreach (string path in Directory.EnumerateFiles(folder, Prefix + "*" + Extension))
                count += IsTemporary(path) && TryRemove(path) ? 1 : 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A folder that cannot be read may still be writable, and nothing else is needed here.
        }

        return count;
    }

    /// <summary>
    /// Deletes the temporary files of this process, which is about to end without waiting for whoever writes them. To be called when nothing new is begun.
    /// </summary>
    public static void DeleteUnfinished()
    {
        foreach (string path in s_unfinished.Keys)
        {
            try
            {
                File.Delete(path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The next run in this folder removes it.
            }
        }
    }

    /// <summary>Writes a file in one go, and removes what programs that were killed have left beside it.</summary>
    /// <param name="path">The file to write.</param>
    /// <param name="write">Writes the content.</param>
    /// <param name="overwrite">Whether a file that is there may be replaced.</param>
    /// <exception cref="IOException">The file exists and may not be replaced, is a folder, or cannot be written; the message names it.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder or the file must not be written.</exception>
    public static void Write(string path, Action<Stream> write, bool overwrite = true)
    {
        ArgumentNullException.ThrowIfNull(write);
        using var file = new AtomicFile(path, overwrite);
        if (file._temporary.Length > 0)
            RemoveAbandoned(Path.GetDirectoryName(file._temporary)!);
        file.Complete(write);
    }

    /// <summary>Writes the content and puts the file in its place; can be called once.</summary>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="IOException">The file cannot be written, or came into being meanwhile and may not be replaced.</exception>
    /// <exception cref="UnauthorizedAccessException">The file must not be written.</exception>
    public void Complete(Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        try
        {
            if (_temporary.Length == 0)
            {
                WriteDirectly(write);
                return;
            }

            ObjectDisposedException.ThrowIf(_stream is null, this);
            // Never disposed of: that would write what it holds, which is of no use once something has failed.
            var buffer = new BufferedStream(_stream, BufferBytes);
            write(buffer);
            buffer.Flush();
            _stream.Flush(flushToDisk: true);
            if (_overwrite && !OperatingSystem.IsWindows() && File.Exists(_target))
                UnixFileRights.Copy(_target, _temporary, _stream.SafeFileHandle);
            // Renamed while it is open, and so locked: nobody may think that it is abandoned.
            File.Move(_temporary, _target, _overwrite);
            s_unfinished.TryRemove(_temporary, out _);
            _stream.Dispose();
            _stream = null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException || IsTooLarge(e))
        {
            throw !_overwrite && _temporary.Length > 0 && File.Exists(_target) ? Exists() : Named(e);
        }
    }

    /// <summary>Deletes the temporary file if it was not put in its place.</summary>
    public void Dispose()
    {
        if (_stream is null)
            return;
        try
        {
            // Says nothing about a file that somebody else deleted; the folder may be gone too.
            if (Directory.Exists(Path.GetDirectoryName(_temporary)))
                File.Delete(_temporary);
            _stream.Dispose();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next run in this folder removes it. The first error has been reported.
        }
        finally
        {
            s_unfinished.TryRemove(_temporary, out _);
            _stream = null;
        }
    }

    private static (string Path, FileStream Stream) Create(string folder, bool isPrivate)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            Share = LockedShare,
            BufferSize = 0,
        };
        if (isPrivate && !OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        for (int attempt = 1; ; attempt++)
        {
            string path = Path.Combine(folder, $"{Prefix}{Environment.ProcessId}-{Guid.NewGuid():N}{Extension}");
            try
            {
                return (path, new FileStream(path, options));
            }
            catch (IOException) when (attempt < MostTries)
            {
                // Between its creation and its lock, another program may think that the file is abandoned.
            }
        }
    }

    // From its first byte on, the file must not be readable by more people than the file that it replaces.
    private (string Path, FileStream Stream) Create(string folder) => Create(folder, isPrivate: File.Exists(_target));

    // On Windows an open file can be renamed and deleted only if it is shared for that. On other systems a file that is not shared is
    // locked.
    private static FileShare LockedShare => OperatingSystem.IsWindows() ? FileShare.Delete : FileShare.None;

    // A file that is called as this class calls its own, and no link or pipe.
    private static bool IsTemporary(string path) =>
        Path.GetFileName(path)[Prefix.Length..^Extension.Length].Split('-') is [var process, var unique]
        && int.TryParse(process, NumberStyles.None, CultureInfo.InvariantCulture, out _)
        && Guid.TryParseExact(unique, "N", out _)
        && new FileInfo(path).LinkTarget is null && !IsStream(path);

    private static bool TryRemove(string path)
    {
        try
        {
            using FileStream held = Lock(path);
            if (!HasLocks(path))
                return false;
            File.Delete(path);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A program is working on it, or it is another user's.
            return false;
        }
    }

    private static FileStream Lock(string path) => new(path, FileMode.Open, FileAccess.ReadWrite, LockedShare, bufferSize: 0);

    // On file systems without locks nobody can say whether a file is abandoned.
    private static bool HasLocks(string path)
    {
        try
        {
            Lock(path).Dispose();
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    private void WriteDirectly(Action<Stream> write)
    {
        if (DescriptorFile.NumberOf(_target) is int number)
        {
            DescriptorFile.Write(number, write);
            return;
        }

        using var device = new FileStream(_target, FileMode.Open, FileAccess.Write);
        write(device);
    }

    // The temporary file has a short name, so a name that is too long would be found only at the end.
    private void CheckName()
    {
        try
        {
            File.GetAttributes(_target);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            // If there is no such file, its name may still be good.
        }
    }

    // .NET's error for EFBIG: the file would be larger than its file system or the user's limit (ulimit -f) allows.
    private static bool IsTooLarge(Exception e) => e is ArgumentOutOfRangeException { ParamName: "value" };

    private IOException Exists() => new($"{_path} exists already and may not be replaced.");

    // The user knows the file by the path that was asked for, not by the temporary name.
    private Exception Named(Exception e) => e switch
    {
        UnauthorizedAccessException => new UnauthorizedAccessException(NotWritten(e), e),
        DirectoryNotFoundException => new DirectoryNotFoundException(NotWritten(e), e),
        _ when IsTooLarge(e) => new IOException($"{_path} cannot be written: it would be larger than the system allows.", e),
        _ => new IOException(NotWritten(e), e),
    };

    private string NotWritten(Exception e) => $"{_path} cannot be written: {FileFailure.Reason(e)}";
}
