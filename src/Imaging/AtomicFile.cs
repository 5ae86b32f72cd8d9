namespace Gsasr.Imaging;

/// <summary>Writes files that are either whole or not there at all.</summary>
public static class AtomicFile
{
    /// <summary>
    /// Writes a file under a temporary name in the same folder, flushes it to the disk and renames it over
    /// <paramref name="path"/>. When anything fails the temporary file is deleted and an earlier file stays as it was.
    /// A symbolic link is followed; a device (a path in /dev) is written straight, since renaming would replace it.
    /// </summary>
    /// <param name="path">The file to write; replaced where it exists.</param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder or the file must not be written.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        string target = Path.GetFullPath(path);
        if (new FileInfo(target).LinkTarget is not null)
            target = File.ResolveLinkTarget(target, returnFinalTarget: true)!.FullName;

        if (!OperatingSystem.IsWindows() && target.StartsWith("/dev/", StringComparison.Ordinal))
        {
            using var device = new FileStream(target, FileMode.Open, FileAccess.Write);
            write(device);
            return;
        }

        string temporary = Path.Combine(Path.GetDirectoryName(target)!, $".{Guid.NewGuid():N}.tmp");
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, target, overwrite: true);
        }
        catch
        {
            // File.Delete is silent about a file that was never created.
            if (Directory.Exists(Path.GetDirectoryName(temporary)))
                File.Delete(temporary);
            throw;
        }
    }
}
