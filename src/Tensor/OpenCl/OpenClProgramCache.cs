using System.Security.Cryptography;
using System.Text;

namespace Gsasr.Tensors.OpenCl;

/// <summary>
/// Compiled programs on disk, so that only the first run waits for the driver's compiler. Nothing depends on it: what cannot be
/// read is compiled again, and what cannot be written is not kept.
/// </summary>
/// <remarks>
/// A file is the SHA-256 of a binary followed by the binary. Its name is the SHA-256 of everything that the binary depends on,
/// so a new driver or a changed kernel makes a new file.
/// </remarks>
internal sealed class OpenClProgramCache
{
    private const long MaximumBytes = 256 << 20;

    private readonly string? _folder = UserCacheFolder.Find("opencl");

    /// <summary>The key of a program.</summary>
    public static string Key(string deviceFingerprint, string options, byte[] source)
    {
        byte[] head = Encoding.UTF8.GetBytes($"1\0{deviceFingerprint}\0{options}\0");
        return Convert.ToHexStringLower(SHA256.HashData([.. head, .. source]));
    }

    /// <summary>The binary kept under a key; null if there is none or it is damaged.</summary>
    public byte[]? TryRead(string key)
    {
        if (_folder is null)
            return null;
        try
        {
            var file = new FileInfo(Path.Combine(_folder, key + ".bin"));
            if (!file.Exists || file.Length is <= SHA256.HashSizeInBytes or > MaximumBytes)
                return null;
            byte[] content = File.ReadAllBytes(file.FullName);
            byte[] binary = content[SHA256.HashSizeInBytes..];
            return content.AsSpan(0, SHA256.HashSizeInBytes).SequenceEqual(SHA256.HashData(binary)) ? binary : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Keeps a binary, if the folder can be written to.</summary>
    public void TryWrite(string key, byte[] binary)
    {
        if (_folder is null)
            return;
        try
        {
            Directory.CreateDirectory(_folder);

            // Written aside and renamed, so that a program running at the same time never sees half a file.
            string temporary = Path.Combine(_folder, Path.GetRandomFileName());
            using (FileStream stream = new(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                stream.Write(SHA256.HashData(binary));
                stream.Write(binary);
            }

            try
            {
                File.Move(temporary, Path.Combine(_folder, key + ".bin"), overwrite: true);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                File.Delete(temporary);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            // Without the file the next run compiles again.
        }
    }
}
