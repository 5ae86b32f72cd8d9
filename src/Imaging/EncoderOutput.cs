namespace Gsasr.Imaging;

/// <summary>Passes on what an encoder writes, inserts something at one place, and stops between pieces when that is asked for.</summary>
internal sealed class EncoderOutput(Stream target, int place, byte[] insertion, CancellationToken cancellation) : Stream
{
    // A piece takes only a moment, even on a slow disk.
    private const int PieceBytes = 1 << 20;

    private long _written;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => _written;
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (_written < place && _written + buffer.Length >= place)
        {
            int before = (int)(place - _written);
            Pass(buffer[..before]);
            Pass(insertion);
            buffer = buffer[before..];
            _written = place;
        }

        Pass(buffer);
        _written += buffer.Length;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush() => target.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private void Pass(ReadOnlySpan<byte> buffer)
    {
        cancellation.ThrowIfCancellationRequested();
        for (; buffer.Length > PieceBytes; buffer = buffer[PieceBytes..])
        {
            target.Write(buffer[..PieceBytes]);
            cancellation.ThrowIfCancellationRequested();
        }

        target.Write(buffer);
    }
}
