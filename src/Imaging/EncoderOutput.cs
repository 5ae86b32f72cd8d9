namespace Gsasr.Imaging;

/// <summary>
/// Passes on what an encoder writes, inserts something at one place, and stops between pieces when that is asked for. Positions count from
/// where the target stood.
/// </summary>
/// <param name="target">Where to write.</param>
/// <param name="cancellation">Stops it.</param>
internal sealed class EncoderOutput(Stream target, CancellationToken cancellation) : Stream
{
    // A piece takes only a moment, even on a slow disk.
    private const int PieceBytes = 1 << 20;

    private readonly long _start = target.CanSeek ? target.Position : 0;
    private long _position;

    public override bool CanRead => false;

    /// <summary>What is inserted.</summary>
    public byte[] Insertion { get; init; } = [];

    /// <summary>How many bytes of the encoder's come before the insertion.</summary>
    public int Place { get; init; }

    /// <summary>Whether the encoder may go back in what it has written, if the target lets it.</summary>
    public bool MayGoBack { get; init; }

    public override bool CanSeek => MayGoBack && target.CanSeek;

    public override bool CanWrite => true;

    public override long Length => target.Length - _start;

    public override long Position
    {
        get => _position;
        set => _position = (target.Position = _start + value) - _start;
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (_position < Place && _position + buffer.Length >= Place)
        {
            int before = (int)(Place - _position);
            Pass(buffer[..before]);
            Pass(Insertion);
            buffer = buffer[before..];
            _position = Place;
        }

        Pass(buffer);
        _position += buffer.Length;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush() => target.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => Position = offset + origin switch
    {
        SeekOrigin.Begin => 0,
        SeekOrigin.Current => _position,
        _ => Length,
    };

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
