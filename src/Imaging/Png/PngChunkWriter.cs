using System.Buffers.Binary;

namespace Gsasr.Imaging.Png;

/// <summary>Writes chunks with their length and checksum.</summary>
internal static class PngChunkWriter
{
    /// <summary>Writes one chunk.</summary>
    public static void Write(Stream stream, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        Span<byte> head = stackalloc byte[8];
        BinaryPrimitives.WriteInt32BigEndian(head, data.Length);
        type.CopyTo(head[4..]);
        stream.Write(head);
        stream.Write(data);
        uint crc = ~Crc32.Append(Crc32.Append(uint.MaxValue, type), data);
        Span<byte> tail = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(tail, crc);
        stream.Write(tail);
    }
}

/// <summary>A stream whose content goes into IDAT chunks; <see cref="Flush"/> writes what is left.</summary>
internal sealed class IdatWriter(Stream target) : Stream
{
    private readonly byte[] _buffer = new byte[1 << 18];
    private int _length;

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
        while (buffer.Length > 0)
        {
            int count = Math.Min(buffer.Length, _buffer.Length - _length);
            buffer[..count].CopyTo(_buffer.AsSpan(_length));
            _length += count;
            buffer = buffer[count..];
            if (_length == _buffer.Length)
                Flush();
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
        if (_length > 0)
            PngChunkWriter.Write(target, "IDAT"u8, _buffer.AsSpan(0, _length));
        _length = 0;
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
