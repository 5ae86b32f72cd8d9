using Microsoft.Win32.SafeHandles;

namespace Gsasr.Tensors.Cpu;

/// <summary>A short file in which Linux says how things are now. It stays open, so that reading it allocates nothing.</summary>
internal sealed class SystemFile
{
    private readonly SafeFileHandle? _handle;

    /// <summary>Opens a file.</summary>
    /// <param name="path">The file, such as "/proc/meminfo".</param>
    public SystemFile(string path)
    {
        try
        {
            _handle = OperatingSystem.IsLinux() ? File.OpenHandle(path) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // As on a system that has no such file.
        }
    }

    /// <summary>Whether the system has the file.</summary>
    public bool Exists => _handle is not null;

    /// <summary>The beginning of the text as it is now; empty where there is no such file.</summary>
    /// <param name="buffer">Takes the text.</param>
    public ReadOnlySpan<byte> Read(Span<byte> buffer)
    {
        if (_handle is null)
            return [];
        try
        {
            return buffer[..RandomAccess.Read(_handle, buffer, 0)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
