namespace Gsasr.Imaging.Jpeg;

/// <summary>Writes entropy-coded data, a zero byte after every 0xFF.</summary>
internal sealed class JpegBitWriter(Stream stream)
{
    // Fewer than 32 + 27 bits are written at once, and every byte may become two.
    private const int LargestWrite = 16;

    private readonly byte[] _buffer = new byte[1 << 16];
    private int _length;
    private ulong _bits;
    private int _count;

    /// <summary>Writes bits, the most significant first.</summary>
    /// <param name="value">The bits, nothing above them.</param>
    /// <param name="count">0 to 27.</param>
    public void Write(int value, int count)
    {
        _bits = _bits << count | (uint)value;
        _count += count;
        if (_count < 32)
            return;
        if (_length > _buffer.Length - LargestWrite)
            Flush();
        while (_count >= 8)
            PutByte((byte)(_bits >> (_count -= 8)));
    }

    /// <summary>Fills the last byte with ones and writes what is left.</summary>
    public void Finish()
    {
        if (_length > _buffer.Length - LargestWrite)
            Flush();
        int padding = -_count & 7;
        _bits = _bits << padding | ((1u << padding) - 1);
        _count += padding;
        while (_count >= 8)
            PutByte((byte)(_bits >> (_count -= 8)));
        Flush();
    }

    private void PutByte(byte value)
    {
        _buffer[_length++] = value;
        if (value == 0xFF)
            _buffer[_length++] = 0;
    }

    private void Flush()
    {
        stream.Write(_buffer.AsSpan(0, _length));
        _length = 0;
    }
}
