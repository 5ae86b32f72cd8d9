using System.Globalization;

namespace Gsasr.Tensors.Cpu;

/// <summary>How much address space this process may still take (ulimit -v). All memory counts, even if it is only reserved.</summary>
internal static class AddressSpace
{
    // Read once: shells set it before a program starts, and every image asks for it.
    private static readonly long? s_limit = ReadLimit();

    /// <summary>Bytes of the limit that the process started with; null if there is none, or the system is not Linux.</summary>
    public static long? LimitBytes => s_limit;

    /// <summary>
    /// Bytes that are left of the limit that the process started with; null if there is no limit, or the system is not Linux.
    /// </summary>
    public static long? FreeBytes() => s_limit is long limit ? Math.Max(0, limit - ProcessMemory.AddressBytes()) : null;

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
}
