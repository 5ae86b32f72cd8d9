namespace Gsasr.Imaging.Png;

/// <summary>Delivers the rows of an image as PNG stores them: a filter byte, then the filtered bytes, 16 bits big-endian.</summary>
internal sealed class PngRowFilter
{
    private readonly Image _image;
    private readonly bool _isAdaptive;
    private readonly int _samplesPerRow;
    private readonly int _distance;

    // The current row and the one above, changing places; and two filtered rows, the best one so far and the next try.
    private byte[] _row;
    private byte[] _above;
    private byte[] _best;
    private byte[] _candidate;
    private int _y;

    /// <summary>Begins with some row.</summary>
    /// <param name="image">The image.</param>
    /// <param name="firstRow">The first row to be delivered.</param>
    /// <param name="isAdaptive">Whether to choose the filter that leaves the smallest residuals, row by row; none otherwise.</param>
    public PngRowFilter(Image image, int firstRow, bool isAdaptive)
    {
        _image = image;
        _isAdaptive = isAdaptive;
        _samplesPerRow = image.Width * image.ChannelCount;
        _distance = image.ChannelCount * (image.BitDepth / 8);
        int rowBytes = image.Width * _distance;
        _row = new byte[rowBytes];
        _above = new byte[rowBytes];
        _best = new byte[rowBytes + 1];
        _candidate = new byte[rowBytes + 1];
        _y = firstRow;
        // Above the first row there are zeros.
        if (firstRow > 0)
            Load(firstRow - 1, _above);
    }

    /// <summary>The next row; valid until the next call.</summary>
    public ReadOnlySpan<byte> Next()
    {
        Load(_y++, _row);
        long leastSum = long.MaxValue;
        int lastFilter = _isAdaptive ? PngFilter.Paeth : PngFilter.None;
        for (int filter = PngFilter.None; filter <= lastFilter; filter++)
        {
            _candidate[0] = (byte)filter;
            long sum = PngFilter.Apply(filter, _row, _above, _distance, _candidate.AsSpan(1));
            if (sum < leastSum)
            {
                leastSum = sum;
                (_best, _candidate) = (_candidate, _best);
            }
        }
        (_row, _above) = (_above, _row);
        return _best;
    }

    private void Load(int y, Span<byte> row)
    {
        if (_image.BitDepth == 8)
            _image.Samples8.AsSpan(y * _samplesPerRow, _samplesPerRow).CopyTo(row);
        else
            BigEndian.Write(_image.Samples16.AsSpan(y * _samplesPerRow, _samplesPerRow), row);
    }
}
