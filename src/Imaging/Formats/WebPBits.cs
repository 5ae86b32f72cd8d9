using System.Buffers.Binary;

namespace Gsasr.Imaging.Formats;

/// <summary>
/// The bits of a lossless WebP, the least significant of a byte first. Behind their end come zeros, so that taking bits needs no checks of its
/// own; <see cref="IsOverrun"/> tells whether any of those were taken.
/// </summary>
/// <param name="data">The data.</param>
internal ref struct WebPBits(ReadOnlySpan<byte> data)
{
    private readonly ReadOnlySpan<byte> _data = data;
    private int _position;
    private ulong _bits;
    private int _count;
    private int _padding;

    /// <summary>Whether more bits were taken than there are.</summary>
    public readonly bool IsOverrun => _count < _padding;

    /// <summary>The next 15 bits.</summary>
    public int Peek()
    {
        Fill();
        return (int)_bits & 0x7FFF;
    }

    /// <summary>Takes up to 15 bits that have been looked at.</summary>
    public void Skip(int count)
    {
        _bits >>= count;
        _count -= count;
    }

    /// <summary>Takes up to 32 bits.</summary>
    public int Read(int count)
    {
        Fill();
        int value = (int)(_bits & ((1UL << count) - 1));
        Skip(count);
        return value;
    }

    private void Fill()
    {
        if (_count >= 32)
            return;
        if (_position <= _data.Length - 4)
        {
            _bits |= (ulong)BinaryPrimitives.ReadUInt32LittleEndian(_data[_position..]) << _count;
            _position += 4;
            _count += 32;
            return;
        }

        while (_count < 32)
        {
            if (_position < _data.Length)
                _bits |= (ulong)_data[_position++] << _count;
            else
                _padding += 8;
            _count += 8;
        }
    }
}
