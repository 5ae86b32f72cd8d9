namespace Gsasr.Pipeline;

/// <summary>
/// Takes a picture that is drawn in parts. It writes them into the caller's memory, or hands over bands of whole rows from top to bottom.
/// </summary>
/// <typeparam name="T">byte, ushort or float.</typeparam>
internal readonly ref struct PictureWriter<T>
    where T : unmanaged
{
    private readonly PixelSpan<T> _destination;
    private readonly PixelBandReceiver<T>? _receive;
    private readonly HostMemory? _memory;
    private readonly PictureFold? _fold;
    private readonly int _width;
    private readonly int _height;

    /// <summary>Writes into memory.</summary>
    /// <param name="destination">The whole picture.</param>
    public PictureWriter(PixelSpan<T> destination)
    {
        _destination = destination;
        _width = destination.Width;
        _height = destination.Height;
        Layout = destination.Layout;
    }

    private PictureWriter(PixelSpan<T> destination, PictureFold? fold, HostMemory row)
        : this(destination)
    {
        _fold = fold;
        _memory = row;
    }

    /// <summary>Hands bands over.</summary>
    /// <param name="width">Columns of the picture.</param>
    /// <param name="height">Rows of the picture.</param>
    /// <param name="layout">The channels.</param>
    /// <param name="receive">Takes the bands.</param>
    /// <param name="memory">Holds a band.</param>
    public PictureWriter(int width, int height, PixelLayout layout, PixelBandReceiver<T> receive, HostMemory memory)
    {
        _width = width;
        _height = height;
        Layout = layout;
        _receive = receive;
        _memory = memory;
    }

    /// <summary>The channels.</summary>
    public PixelLayout Layout { get; }

    /// <summary>Whether rows are handed over. If so, every part must have the whole width and follow the one before.</summary>
    public bool TakesWholeRows => _receive is not null;

    /// <summary>
    /// A writer that holds the whole picture and takes its parts in any order; call <see cref="HandOver"/> on this one afterwards.
    /// </summary>
    /// <param name="fold">How a picture that wraps is put together; null for one that does not wrap.</param>
    /// <param name="row">Memory for a row that is put together.</param>
    public PictureWriter<T> Whole(PictureFold? fold, HostMemory row)
    {
        PixelSpan<T> all = TakesWholeRows
            ? new(_memory!.Take<T>((long)_width * _height * Layout.ChannelCount()), _width, _height, Layout)
            : _destination;
        return new(all, fold, row);
    }

    /// <summary>The memory of a part, if drawn colours are what belongs there. What is put there need not be written.</summary>
    /// <param name="place">Where the part is.</param>
    /// <param name="colours">[height, width, 3], without gaps between rows.</param>
    public bool TryTake(scoped in PixelRectangle place, out Span<T> colours)
    {
        colours = default;
        return !TakesWholeRows && _fold is null && Layout == PixelLayout.Rgb && place.Width == _width
            && _destination.TryTake(place.Top, place.Height, out colours);
    }

    /// <summary>Takes a part.</summary>
    /// <param name="place">Where it is.</param>
    /// <param name="colours">[height, width, 3], drawn.</param>
    /// <param name="alpha">[height, width, 3], drawn; empty where all pixels are opaque.</param>
    public void Write(in PixelRectangle place, ReadOnlySpan<T> colours, ReadOnlySpan<T> alpha)
    {
        if (_fold is PictureFold fold)
        {
            WriteFolded(fold, place, colours, alpha);
            return;
        }

        int channels = Layout.ChannelCount();
        PixelSpan<T> target = TakesWholeRows
            ? new(_memory!.Take<T>((long)place.Height * place.Width * channels), place.Width, place.Height, Layout)
            : _destination;
        int firstRow = TakesWholeRows ? 0 : place.Top;
        int rowLength = place.Width * 3;
        for (int y = 0; y < place.Height; y++)
        {
            PixelConversion.Write(
                colours.Slice(y * rowLength, rowLength),
                alpha.IsEmpty ? alpha : alpha.Slice(y * rowLength, rowLength),
                Layout,
                target.Row(firstRow + y).Slice(place.Left * channels, place.Width * channels));
        }

        _receive?.Invoke(place.Top, target);
    }

    /// <summary>Hands over the picture that <see cref="Whole"/> has taken.</summary>
    /// <param name="firstRow">The first row that was not handed over before.</param>
    public void HandOver(int firstRow)
    {
        if (_receive is null || firstRow >= _height)
            return;
        int pitch = _width * Layout.ChannelCount();
        _receive(firstRow, new(_memory!.Take<T>((long)_height * pitch)[(firstRow * pitch)..], _width, _height - firstRow, Layout));
    }

    // Rows beyond the last one are the picture's first ones, drawn from its repetition.
    private void WriteFolded(in PictureFold fold, in PixelRectangle place, ReadOnlySpan<T> colours, ReadOnlySpan<T> alpha)
    {
        int channels = Layout.ChannelCount();
        int rowLength = place.Width * 3;
        Span<T> memory = _memory!.Take<T>((place.Width + _width) * channels);
        Span<T> drawn = memory[..(place.Width * channels)];
        Span<T> again = memory[(place.Width * channels)..];
        for (int y = 0; y < place.Height; y++)
        {
            PixelConversion.Write(
                colours.Slice(y * rowLength, rowLength), alpha.IsEmpty ? alpha : alpha.Slice(y * rowLength, rowLength), Layout, drawn);
            int row = (place.Top + y) % _height;
            bool isFaded = place.Top + y >= _height && row >= fold.Rows.First;
            fold.FoldRow<T>(drawn, channels, isFaded ? again : _destination.Row(row));
            if (isFaded)
                PictureFold.Fade<T>(again, fold.Rows.ShareOfFirst(row), _destination.Row(row));
        }
    }
}
