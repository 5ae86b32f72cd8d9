using System.Runtime.InteropServices;

namespace Gsasr.Tensors.Files;

/// <summary>What Linux knows about a file and .NET does not tell.</summary>
/// <param name="Kind">Whether it is a file, a folder, a device, a pipe or a socket: the four highest bits of the mode.</param>
/// <param name="Owner">The user that it belongs to.</param>
/// <param name="Group">The group that it belongs to.</param>
internal readonly unsafe partial record struct UnixFileStatus(int Kind, uint Owner, uint Group)
{
    private const int CurrentFolder = -100;
    private const uint TypeMask = 1;
    private const uint OwnerMask = 8;
    private const uint GroupMask = 16;
    private const int OwnerOffset = 20;
    private const int GroupOffset = 24;
    private const int ModeOffset = 28;
    private const int StatusBytes = 256;
    private const int KindBits = 0xF000;
    private const int RegularFile = 0x8000;
    private const int Folder = 0x4000;

    /// <summary>Whether it is neither a file nor a folder, but a device, a pipe or a socket.</summary>
    public bool IsSpecial => Kind is not (RegularFile or Folder);

    /// <summary>
    /// Reads the status of what lies at a path, following links; null if there is nothing, or the system cannot be asked.
    /// </summary>
    /// <param name="path">The path.</param>
    public static UnixFileStatus? TryRead(string path)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        try
        {
            // The same layout on all processors, unlike that of stat.
            byte* status = stackalloc byte[StatusBytes];
            return statx(CurrentFolder, path, 0, TypeMask | OwnerMask | GroupMask, status) == 0
                ? new UnixFileStatus(
                    *(ushort*)(status + ModeOffset) & KindBits, *(uint*)(status + OwnerOffset), *(uint*)(status + GroupOffset))
                : null;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            // A C library that is older than this call.
            return null;
        }
    }

    /// <summary>Gives an open file to an owner and a group.</summary>
    /// <param name="file">The file.</param>
    /// <param name="owner">The owner; uint.MaxValue to leave it.</param>
    /// <param name="group">The group; uint.MaxValue to leave it.</param>
    /// <returns>Whether it worked; most of it only the administrator may do.</returns>
    public static bool TryChangeOwner(SafeHandle file, uint owner, uint group) => fchown(file, owner, group) == 0;

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int statx(int folder, string path, int flags, uint mask, byte* status);

    [LibraryImport("libc")]
    private static partial int fchown(SafeHandle file, uint owner, uint group);
}
