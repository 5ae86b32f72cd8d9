namespace Gsasr.Imaging.Formats;

/// <summary>
/// Looks at the header of the pixels of a lossy WebP (RFC 6386, 9.2 to 9.5). The pixels are in partitions: one for the header and how blocks are
/// predicted, and one to eight for the rest. That they end too early cannot be seen within a partition, but whole ones must not be missing.
/// </summary>
internal ref struct WebPLossy
{
    private const int StartLength = 10;

    private readonly ReadOnlySpan<byte> _data;
    private int _position;
    private int _value;
    private int _range = 255;
    private int _bits;

    private WebPLossy(ReadOnlySpan<byte> data) => _data = data;

    /// <summary>Fails if a partition lies beyond the end of the data.</summary>
    /// <param name="data">The data, at least up to the size of the picture.</param>
    public static void Check(ReadOnlySpan<byte> data)
    {
        int first = (data[0] | data[1] << 8 | data[2] << 16) >> 5;
        ReadOnlySpan<byte> behind = data[StartLength..];
        if (first > behind.Length)
            throw Truncated();
        int others = (1 << new WebPLossy(behind[..first]).ReadPartitions()) - 1;
        behind = behind[first..];
        long length = 3L * others;
        for (int i = 0; i < others && length <= behind.Length; i++)
            length += behind[3 * i] | behind[3 * i + 1] << 8 | behind[3 * i + 2] << 16;
        // The last one takes what is left.
        if (length >= behind.Length)
            throw Truncated();
    }

    // What stands before the number of partitions, which is a power of 2.
    private int ReadPartitions()
    {
        Read(2);
        if (Read(1) == 1)
            SkipSegments();
        Read(1 + 6 + 3);
        if (Read(1) == 1 && Read(1) == 1)
            SkipOptional(8, 6 + 1);
        return Read(2);
    }

    private void SkipSegments()
    {
        bool hasMap = Read(1) == 1;
        if (Read(1) == 1)
        {
            Read(1);
            SkipOptional(4, 7 + 1);
            SkipOptional(4, 6 + 1);
        }

        if (hasMap)
            SkipOptional(3, 8);
    }

    private void SkipOptional(int count, int bits)
    {
        for (int i = 0; i < count; i++)
        {
            if (Read(1) == 1)
                Read(bits);
        }
    }

    // The arithmetic decoder of section 7.3, where both values of a bit are as likely.
    private int Read(int count)
    {
        int number = 0;
        for (; count > 0; count--)
        {
            while (_bits < 8)
            {
                _value = _value << 8 | (_position < _data.Length ? _data[_position] : 0);
                _position++;
                _bits += 8;
            }

            int split = 1 + ((_range - 1) * 128 >> 8);
            int scaled = split << (_bits - 8);
            bool isSet = _value >= scaled;
            if (isSet)
                _value -= scaled;
            _range = isSet ? _range - split : split;
            for (; _range < 128; _range <<= 1)
                _bits--;
            number = number << 1 | (isSet ? 1 : 0);
        }

        return number;
    }

    private static ImageFormatException Truncated() => new("WebP: a partition of the pixels is missing: the file is truncated or damaged.");
}
