using System.Buffers.Binary;

namespace Gsasr.Imaging.Jpeg;

/// <summary>
/// Reads the bits of entropy-coded data up to the next marker. Beyond it zeros are delivered, so that reading needs no
/// checks of its own; <see cref="IsOverrun"/> tells whether any were used.
/// </summary>
internal ref struct JpegBitReader
{
    private readonly ReadOnlySpan<byte> _data;
    private ulong _bits;
    private int _count;
    private int _padding;
    private bool _atMarker;

    public JpegBitReader(ReadOnlySpan<byte> data, int position)
    {
        _data = data;
        Position = position;
    }

    /// <summary>Where the next byte is taken from: once the data are used up, the marker behind them or the end of the file.</summary>
    public int Position { get; private set; }

    /// <summary>Whether more bits were read than the data have.</summary>
    public readonly bool IsOverrun => _count < _padding;

    /// <summary>Makes sure that 32 bits can be peeked at or read.</summary>
    public void Fill()
    {
        if (_count >= 32)
            return;
        if (Position <= _data.Length - 4)
        {
            uint next = BinaryPrimitives.ReadUInt32BigEndian(_data[Position..]);
            // No byte of the four is 0xFF: none of the inverted bytes is zero.
            uint inverted = ~next;
            if (((inverted - 0x01010101) & ~inverted & 0x80808080) == 0 && !_atMarker)
            {
                _bits = _bits << 32 | next;
                _count += 32;
                Position += 4;
                return;
            }
        }
        FillSlowly();
    }

    /// <summary>The next bits without taking them; they must have been filled.</summary>
    /// <param name="count">1 to 32.</param>
    public readonly int Peek(int count) => (int)(_bits >> (_count - count)) & (int)((1L << count) - 1);

    /// <summary>Takes bits that have been peeked at.</summary>
    public void Skip(int count) => _count -= count;

    /// <summary>Takes bits that have been filled.</summary>
    /// <param name="count">0 to 16.</param>
    public int Read(int count)
    {
        _count -= count;
        return (int)(_bits >> _count) & ((1 << count) - 1);
    }

    /// <summary>Takes one bit, filling where necessary.</summary>
    public int ReadBit()
    {
        if (_count == 0)
            Fill();
        return (int)(_bits >> --_count) & 1;
    }

    /// <summary>Takes a number of which the sign is shown by its first bit: EXTEND of figure F.12 in ITU-T T.81.</summary>
    /// <param name="count">Its bits, 1 to 16, filled.</param>
    public int ReadSigned(int count)
    {
        int value = Read(count);
        return value < 1 << (count - 1) ? value - (1 << count) + 1 : value;
    }

    /// <summary>Forgets all bits and goes on behind a marker.</summary>
    public void Restart(int position)
    {
        Position = position;
        _bits = 0;
        _count = 0;
        _padding = 0;
        _atMarker = false;
    }

    private void FillSlowly()
    {
        while (_count < 32)
        {
            byte value = 0;
            if (!_atMarker)
                _atMarker = !TryReadByte(out value);
            if (_atMarker)
                _padding += 8;
            _bits = _bits << 8 | value;
            _count += 8;
        }
    }

    // 0xFF in the data is followed by a zero; followed by anything else it begins a marker. Further 0xFF in between are fill.
    private bool TryReadByte(out byte value)
    {
        value = 0;
        if (Position >= _data.Length)
            return false;
        value = _data[Position];
        if (value != 0xFF)
        {
            Position++;
            return true;
        }
        int next = Position + 1;
        while (next < _data.Length && _data[next] == 0xFF)
            next++;
        if (next < _data.Length && _data[next] == 0)
        {
            Position = next + 1;
            return true;
        }
        value = 0;
        return false;
    }
}
