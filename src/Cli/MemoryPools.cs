using System.Runtime.InteropServices;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Cli;

/// <summary>
/// The pools of memory of GNU's C library, which reserve 64 MiB of address space for each thread. The runtime has threads before it calls this
/// program, so only a start with another environment gets by with one pool.
/// </summary>
internal static unsafe partial class MemoryPools
{
    private const string Variable = "MALLOC_ARENA_MAX";
    private const byte Separator = 0;

    /// <summary>
    /// If there is a limit of address space, starts the program again in this process, with one pool for all threads. If that is not
    /// possible, the program goes on as it is. Call it before anything else: what is done before is done twice.
    /// </summary>
    public static void UseOneUnderLimit()
    {
        if (AddressSpace.LimitBytes is null || Environment.GetEnvironmentVariable(Variable) is not null)
            return;
        try
        {
            // As bytes: not every argument need be UTF-8.
            byte[] line = File.ReadAllBytes("/proc/self/cmdline");
            fixed (byte* start = line)
            {
                var arguments = new nint[line.AsSpan().Count(Separator) + 1];
                for (int i = 0, offset = 0; i < arguments.Length - 1; i++, offset += line.AsSpan(offset).IndexOf(Separator) + 1)
                    arguments[i] = (nint)(start + offset);
                if (setenv(Variable, "1", 0) == 0)
                    _ = execv("/proc/self/exe", arguments);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Without /proc the program does what it can.
        }
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int execv(string path, nint[] arguments);
}
