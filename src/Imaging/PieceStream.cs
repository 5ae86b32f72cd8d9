namespace Gsasr.Imaging;

/// <summary>Reads several pieces of memory as one stream, so that parts of a file that lie apart need not be copied together.</summary>
internal sealed class PieceStream(params IReadOnlyList<ReadOnlyMemory<byte>> pieces) : Stream
{
    private int _piece;
    private int _offset;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => pieces.Sum(piece => (long)piece.Length);

    public override long Position
    {
        get => pieces.Take(_piece).Sum(piece => (long)piece.Length) + _offset;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            for (_piece = 0; _piece < pieces.Count && value >= pieces[_piece].Length; _piece++)
                value -= pieces[_piece].Length;
            _offset = _piece < pieces.Count ? (int)value : 0;
        }
    }

    public override int Read(Span<byte> buffer)
    {
        while (_piece < pieces.Count && _offset == pieces[_piece].Length)
            (_piece, _offset) = (_piece + 1, 0);
        if (_piece == pieces.Count)
            return 0;
        ReadOnlySpan<byte> rest = pieces[_piece].Span[_offset..];
        int count = Math.Min(rest.Length, buffer.Length);
        rest[..count].CopyTo(buffer);
        _offset += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override long Seek(long offset, SeekOrigin origin) => Position = offset + origin switch
    {
        SeekOrigin.Begin => 0,
        SeekOrigin.Current => Position,
        _ => Length,
    };

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
