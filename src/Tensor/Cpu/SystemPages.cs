using System.Runtime.InteropServices;

namespace Gsasr.Tensors.Cpu;

/// <summary>
/// Whole pages of memory from the operating system. When large blocks are freed, the C library keeps their memory, in one heap for each
/// thread that ever took some; pages go back to the system at once.
/// </summary>
internal static unsafe partial class SystemPages
{
    /// <summary>The least bytes that are worth pages of their own.</summary>
    public const long Least = 1 << 20;

    private const int ReadWrite = 3;
    private const int Private = 2;
    private const uint Commit = 0x1000;
    private const uint Reserve = 0x2000;
    private const uint Release = 0x8000;
    private const uint PageReadWrite = 4;

    // MAP_ANONYMOUS (memory that is no file's content) has one value on Linux and another on other systems.
    private static readonly int s_anonymous = OperatingSystem.IsLinux() || OperatingSystem.IsAndroid() ? 0x20 : 0x1000;

    /// <summary>Takes pages; they are zero.</summary>
    /// <param name="bytes">How many bytes, at least 1.</param>
    /// <returns>The first byte, on a page's boundary; 0 if there are none left.</returns>
    public static nint Allocate(nuint bytes)
    {
        nint memory = OperatingSystem.IsWindows()
            ? VirtualAlloc(0, bytes, Commit | Reserve, PageReadWrite)
            : MapMemory(0, bytes, ReadWrite, Private | s_anonymous, -1, 0);
        return memory == -1 ? 0 : memory;
    }

    /// <summary>Gives pages back.</summary>
    /// <param name="memory">What <see cref="Allocate"/> returned.</param>
    /// <param name="bytes">The size that was asked for.</param>
    public static void Free(nint memory, nuint bytes)
    {
        if (OperatingSystem.IsWindows())
            _ = VirtualFree(memory, 0, Release);
        else
            _ = UnmapMemory(memory, bytes);
    }

    [LibraryImport("kernel32")]
    private static partial nint VirtualAlloc(nint address, nuint size, uint allocationType, uint protection);

    [LibraryImport("kernel32")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool VirtualFree(nint address, nuint size, uint freeType);

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint MapMemory(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int UnmapMemory(nint address, nuint length);
}
