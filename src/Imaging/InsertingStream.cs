namespace Gsasr.Imaging;

/// <summary>Passes on what is written, and puts something of its own in at one place.</summary>
internal sealed class InsertingStream(Stream target, int place, byte[] insertion) : Stream
{
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
            target.Write(buffer[..before]);
            target.Write(insertion);
            _written = place;
            buffer = buffer[before..];
        }

        target.Write(buffer);
        _written += buffer.Length;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush() => target.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
