namespace Gsasr;

/// <summary>
/// An image in the caller's memory that is read, as <see cref="ReadOnlyPixelSpan{T}"/>, but one that can be kept in a list: for <see
/// cref="UpscaleItem{T}"/>.
/// </summary>
/// <typeparam name="T">What a channel is, as of <see cref="ReadOnlyPixelSpan{T}"/>.</typeparam>
public readonly struct ReadOnlyPixelMemory<T>
    where T : unmanaged
{
    private readonly ReadOnlyMemory<T> _values;
    private readonly int _width;
    private readonly int _height;
    private readonly PixelLayout _layout;
    private readonly int _rowPitch;

    /// <summary>Describes memory.</summary>
    /// <param name="values">Rows of width * channels values; there may be more values after the last row.</param>
    /// <param name="width">Columns, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="layout">The channels.</param>
    /// <param name="rowPitch">Values from the first of a row to the first of the next one; 0 where rows follow each other without gaps.</param>
    /// <exception cref="ArgumentException">The values are fewer than that, or a number is outside its range.</exception>
    /// <exception cref="NotSupportedException">T is another type.</exception>
    public ReadOnlyPixelMemory(ReadOnlyMemory<T> values, int width, int height, PixelLayout layout, int rowPitch = 0)
    {
        _rowPitch = PixelSpans.Check<T>(values.Length, width, height, layout, rowPitch);
        _values = values;
        _width = width;
        _height = height;
        _layout = layout;
    }

    /// <summary>The image; one of no pixels if nothing was described.</summary>
    public ReadOnlyPixelSpan<T> Span => _width == 0 ? default : new(_values.Span, _width, _height, _layout, _rowPitch);
}
