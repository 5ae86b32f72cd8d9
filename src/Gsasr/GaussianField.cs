using Gsasr.Checkpoints;
using Gsasr.Fields;
using Gsasr.Raster;
using Gsasr.Tensors;

namespace Gsasr;

/// <summary>
/// An image as Gaussians on a device, 16 for each of its pixels where a network made them. It can be drawn at any size and in
/// any part, any number of times, without running the network again, and be kept in a file.
/// </summary>
/// <remarks>
/// The network is told the scale for which it makes the Gaussians; drawn at another size, the field is the same picture,
/// stretched. Owns device memory (704 bytes per padded pixel): dispose of it before its upscaler, or before its device where it was
/// loaded. Used by one thread at a time together with its upscaler, whose working memory it shares.
/// </remarks>
public sealed class GaussianField : IDisposable
{
    // Floats of an image that is drawn at once; larger ones are drawn in bands of rows.
    private const long BandFloats = 48L << 20;

    // Pixels of the described image. A box that reaches less than this cuts off so much that the picture darkens: at the usual dmax
    // that is so where the padded image has fewer than 24 pixels on a side.
    private const double HarmfulReach = 1.1;

    // Farther than any Gaussian is drawn.
    private const double UnboundedReach = 6;

    private readonly DeviceBuffer _gaussians;
    private readonly int _columns;
    private readonly int _rows;
    private readonly RasterOutput _output;
    private readonly GaussianLayout _layout;
    private readonly double _dMax;
    private readonly bool _publishedGeometry;
    private readonly EvenAreas? _evenAreas;

    // The working memory of a field without an upscaler.
    private readonly Arena? _ownArena;

    /// <summary>Describes Gaussians that are in memory already.</summary>
    /// <param name="gaussians">The Gaussians of some rows of the padded image; owned from now on.</param>
    /// <param name="paddedWidth">Columns with the padding.</param>
    /// <param name="paddedHeight">Rows with the padding.</param>
    /// <param name="width">Columns of the image.</param>
    /// <param name="height">Rows of the image.</param>
    /// <param name="rows">How many rows of the padded image these are the Gaussians of.</param>
    /// <param name="scale">The scale for which they were made.</param>
    /// <param name="options">How to draw.</param>
    /// <param name="evenAreas">The image's even areas, if there are any to be kept.</param>
    /// <param name="output">Draws them.</param>
    internal GaussianField(
        DeviceBuffer gaussians,
        int paddedWidth,
        int paddedHeight,
        int width,
        int height,
        int rows,
        double scale,
        UpscalerOptions options,
        EvenAreas? evenAreas,
        RasterOutput output)
    {
        _gaussians = gaussians;
        PaddedWidth = paddedWidth;
        PaddedHeight = paddedHeight;
        _columns = paddedWidth * Decoder.GaussianDecoder.CellsPerPixel;
        _rows = rows * Decoder.GaussianDecoder.CellsPerPixel;
        Width = width;
        Height = height;
        Scale = scale;
        _dMax = options.DMax;
        _publishedGeometry = options.PublishedGeometry;
        _evenAreas = evenAreas;
        _output = output;
    }

    /// <summary>Puts a field on a device, with working memory of its own.</summary>
    /// <param name="data">The field.</param>
    /// <param name="device">The device.</param>
    internal GaussianField(FieldData data, Device device)
    {
        PaddedWidth = data.CanvasWidth;
        PaddedHeight = data.CanvasHeight;
        Width = data.Width;
        Height = data.Height;
        Scale = data.Scale;
        IsGrey = data.IsGrey;
        BitDepth = data.BitDepth;
        Source = data.Source;
        _layout = data.Layout;
        _dMax = data.DMax;
        _publishedGeometry = data.PublishedGeometry;
        _columns = data.Count;
        _rows = 1;
        if (data.EvenImage is not null)
        {
            var areas = new EvenAreas();
            _evenAreas = areas.Find(data.EvenImage, Width, Height) ? areas : null;
        }

        _gaussians = device.Upload(data.Gaussians, 1, data.Count, data.Columns).Buffer;
        _ownArena = new Arena(device);
        try
        {
            _output = new RasterOutput(_ownArena);
        }
        catch
        {
            _gaussians.Dispose();
            throw;
        }
    }

    /// <summary>Columns of the image that was described.</summary>
    public int Width { get; }

    /// <summary>Rows of the image that was described.</summary>
    public int Height { get; }

    /// <summary>The scale for which the network made the Gaussians.</summary>
    public double Scale { get; }

    /// <summary>Whether the described image has no colours; it is drawn in greys where the layout of pixels has none either.</summary>
    public bool IsGrey { get; internal set; }

    /// <summary>Bits per channel of the described image, 8 or 16.</summary>
    public int BitDepth { get; internal set; } = 8;

    /// <summary>Where the Gaussians come from, for people to read: a model's name, for instance.</summary>
    public string Source { get; internal set; } = "";

    /// <summary>How many Gaussians there are.</summary>
    public long Count => (long)_columns * _rows;

    /// <summary>Columns with the padding at the right.</summary>
    internal int PaddedWidth { get; }

    /// <summary>Rows with the padding at the bottom.</summary>
    internal int PaddedHeight { get; }

    /// <summary>All Gaussians, [rows, columns, channels of the layout], in the order in which tiles added them.</summary>
    internal Tensor Gaussians => new(_gaussians, 0, _rows, _columns, FieldData.ColumnsOf(_layout), FieldData.ColumnsOf(_layout));

    /// <summary>Puts a field from a file on a device. No model is needed.</summary>
    /// <param name="path">A file that <see cref="Save"/> wrote; <c>docs/field-files.md</c> describes it.</param>
    /// <param name="device">The device; it must outlive the field.</param>
    /// <exception cref="CheckpointFormatException">The file is no field, or a damaged one.</exception>
    /// <exception cref="DeviceException">The device failed or has too little memory.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static GaussianField Load(string path, Device device)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(device);
        return new GaussianField(FieldFile.Read(path), device);
    }

    /// <summary>Writes the field into a file, which appears complete or not at all. Waits for the device.</summary>
    /// <param name="path">Where to write.</param>
    /// <param name="overwrite">Whether a file that is there may be replaced.</param>
    /// <param name="quantised">
    /// Whether to write 16-bit numbers: about half the size (two fifths for a network's field), and a picture that differs a little.
    /// </param>
    /// <exception cref="ModelOutputException">A Gaussian is not a number.</exception>
    /// <exception cref="ArgumentException">The field is too large for a file: more than 48 million Gaussians.</exception>
    /// <exception cref="IOException">The file exists and may not be replaced, or cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be written.</exception>
    public void Save(string path, bool overwrite = false, bool quantised = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var data = new FieldData
        {
            Layout = _layout,
            Gaussians = Gaussians.ToArray(),
            Width = Width,
            Height = Height,
            CanvasWidth = PaddedWidth,
            CanvasHeight = PaddedHeight,
            Scale = Scale,
            DMax = _dMax,
            PublishedGeometry = _publishedGeometry,
            IsGrey = IsGrey,
            BitDepth = BitDepth,
            Source = Source,
            EvenImage = _evenAreas?.Image,
        };
        try
        {
            FieldCheck.Run(path, data.Gaussians, _layout);
        }
        catch (CheckpointFormatException e)
        {
            throw new ModelOutputException($"The field cannot be kept: {e.Message}", e);
        }

        FieldFile.Write(path, data, quantised, overwrite);
    }

    /// <summary>Draws the whole image at the scale it was made for: floor(Scale * Width) x floor(Scale * Height) pixels.</summary>
    /// <param name="destination">[height, width, 3] values of 0 to 255.</param>
    /// <exception cref="ArgumentException">The destination has another length.</exception>
    public void Render(Span<byte> destination) => RenderRows(0, OutputSize(Height), destination);

    /// <summary>Draws the whole image at the scale it was made for, with 16 bits per channel.</summary>
    /// <param name="destination">[height, width, 3] values of 0 to 65535.</param>
    /// <exception cref="ArgumentException">The destination has another length.</exception>
    public void Render(Span<ushort> destination) => RenderRows(0, OutputSize(Height), destination);

    /// <summary>Draws the whole image at the scale it was made for, as sums that are neither clamped nor rounded.</summary>
    /// <param name="destination">[height, width, 3] values of about 0 to 1.</param>
    /// <exception cref="ArgumentException">The destination has another length.</exception>
    public void Render(Span<float> destination) => RenderRows(0, OutputSize(Height), destination);

    /// <summary>Draws a part of the image at any magnification.</summary>
    /// <param name="left">The part's left edge, in pixels of the described image.</param>
    /// <param name="top">The part's top edge, in pixels of the described image.</param>
    /// <param name="magnification">Drawn pixels per pixel of the described image, 0.01 to 256.</param>
    /// <param name="width">Columns to draw, at least 1.</param>
    /// <param name="height">Rows to draw, at least 1.</param>
    /// <param name="destination">[height, width, 3] values of 0 to 255.</param>
    /// <exception cref="ArgumentException">The destination has another length, or an argument is out of its range.</exception>
    public void Render(double left, double top, double magnification, int width, int height, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (!(magnification is >= 0.01 and <= 256))
            throw new ArgumentOutOfRangeException(nameof(magnification), magnification, "A magnification is a number from 0.01 to 256.");
        Render(Canvas(magnification, magnification, magnification), left * magnification, top * magnification, width, height, destination);
    }

    /// <summary>Draws a part of the image onto a number of pixels.</summary>
    /// <param name="view">The part and the size of the output.</param>
    /// <param name="layout">The channels of the output; grey is the mean of the three colours, alpha is opaque.</param>
    /// <param name="destination">[output height, output width, channels] values of 0 to 255.</param>
    /// <exception cref="ArgumentException">The destination has another length, or the view is out of its range.</exception>
    public void Render(in FieldView view, PixelLayout layout, Span<byte> destination) => RenderView(view, layout, destination);

    /// <summary>Draws a part of the image onto a number of pixels, with 16 bits per channel.</summary>
    /// <param name="view">The part and the size of the output.</param>
    /// <param name="layout">The channels of the output; grey is the mean of the three colours, alpha is opaque.</param>
    /// <param name="destination">[output height, output width, channels] values of 0 to 65535.</param>
    /// <exception cref="ArgumentException">The destination has another length, or the view is out of its range.</exception>
    public void Render(in FieldView view, PixelLayout layout, Span<ushort> destination) => RenderView(view, layout, destination);

    /// <inheritdoc/>
    public void Dispose()
    {
        _gaussians.Dispose();
        if (_ownArena is null)
            return;
        _output.Dispose();
        _ownArena.Dispose();
    }

    /// <summary>Draws some rows of the whole image at the scale it was made for.</summary>
    /// <typeparam name="T">byte or ushort for rounded values, float for sums as they are.</typeparam>
    /// <param name="firstRow">The first row of the output.</param>
    /// <param name="rows">How many.</param>
    /// <param name="destination">[rows, output width, 3].</param>
    internal void RenderRows<T>(int firstRow, int rows, Span<T> destination)
        where T : unmanaged
    {
        // The output's size is rounded down, so that the scale of each axis is a little smaller than the one asked for.
        RasterSettings canvas = Canvas(Scale, (double)OutputSize(Width) / Width, (double)OutputSize(Height) / Height);
        Render(canvas, 0, firstRow, OutputSize(Width), rows, destination);
    }

    private void RenderView<T>(in FieldView view, PixelLayout layout, Span<T> destination)
        where T : unmanaged
    {
        view.Validate();
        int pixels = view.OutputWidth * view.OutputHeight;
        if (destination.Length != (long)pixels * layout.ChannelCount())
        {
            throw new ArgumentException(
                $"{destination.Length} values cannot hold {view.OutputWidth} x {view.OutputHeight} pixels with {layout.ChannelCount()} channels.",
                nameof(destination));
        }

        double scaleX = view.OutputWidth / view.Width;
        double scaleY = view.OutputHeight / view.Height;
        Span<T> drawn = layout == PixelLayout.Rgb ? destination : new T[pixels * 3];
        Render(Canvas(scaleX, scaleX, scaleY), view.Left * scaleX, view.Top * scaleY, view.OutputWidth, view.OutputHeight, drawn);
        if (layout != PixelLayout.Rgb)
            PixelConversion.FromColours(drawn, layout, destination);
    }

    // The padded image at the true scale of each axis, or as the published code has it for the scale asked for.
    private RasterSettings Canvas(double scale, double scaleX, double scaleY) => _publishedGeometry
        ? new((float)Math.Max(1, Math.Floor(scale * PaddedWidth)), (float)Math.Max(1, Math.Floor(scale * PaddedHeight)), scale, _dMax)
        {
            Layout = _layout,
        }
        : new(
            (float)(scaleX * PaddedWidth),
            (float)(scaleY * PaddedHeight),
            scaleX,
            _dMax,
            ScaleY: scaleY,
            LeastReach: _dMax * Math.Min(PaddedWidth - 1 / scaleX, PaddedHeight - 1 / scaleY) / 2 < HarmfulReach ? UnboundedReach : 0)
        {
            Layout = _layout,
        };

    private int OutputSize(int size) => (int)Math.Floor(Scale * size);

    private void Render<T>(in RasterSettings canvas, double left, double top, int width, int height, Span<T> destination)
        where T : unmanaged
    {
        if (destination.Length != (long)width * height * 3)
            throw new ArgumentException($"{destination.Length} values cannot hold an image of {width} x {height} x 3.", nameof(destination));
        int bandRows = (int)Math.Clamp(BandFloats / (3L * width), 1, height);
        for (int row = 0; row < height; row += bandRows)
        {
            int rows = Math.Min(bandRows, height - row);
            Span<T> band = destination.Slice(checked(row * width * 3), checked(rows * width * 3));
            _output.Draw(Gaussians, canvas with { ViewportLeft = left, ViewportTop = top + row }, rows, width, band);
            if (typeof(T) != typeof(float))
            {
                _evenAreas?.Blend(
                    left, top + row, canvas.CanvasWidth / (double)PaddedWidth, canvas.CanvasHeight / (double)PaddedHeight, width, band);
            }
        }
    }
}
