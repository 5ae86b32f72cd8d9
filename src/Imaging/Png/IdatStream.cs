namespace Gsasr.Imaging.Png;

/// <summary>The data of a file's IDAT chunks, one after the other, as the one zlib stream they are.</summary>
internal sealed class IdatStream(ReadOnlyMemory<byte> file, List<(int Offset, int Length)> chunks) : Stream
{
    private int _chunk;
    private int _position;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        int total = 0;
        while (total < buffer.Length && _chunk < chunks.Count)
        {
            (int offset, int length) = chunks[_chunk];
            int count = Math.Min(length - _position, buffer.Length - total);
            file.Span.Slice(offset + _position, count).CopyTo(buffer[total..]);
            total += count;
            _position += count;
            if (_position == length)
            {
                _chunk++;
                _position = 0;
            }
        }
        return total;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
