using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Gsasr.Cli;

/// <summary>
/// Says what went wrong where nothing else can any more, as where there is too little memory for the console or for a thread.
/// </summary>
internal static partial class LastResort
{
    private const int Error = 2;

    // Taken while there still is memory.
    private static readonly byte[] s_memory = Encoding.UTF8.GetBytes(
        $"There is not enough memory or address space to run. Close other programs or raise the limit (ulimit -v).{Environment.NewLine}");

    /// <summary>Makes an exception that nothing catches, on whatever thread, end the program with a sentence and no stack trace.</summary>
    public static void Register()
    {
        if (OperatingSystem.IsWindows())
            return;
        ExceptionHandling.SetUnhandledExceptionHandler(exception =>
        {
            Say(exception);
            _exit(ExitCode.Failure);
            return true;
        });
    }

    /// <summary>Writes what went wrong on the error stream.</summary>
    /// <param name="exception">What was thrown.</param>
    public static void Say(Exception exception)
    {
        try
        {
            Console.Error.WriteLine(Failures.Describe(exception));
        }
        catch (Exception)
        {
            // The console could not be made ready.
            if (!OperatingSystem.IsWindows())
                _ = write(Error, s_memory, s_memory.Length);
        }
    }

    [LibraryImport("libc")]
    private static partial nint write(int file, byte[] bytes, nint count);

    [LibraryImport("libc")]
    private static partial void _exit(int code);
}
