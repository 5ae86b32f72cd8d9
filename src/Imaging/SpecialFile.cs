using System.Runtime.InteropServices;

namespace Gsasr.Imaging;

/// <summary>Tells files from devices, pipes and sockets, which .NET does not.</summary>
internal static unsafe partial class SpecialFile
{
    private const int CurrentFolder = -100;
    private const uint TypeMask = 1;
    private const int ModeOffset = 28;
    private const int StatusBytes = 256;
    private const int KindBits = 0xF000;
    private const int RegularFile = 0x8000;
    private const int Folder = 0x4000;

    /// <summary>
    /// Whether there is something at a path, links followed, that is neither a file nor a folder. Where the system cannot be asked, it
    /// is what lies in /dev.
    /// </summary>
    public static bool Is(string path)
    {
        if (OperatingSystem.IsWindows() || !File.Exists(path))
            return false;
        if (OperatingSystem.IsLinux())
        {
            try
            {
                // The same layout on all processors, unlike that of stat.
                byte* status = stackalloc byte[StatusBytes];
                if (statx(CurrentFolder, path, 0, TypeMask, status) == 0)
                    return (*(ushort*)(status + ModeOffset) & KindBits) is not (RegularFile or Folder);
            }
            catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
            {
                // A C library that is older than the call.
            }
        }

        return Path.GetFullPath(path).StartsWith("/dev/", StringComparison.Ordinal);
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int statx(int folder, string path, int flags, uint mask, byte* status);
}
