namespace Gsasr.Imaging.Formats;

/// <summary>
/// Makes colours of a JPEG's components as libjpeg does. The decoder only repeats the samples of components that are stored at half
/// size, which shows as blocks of colour; here they are interpolated with the triangle filter: 3/4 of the nearer sample, 1/4 of the
/// farther one.
/// </summary>
internal sealed class JpegColour
{
    // Narrower components are repeated rather than interpolated, as libjpeg does.
    private const int MinimumFilteredWidth = 3;

    // Bands of rows are independent of one another and shared out among the processors.
    private const int RowsPerBand = 64;

    private readonly Image _planes;
    private readonly int _component;
    private readonly int _horizontal;
    private readonly int _vertical;
    private readonly int _height;
    private readonly byte[] _near;
    private readonly byte[] _far;
    private readonly int[] _sums;
    private readonly byte[] _row;

    private JpegColour(Image planes, JpegFrame frame, int component)
    {
        (_planes, _component) = (planes, component);
        _horizontal = frame.MaximumHorizontal / frame.Components[component].Horizontal;
        _vertical = frame.MaximumVertical / frame.Components[component].Vertical;
        int width = (planes.Width + _horizontal - 1) / _horizontal;
        _height = (planes.Height + _vertical - 1) / _vertical;
        (_near, _far, _sums, _row) = (new byte[width], new byte[width], new int[width], new byte[width * _horizontal]);
    }

    /// <summary>The colours.</summary>
    /// <param name="planes">The components of the frame, those of less than full size with every sample repeated.</param>
    /// <param name="frame">The frame.</param>
    /// <param name="isRgb">Whether the components are red, green and blue, not YCbCr.</param>
    public static Image FromComponents(Image planes, JpegFrame frame, bool isRgb)
    {
        var image = Image.Create(planes.Width, planes.Height, ChannelLayout.Rgb, 8);
        Parallel.For(0, (planes.Height + RowsPerBand - 1) / RowsPerBand, band =>
        {
            JpegColour[] components = [new(planes, frame, 0), new(planes, frame, 1), new(planes, frame, 2)];
            int end = Math.Min(planes.Height, (band + 1) * RowsPerBand);
            for (int y = band * RowsPerBand; y < end; y++)
                Convert(components[0].Row(y), components[1].Row(y), components[2].Row(y), image.RowBytes(y), isRgb);
        });
        return image;
    }

    // ITU-R BT.601, full range, with 16 fractional bits and libjpeg's roundings.
    private static void Convert(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third, Span<byte> target, bool isRgb)
    {
        const int Half = 1 << 15;
        for (int x = 0; x < target.Length / 3; x++)
        {
            Span<byte> pixel = target.Slice(3 * x, 3);
            int y = first[x], cb = second[x] - 128, cr = third[x] - 128;
            if (isRgb)
                (pixel[0], pixel[1], pixel[2]) = (first[x], second[x], third[x]);
            else
            {
                pixel[0] = (byte)Math.Clamp(y + ((91881 * cr + Half) >> 16), 0, 255);
                pixel[1] = (byte)Math.Clamp(y + ((Half - 22554 * cb - 46802 * cr) >> 16), 0, 255);
                pixel[2] = (byte)Math.Clamp(y + ((116130 * cb + Half) >> 16), 0, 255);
            }
        }
    }

    // At least as many samples as the image is wide; valid until the next call.
    private ReadOnlySpan<byte> Row(int y)
    {
        bool isWide = _near.Length >= MinimumFilteredWidth;
        Load(y / _vertical, _near);
        if (_horizontal == 2 && _vertical == 1 && isWide)
        {
            DoubleAcross();
        }
        else if (_vertical == 2 && (_horizontal == 1 || (_horizontal == 2 && isWide)))
        {
            // The row on the other side of the output row's centre; beyond the picture its last row counts again.
            Load(Math.Clamp(y / 2 + ((y & 1) == 0 ? -1 : 1), 0, _height - 1), _far);
            if (_horizontal == 1)
                DoubleDown(rounding: (y & 1) == 0 ? 1 : 2);
            else
                DoubleBoth();
        }
        else
        {
            for (int x = 0; x < _near.Length; x++)
                _row.AsSpan(x * _horizontal, _horizontal).Fill(_near[x]);
        }

        return _row;
    }

    private void Load(int row, byte[] target)
    {
        ReadOnlySpan<byte> pixels = _planes.RowBytes(row * _vertical);
        for (int x = 0; x < target.Length; x++)
            target[x] = pixels[x * _horizontal * 3 + _component];
    }

    private void DoubleAcross()
    {
        int last = _near.Length - 1;
        for (int x = 0; x <= last; x++)
        {
            _row[2 * x] = (byte)((3 * _near[x] + _near[Math.Max(x - 1, 0)] + 1) >> 2);
            _row[2 * x + 1] = (byte)((3 * _near[x] + _near[Math.Min(x + 1, last)] + 2) >> 2);
        }
    }

    private void DoubleDown(int rounding)
    {
        for (int x = 0; x < _near.Length; x++)
            _row[x] = (byte)((3 * _near[x] + _far[x] + rounding) >> 2);
    }

    private void DoubleBoth()
    {
        for (int x = 0; x < _sums.Length; x++)
            _sums[x] = 3 * _near[x] + _far[x];
        int last = _sums.Length - 1;
        for (int x = 0; x <= last; x++)
        {
            _row[2 * x] = (byte)((3 * _sums[x] + _sums[Math.Max(x - 1, 0)] + 8) >> 4);
            _row[2 * x + 1] = (byte)((3 * _sums[x] + _sums[Math.Min(x + 1, last)] + 7) >> 4);
        }
    }
}
