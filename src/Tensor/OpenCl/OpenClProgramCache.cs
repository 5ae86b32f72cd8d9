using System.Security.Cryptography;
using System.Text;

namespace Gsasr.Tensors.OpenCl;

/// <summary>
/// Compiled programs on disk, so that only the first run waits for the driver's compiler. Nothing depends on the cache: a program that
/// cannot be read is compiled again, and one that cannot be written is not kept. Any number of processes may use one folder.
/// </summary>
/// <remarks>
/// A file is the SHA-256 of a binary followed by the binary. Its name is the SHA-256 of everything that the binary depends on,
/// so a new driver or a changed kernel makes a new file. Reading a file sets its access time; those not read for the longest time
/// are deleted when all together are larger than the limit.
/// </remarks>
internal sealed class OpenClProgramCache
{
    /// <summary>Bytes that the folder may hold by default: all kernels for about ten drivers.</summary>
    public const long DefaultMaximumBytes = 64 << 20;

    private const string Extension = ".bin";
    private const string TemporaryExtension = ".tmp";

    // What a program that was killed has left half written.
    private static readonly TimeSpan s_abandonedAfter = TimeSpan.FromHours(1);

    private readonly string? _folder;
    private readonly long _maximumBytes;

    /// <summary>The cache in the folder of the user's settings.</summary>
    public OpenClProgramCache()
        : this(UserCacheFolder.Find("opencl"), DefaultMaximumBytes)
    {
    }

    /// <summary>A cache in a folder, which need not be there yet.</summary>
    /// <param name="folder">The folder; null for none.</param>
    /// <param name="maximumBytes">Bytes that its files may take together.</param>
    public OpenClProgramCache(string? folder, long maximumBytes)
    {
        _folder = folder;
        _maximumBytes = maximumBytes;
    }

    /// <summary>The key of a program.</summary>
    public static string Key(string deviceFingerprint, string options, byte[] source)
    {
        byte[] head = Encoding.UTF8.GetBytes($"1\0{deviceFingerprint}\0{options}\0");
        return Convert.ToHexStringLower(SHA256.HashData([.. head, .. source]));
    }

    /// <summary>The binary of a key; null if there is none or it is damaged.</summary>
    public byte[]? TryRead(string key)
    {
        if (_folder is null)
            return null;
        try
        {
            var file = new FileInfo(Path.Combine(_folder, key + Extension));
            if (!file.Exists || file.Length <= SHA256.HashSizeInBytes || file.Length > _maximumBytes)
                return null;
            byte[] content = File.ReadAllBytes(file.FullName);
            if (content.Length <= SHA256.HashSizeInBytes)
                return null;
            byte[] binary = content[SHA256.HashSizeInBytes..];
            if (!content.AsSpan(0, SHA256.HashSizeInBytes).SequenceEqual(SHA256.HashData(binary)))
                return null;
            MarkAsUsed(file);
            return binary;
        }
        catch (Exception e) when (IsFileProblem(e))
        {
            return null;
        }
    }

    /// <summary>Stores a binary, if the folder can be written to, and deletes old ones if the folder has become too large.</summary>
    public void TryWrite(string key, byte[] binary)
    {
        if (_folder is null || binary.Length > _maximumBytes - SHA256.HashSizeInBytes)
            return;
        try
        {
            Directory.CreateDirectory(_folder);

            // Written under another name and renamed, so that a program running at the same time never sees half a file.
            string temporary = Path.Combine(_folder, Path.GetRandomFileName() + TemporaryExtension);
            try
            {
                using (FileStream stream = new(temporary, FileMode.CreateNew, FileAccess.Write))
                {
                    stream.Write(SHA256.HashData(binary));
                    stream.Write(binary);
                }

                File.Move(temporary, Path.Combine(_folder, key + Extension), overwrite: true);
            }
            catch (Exception e) when (IsFileProblem(e))
            {
                File.Delete(temporary);
            }

            Trim();
        }
        catch (Exception e) when (IsFileProblem(e))
        {
            // Without the file the next run compiles again.
        }
    }

    private static bool IsFileProblem(Exception e) =>
        e is IOException or UnauthorizedAccessException or NotSupportedException or System.Security.SecurityException;

    private static void MarkAsUsed(FileInfo file)
    {
        try
        {
            file.LastAccessTimeUtc = DateTime.UtcNow;
        }
        catch (Exception e) when (IsFileProblem(e))
        {
            // If the folder cannot be written to, nothing is deleted either.
        }
    }

    private static void TryDelete(FileInfo file)
    {
        try
        {
            file.Delete();
        }
        catch (Exception e) when (IsFileProblem(e))
        {
            // Another program is reading it. The next program that writes here deletes it.
        }
    }

    // Another process may delete the same files at the same time, which does no harm.
    private void Trim()
    {
        long bytes = 0;
        FileInfo[] files = new DirectoryInfo(_folder!).GetFiles();
        foreach (FileInfo file in files.Where(file => file.Extension == Extension).OrderByDescending(file => file.LastAccessTimeUtc))
        {
            bytes += file.Length;
            if (bytes > _maximumBytes)
                TryDelete(file);
        }

        DateTime limit = DateTime.UtcNow - s_abandonedAfter;
        foreach (FileInfo file in files.Where(file => file.Extension == TemporaryExtension && file.LastWriteTimeUtc < limit))
            TryDelete(file);
    }
}
