using System.Buffers.Binary;

namespace Gsasr.Imaging.Formats;

/// <summary>
/// The bits of the coded data of a JPEG between two markers. Behind their end come zeros, so that taking bits needs no checks of its own;
/// <see cref="IsOverrun"/> tells whether any of those were taken.
/// </summary>
/// <param name="data">The data, in which a zero follows every byte 0xFF.</param>
internal ref struct JpegBits(ReadOnlySpan<byte> data)
{
    private readonly ReadOnlySpan<byte> _data = data;
    private int _position;
    private ulong _bits;
    private int _count;
    private int _padding;

    /// <summary>Whether more bits were taken than there are.</summary>
    public readonly bool IsOverrun => _count < _padding;

    /// <summary>Makes sure that 32 bits can be taken.</summary>
    public void Fill()
    {
        if (_count >= 32)
            return;
        if (_position <= _data.Length - 4)
        {
            uint next = BinaryPrimitives.ReadUInt32BigEndian(_data[_position..]);
            // No byte of the four is 0xFF: none of the inverted bytes is zero.
            uint inverted = ~next;
            if (((inverted - 0x01010101) & ~inverted & 0x80808080) == 0)
            {
                _bits = _bits << 32 | next;
                _count += 32;
                _position += 4;
                return;
            }
        }

        FillByBytes();
    }

    /// <summary>The next 16 bits.</summary>
    public readonly int Peek() => (int)(_bits >> (_count - 16)) & 0xFFFF;

    /// <summary>Takes bits unseen.</summary>
    public void Skip(int count) => _count -= count;

    /// <summary>Takes up to 16 bits.</summary>
    public int Read(int count)
    {
        _count -= count;
        return (int)(_bits >> _count) & ((1 << count) - 1);
    }

    private void FillByBytes()
    {
        while (_count < 32)
        {
            if (!TryReadByte(out byte value))
                _padding += 8;
            _bits = _bits << 8 | value;
            _count += 8;
        }
    }

    private bool TryReadByte(out byte value)
    {
        value = 0;
        if (_position == _data.Length)
            return false;
        value = _data[_position++];
        if (value != 0xFF)
            return true;
        // Before the zero, or before a marker, there may be more bytes 0xFF.
        while (_position < _data.Length && _data[_position] == 0xFF)
            _position++;
        if (_position < _data.Length)
        {
            _position++;
            return true;
        }

        value = 0;
        return false;
    }
}
