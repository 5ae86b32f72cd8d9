namespace Gsasr;

/// <summary>An image in the caller's memory that is read: rows of pixels from top to bottom.</summary>
/// <typeparam name="T">
/// What a channel is: <see cref="byte"/> (0 to 255), <see cref="ushort"/> (0 to 65535) or <see cref="float"/> (0 to 1; what is below or above
/// counts as 0 or 1).
/// </typeparam>
public readonly ref struct ReadOnlyPixelSpan<T>
    where T : unmanaged
{
    private readonly ReadOnlySpan<T> _values;
    private readonly int _rowPitch;

    /// <summary>Describes memory.</summary>
    /// <param name="values">Rows of width * channels values; there may be more values after the last row.</param>
    /// <param name="width">Columns, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="layout">The channels.</param>
    /// <param name="rowPitch">Values from the first of a row to the first of the next one; 0 where rows follow each other without gaps.</param>
    /// <exception cref="ArgumentException">The values are fewer than that, or a number is outside its range.</exception>
    /// <exception cref="NotSupportedException">T is another type.</exception>
    public ReadOnlyPixelSpan(ReadOnlySpan<T> values, int width, int height, PixelLayout layout, int rowPitch = 0)
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

    /// <summary>A part of the image, in the same memory.</summary>
    /// <param name="part">The part.</param>
    internal ReadOnlyPixelSpan<T> Part(in PixelRectangle part) => new(
        _values[(PixelSpans.RowStart(part.Top, Height, _rowPitch) + part.Left * Layout.ChannelCount())..], part.Width, part.Height, Layout, _rowPitch);

    /// <summary>The values of a row, width * channels.</summary>
    /// <param name="y">The row, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row.</exception>
    public ReadOnlySpan<T> Row(int y) => _values.Slice(PixelSpans.RowStart(y, Height, _rowPitch), Width * Layout.ChannelCount());
}
