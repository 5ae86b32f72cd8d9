using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Gsasr.Cli;

/// <summary>
/// Says what went wrong where nothing else can any more, as where there is too little memory for the console or for a thread.
/// </summary>
internal static unsafe partial class LastResort
{
    private const int Error = 2;

    // A part of the program, so that it takes no memory.
    private static ReadOnlySpan<byte> Text => "There is not enough memory or address space to run. Close other programs, or raise the limit (ulimit -v).\n"u8;

    /// <summary>
    /// Makes an exception that nothing catches, on whatever thread, end the program with a sentence and no stack trace. Call it before anything
    /// that takes memory.
    /// </summary>
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
            if (OperatingSystem.IsWindows())
                return;
            fixed (byte* text = Text)
                _ = write(Error, text, Text.Length);
        }
    }

    [LibraryImport("libc")]
    private static partial nint write(int file, byte* bytes, nint count);

    [LibraryImport("libc")]
    private static partial void _exit(int code);
}
