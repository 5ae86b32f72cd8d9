namespace Gsasr;

/// <summary>An image in the caller's memory that is written: rows of pixels from top to bottom.</summary>
/// <typeparam name="T">
/// What a channel is: <see cref="byte"/> (0 to 255), <see cref="ushort"/> (0 to 65535) or <see cref="float"/> (0 to 1).
/// </typeparam>
public readonly ref struct PixelSpan<T>
    where T : unmanaged
{
    private readonly Span<T> _values;
    private readonly int _rowPitch;

    /// <summary>Describes memory.</summary>
    /// <param name="values">Rows of width * channels values; there may be more values after the last row.</param>
    /// <param name="width">Columns, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="layout">The channels.</param>
    /// <param name="rowPitch">Values from the first of a row to the first of the next one; 0 where rows follow each other without gaps.</param>
    /// <exception cref="ArgumentException">The values are fewer than that, or a number is outside its range.</exception>
    /// <exception cref="NotSupportedException">T is another type.</exception>
    public PixelSpan(Span<T> values, int width, int height, PixelLayout layout, int rowPitch = 0)
    {
        _rowPitch = PixelSpans.Check<T>(values.Length, width, height, layout, rowPitch);
        _values = values;
        Width = width;
        Height = height;
        Layout = layout;
    }

    /// <summary>Columns.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>The channels.</summary>
    public PixelLayout Layout { get; }

    /// <summary>The same image, to be read.</summary>
    /// <param name="pixels">The image.</param>
    public static implicit operator ReadOnlyPixelSpan<T>(PixelSpan<T> pixels) => pixels.AsReadOnly();

    /// <summary>The same image, to be read.</summary>
    public ReadOnlyPixelSpan<T> AsReadOnly() => Width == 0 ? default : new(_values, Width, Height, Layout, _rowPitch);

    /// <summary>The values of a row, width * channels.</summary>
    /// <param name="y">The row, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row.</exception>
    public Span<T> Row(int y) => _values.Slice(PixelSpans.RowStart(y, Height, _rowPitch), Width * Layout.ChannelCount());

    /// <summary>The values of some rows, if they follow each other without gaps.</summary>
    /// <param name="first">The first row.</param>
    /// <param name="count">How many rows.</param>
    /// <param name="rows">count * width * channels values.</param>
    internal bool TryTake(int first, int count, out Span<T> rows)
    {
        int length = Width * Layout.ChannelCount();
        bool hasNoGaps = _rowPitch == length;
        rows = hasNoGaps ? _values.Slice(PixelSpans.RowStart(first, Height, _rowPitch), checked(count * length)) : default;
        return hasNoGaps;
    }
}
