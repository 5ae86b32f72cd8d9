using System.Runtime.InteropServices;
using System.Text;
using Gsasr.Tensors.Files;

namespace Gsasr.Cli;

/// <summary>The three streams that a program is started with, any of which can be closed.</summary>
/// <remarks>
/// If a stream is closed, the next file that is opened gets its number, and what is meant for the stream would be written into that file.
/// So closed streams are found before any file is opened, and their numbers are occupied.
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

    /// <summary>Finds closed streams, and makes sure that no other file gets their numbers. Call it before anything else.</summary>
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

    /// <summary>Opens the input stream; if it is closed, it is empty.</summary>
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

        // The console's stream would not tell that the reader is gone.
        AtomicFile.Write("/dev/stdout", write);
    }

    // Nobody starts a program with open files that are marked to be closed when a program starts. Such a file is the runtime's own, and got
    // the number of a closed stream before this code ran.
    private static bool IsClosed(int number)
    {
        int flags = fcntl(number, GetFlags);
        if (flags >= 0)
            return (flags & CloseOnExecute) != 0;
        // An opened file gets the lowest free number, and the streams are checked in the order of their numbers.
        _ = open("/dev/null", ReadAndWrite);
        return true;
    }

    [LibraryImport("libc")]
    private static partial int fcntl(int file, int command);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    /// <summary>Stands for an output stream that is closed: what is written is lost, and the writer gets an error.</summary>
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
