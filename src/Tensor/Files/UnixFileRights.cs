using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Gsasr.Tensors.Files;

/// <summary>Permissions and owner of a file that replaces another one.</summary>
[UnsupportedOSPlatform("windows")]
internal static class UnixFileRights
{
    private const uint Unchanged = uint.MaxValue;
    private const int GroupShift = 3;
    private const UnixFileMode Group = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute;
    private const UnixFileMode Others = UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
    private const UnixFileMode User = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>
    /// Gives a new file the permissions, the group and the owner of the one that it replaces. If it cannot have the group, its own group
    /// may do no more than everybody.
    /// </summary>
    /// <param name="existing">The file to be replaced.</param>
    /// <param name="path">The new file.</param>
    /// <param name="file">The new file, open.</param>
    /// <exception cref="IOException">The existing file is gone.</exception>
    public static void Copy(string existing, string path, SafeFileHandle file)
    {
        UnixFileMode mode = File.GetUnixFileMode(existing) & (User | Group | Others);
        UnixFileStatus? wanted = UnixFileStatus.TryRead(existing), actual = UnixFileStatus.TryRead(path);
        bool hasGroup = wanted is not null && actual is not null
            && (wanted.Value.Group == actual.Value.Group || UnixFileStatus.TryChangeOwner(file, Unchanged, wanted.Value.Group));
        if (!hasGroup)
            mode = (mode & ~Group) | (mode & Group & (UnixFileMode)((int)(mode & Others) << GroupShift));
        if (wanted is not null && wanted.Value.Owner != actual?.Owner)
            UnixFileStatus.TryChangeOwner(file, wanted.Value.Owner, Unchanged);
        try
        {
            File.SetUnixFileMode(file, mode);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A file system without permissions. With those that the file was created with, only its owner can read it.
        }
    }
}
