using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Gsasr.Tensors.Files;

/// <summary>Files that were open when this process started, and that paths such as /dev/stdout name.</summary>
internal static partial class DescriptorFile
{
    private const int FromStart = 0;

    private static readonly string[] s_folders = ["/dev/fd/", "/proc/self/fd/"];

    /// <summary>The number of the open file that a path names, or null.</summary>
    /// <param name="path">The full path.</param>
    public static int? NumberOf(string path)
    {
        if (OperatingSystem.IsWindows())
            return null;
        if (path is "/dev/stdout" or "/dev/stderr")
            return path == "/dev/stdout" ? 1 : 2;
        string? folder = Array.Find(s_folders, folder => path.StartsWith(folder, StringComparison.Ordinal));
        return folder is not null && int.TryParse(path.AsSpan(folder.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number
            : null;
    }

    /// <summary>
    /// Writes at the current position of an open file, and leaves it open, positioned after what was written, for the next writer.
    /// </summary>
    /// <param name="number">The open file.</param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="IOException">It is not open, or cannot be written.</exception>
    public static void Write(int number, Action<Stream> write)
    {
        using var handle = new SafeFileHandle(number, ownsHandle: false);
        using FileStream stream = Open(handle);
        write(new ForwardStream(stream));
        stream.Flush();
        // .NET does not move the file's own position when it writes.
        if (stream.CanSeek)
            _ = lseek(handle, stream.Position, FromStart);
    }

    private static FileStream Open(SafeFileHandle handle)
    {
        try
        {
            return new FileStream(handle, FileAccess.Write, 1 << 16);
        }
        catch (ArgumentException e)
        {
            throw new IOException("it is not open.", e);
        }
    }

    [LibraryImport("libc")]
    private static partial long lseek(SafeHandle file, long offset, int origin);

    // Nobody goes back in a file that was given open: it may have been opened to append to, and then all that is written comes last.
    private sealed class ForwardStream(Stream target) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Write(ReadOnlySpan<byte> buffer) => target.Write(buffer);

        public override void Write(byte[] buffer, int offset, int count) => target.Write(buffer, offset, count);

        public override void Flush() => target.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
