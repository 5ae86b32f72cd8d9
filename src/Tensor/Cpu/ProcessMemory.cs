using System.Buffers.Text;

namespace Gsasr.Tensors.Cpu;

/// <summary>How much memory this process takes.</summary>
internal static class ProcessMemory
{
    // On Linux the runtime opens and parses a longer file, and allocates for that.
    private static readonly SystemFile s_pages = new("/proc/self/statm");

    /// <summary>Bytes of address space, used or only reserved; 0 where the system does not say.</summary>
    public static long AddressBytes() => Read().Total * Environment.SystemPageSize;

    /// <summary>Bytes that are in the computer's memory.</summary>
    public static long ResidentBytes() => s_pages.Exists ? Read().Resident * Environment.SystemPageSize : Environment.WorkingSet;

    /// <summary>The first two numbers of Linux's /proc/self/statm, "7320 2104 1500 ..."; 0 for those that are not there.</summary>
    /// <param name="text">The file.</param>
    internal static (long Total, long Resident) Parse(ReadOnlySpan<byte> text)
    {
        if (!Utf8Parser.TryParse(text, out long total, out int length) || total < 0)
            return default;
        return Utf8Parser.TryParse(text[length..].TrimStart((byte)' '), out long resident, out _) && resident >= 0 ? (total, resident) : (total, 0);
    }

    private static (long Total, long Resident) Read() => Parse(s_pages.Read(stackalloc byte[256]));
}
