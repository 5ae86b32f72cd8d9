namespace Gsasr.Imaging;

/// <summary>Passes on what is written, and stops between pieces of it when that is asked for.</summary>
internal sealed class CancellableStream(Stream target, CancellationToken cancellation) : Stream
{
    // A piece takes a moment even on a slow disk.
    private const int PieceBytes = 1 << 20;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            int length = Math.Min(buffer.Length, PieceBytes);
            target.Write(buffer[..length]);
            buffer = buffer[length..];
            if (buffer.IsEmpty)
                return;
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush() => target.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
