using System.Globalization;
using System.Runtime.InteropServices;

namespace Gsasr.Tensors.Cpu;

/// <summary>How much address space this process may still take (ulimit -v), which memory of all kinds needs, used or only reserved.</summary>
internal static partial class AddressSpace
{
    private const int MostArenas = -8;

    // Read once: shells set it before a program starts, and every image asks for it.
    private static readonly long? s_limit = ReadLimit();

    /// <summary>Bytes that are left of the limit that the process began with; null where there is none, or not on Linux.</summary>
    public static long? FreeBytes()
    {
        if (s_limit is not long limit)
            return null;
        try
        {
            return Math.Max(0, limit - ParsePages(File.ReadAllText("/proc/self/statm")) * Environment.SystemPageSize);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>
    /// Where there is a limit, has the C library serve all threads from one pool of memory from now on, instead of reserving 64 MiB for
    /// each thread. To be called before there are threads.
    /// </summary>
    public static void Spare()
    {
        if (FreeBytes() is null)
            return;
        try
        {
            _ = mallopt(MostArenas, 1);
        }
        catch (EntryPointNotFoundException)
        {
            // Another C library than GNU's, which has no such pools.
        }
    }

    /// <summary>The number in the line "Max address space         1024000000           1024000000           bytes"; null for "unlimited".</summary>
    /// <param name="lines">The lines of /proc/self/limits.</param>
    internal static long? ParseLimit(IEnumerable<string> lines)
    {
        const string Name = "Max address space";
        string[] words = lines.FirstOrDefault(line => line.StartsWith(Name, StringComparison.Ordinal))?[Name.Length..]
            .Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        return words.Length > 0 && long.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value : null;
    }

    private static long? ReadLimit()
    {
        if (!OperatingSystem.IsLinux())
            return null;
        try
        {
            return ParseLimit(File.ReadLines("/proc/self/limits"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // The first number is what is taken, in pages.
    private static long ParsePages(string text) =>
        long.TryParse(text.Split(' ')[0], NumberStyles.None, CultureInfo.InvariantCulture, out long pages) ? pages : 0;

    [LibraryImport("libc")]
    private static partial int mallopt(int parameter, int value);
}
