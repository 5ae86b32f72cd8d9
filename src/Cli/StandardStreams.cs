using System.Runtime.InteropServices;
using System.Text;
using Gsasr.Imaging;

namespace Gsasr.Cli;

/// <summary>The three streams that a program is started with, any of which can be closed.</summary>
/// <remarks>
/// Where a stream is closed, the next file that is opened takes its number, and what is meant for the stream would be written into that
/// file. So closed streams are found before any file is opened, and their numbers are taken.
/// </remarks>
internal static partial class StandardStreams
{
    private const int Input = 0;
    private const int Output = 1;
    private const int Error = 2;
    private const int GetFlags = 1;
    private const int CloseOnExecute = 1;
    private const int ReadAndWrite = 2;

    private static bool s_isInputClosed;
    private static bool s_isOutputClosed;

    /// <summary>Finds closed streams, and keeps the program from taking other files for them. To be called before anything else.</summary>
    public static void Secure()
    {
        if (OperatingSystem.IsWindows())
            return;
        s_isInputClosed = IsClosed(Input);
        s_isOutputClosed = IsClosed(Output);
        if (s_isOutputClosed)
            Console.SetOut(new ClosedWriter());
        if (IsClosed(Error))
            Console.SetError(TextWriter.Null);
    }

    /// <summary>Opens the input stream; where it is closed there is nothing in it.</summary>
    public static Stream OpenInput() => s_isInputClosed ? Stream.Null : Console.OpenStandardInput();

    /// <summary>Writes a file on the output stream.</summary>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="IOException">The stream is closed, its reader is gone, or it cannot be written for another reason.</exception>
    public static void WriteOutput(Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        if (s_isOutputClosed)
            throw new IOException(ClosedWriter.Message);
        if (OperatingSystem.IsWindows())
        {
            using Stream stream = Console.OpenStandardOutput();
            write(stream);
            return;
        }

        // The console's stream would be silent about a reader that is gone.
        AtomicFile.Write("/dev/stdout", write);
    }

    // No program is started with files that are to be closed when a program is started: such a file is the runtime's own, which took the
    // number of a closed stream before this program had its turn.
    private static bool IsClosed(int number)
    {
        int flags = fcntl(number, GetFlags);
        if (flags >= 0)
            return (flags & CloseOnExecute) != 0;
        // The lowest free number is the one that an opened file gets; the streams are looked at in their order.
        _ = open("/dev/null", ReadAndWrite);
        return true;
    }

    [LibraryImport("libc")]
    private static partial int fcntl(int file, int command);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    /// <summary>Stands for an output stream that is closed: what is written there is lost, and whoever writes is told.</summary>
    private sealed class ClosedWriter : TextWriter
    {
        public const string Message = "The output stream is closed.";

        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value) => throw new IOException(Message);

        public override void Flush()
        {
        }
    }
}
