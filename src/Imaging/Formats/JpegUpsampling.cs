namespace Gsasr.Imaging.Formats;

/// <summary>
/// Gives the rows of a JPEG's component at full size, for a band of the image, from top to bottom. For components that are stored at half
/// size the decoder only repeats samples, which shows as blocks of colour. Here they are interpolated with libjpeg's triangle filter: 3/4
/// of the nearer sample, 1/4 of the farther one.
/// </summary>
internal sealed class JpegUpsampling
{
    // Narrower components are repeated rather than interpolated, as libjpeg does.
    private const int MinimumFilteredWidth = 3;

    private readonly Image _image;
    private readonly int _component;
    private readonly int _horizontal;
    private readonly int _vertical;
    private readonly int _width;
    private readonly int _last;

    // The component's rows around the current one. Outside the image the outermost row is repeated.
    private byte[] _above;
    private byte[] _current = [];
    private byte[] _below = [];
    private readonly byte[] _afterBand;
    private byte[] _row = [];
    private int _index = -1;

    /// <summary>Begins a band. Its own rows and the neighbouring ones must still hold components.</summary>
    /// <param name="image">The components, samples repeated.</param>
    /// <param name="frame">The frame.</param>
    /// <param name="component">The component, 0 to 2.</param>
    /// <param name="start">The band's first row.</param>
    /// <param name="end">The row after its last one.</param>
    public JpegUpsampling(Image image, JpegFrame frame, int component, int start, int end)
    {
        (_image, _component) = (image, component);
        _horizontal = frame.MaximumHorizontal / frame.Components[component].Horizontal;
        _vertical = frame.MaximumVertical / frame.Components[component].Vertical;
        _width = (image.Width + _horizontal - 1) / _horizontal;
        _last = (end - 1) / _vertical;
        int bottom = (image.Height - 1) / _vertical;
        bool isFiltered = _vertical == 2;
        _above = isFiltered ? Load(Math.Max(start / 2 - 1, 0), new byte[_width]) : [];
        _afterBand = isFiltered ? Load(Math.Min(_last + 1, bottom), new byte[_width]) : [];
    }

    /// <summary>The next row. It has at least as many samples as the image is wide, and is valid until the next call.</summary>
    public ReadOnlySpan<byte> Row(int y)
    {
        Advance(y / _vertical);
        bool isWide = _width >= MinimumFilteredWidth;
        if (_horizontal == 1 && _vertical == 1)
            return _current;
        if (_horizontal == 2 && _vertical == 1 && isWide)
            DoubleAcross();
        else if (_vertical == 2 && _horizontal == 1)
            DoubleDown(far: (y & 1) == 0 ? _above : _below, rounding: (y & 1) == 0 ? 1 : 2);
        else if (_vertical == 2 && _horizontal == 2 && isWide)
            DoubleBoth(far: (y & 1) == 0 ? _above : _below);
        else
            Repeat();
        return _row;
    }

    private void Advance(int index)
    {
        if (index == _index)
            return;
        if (_index < 0)
        {
            _row = new byte[_width * _horizontal];
            _current = Load(index, new byte[_width]);
        }
        else if (_vertical == 2)
        {
            (_above, _current, _below) = (_current, _below, _above);
        }
        else
        {
            Load(index, _current);
        }

        if (_vertical == 2)
            _below = index == _last ? _afterBand : Load(index + 1, _below.Length > 0 ? _below : new byte[_width]);
        _index = index;
    }

    private byte[] Load(int row, byte[] target)
    {
        ReadOnlySpan<byte> pixels = _image.RowBytes(row * _vertical);
        int step = 3 * _horizontal;
        for (int x = 0, i = _component; x < target.Length; x++, i += step)
            target[x] = pixels[i];
        return target;
    }

    private void Repeat()
    {
        for (int x = 0; x < _width; x++)
            _row.AsSpan(x * _horizontal, _horizontal).Fill(_current[x]);
    }

    private void DoubleAcross()
    {
        int last = _width - 1;
        for (int x = 0; x <= last; x++)
        {
            _row[2 * x] = (byte)((3 * _current[x] + _current[Math.Max(x - 1, 0)] + 1) >> 2);
            _row[2 * x + 1] = (byte)((3 * _current[x] + _current[Math.Min(x + 1, last)] + 2) >> 2);
        }
    }

    private void DoubleDown(ReadOnlySpan<byte> far, int rounding)
    {
        for (int x = 0; x < far.Length; x++)
            _row[x] = (byte)((3 * _current[x] + far[x] + rounding) >> 2);
    }

    private void DoubleBoth(ReadOnlySpan<byte> far)
    {
        ReadOnlySpan<byte> near = _current.AsSpan(0, far.Length);
        Span<byte> row = _row.AsSpan(0, 2 * far.Length);
        int sum = 3 * near[0] + far[0], before = sum;
        for (int x = 0; x < near.Length; x++)
        {
            int after = x + 1 < near.Length ? 3 * near[x + 1] + far[x + 1] : sum;
            row[2 * x + 1] = (byte)((3 * sum + after + 7) >> 4);
            row[2 * x] = (byte)((3 * sum + before + 8) >> 4);
            (before, sum) = (sum, after);
        }
    }
}
