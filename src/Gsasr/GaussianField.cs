using Gsasr.Checkpoints;
using Gsasr.Fields;
using Gsasr.Pipeline;
using Gsasr.Raster;
using Gsasr.Tensors;

namespace Gsasr;

/// <summary>
/// An image as Gaussians on a device, 16 for each of its pixels where a network made them. It can be drawn at any size and in
/// any part, any number of times, without running the network again, and be kept in a file.
/// </summary>
/// <remarks>
/// The network is told the scale for which it makes the Gaussians; drawn at another size, the field is the same picture, stretched.
/// Owns device memory (704 bytes per padded pixel, and what drawing takes): dispose of it before its device. It needs neither the
/// upscaler nor the model that it came from. Fields of one device can be drawn on any number of threads, but each by one thread at a
/// time: a call while another one is under way throws <see cref="InvalidOperationException"/>.
/// </remarks>
public sealed class GaussianField : IDisposable
{
    private readonly FieldDescription _description;
    private readonly Tensor _gaussians;
    private readonly EvenAreas? _evenAreas;
    private readonly Arena _arena;
    private readonly RasterStage _raster;
    private readonly ExclusiveUse _use = new("field", nameof(GaussianField));

    /// <summary>Describes Gaussians that are on a device already.</summary>
    /// <param name="gaussians">[rows, columns, channels of the layout], a whole buffer, which is owned from now on.</param>
    /// <param name="description">How to draw them.</param>
    /// <param name="evenAreas">The image's even areas, if there are any to be kept.</param>
    internal GaussianField(in Tensor gaussians, FieldDescription description, EvenAreas? evenAreas)
    {
        _description = description;
        _gaussians = gaussians;
        _evenAreas = evenAreas;
        _arena = new Arena(gaussians.Device);
        _raster = new RasterStage(_arena);
    }

    /// <summary>Columns of the image that was described.</summary>
    public int Width => _description.Width;

    /// <summary>Rows of the image that was described.</summary>
    public int Height => _description.Height;

    /// <summary>The scale for which the network made the Gaussians.</summary>
    public double Scale => _description.Scale;

    /// <summary>Whether the described image has no colours; it is drawn in greys where the layout of pixels has none either.</summary>
    public bool IsGrey => _description.IsGrey;

    /// <summary>Bits per channel of the described image, 8 or 16.</summary>
    public int BitDepth => _description.BitDepth;

    /// <summary>Where the Gaussians come from, for people to read: a model's name, for instance.</summary>
    public string Source => _description.Source;

    /// <summary>How many Gaussians there are.</summary>
    public long Count => _gaussians.Pixels;

    /// <summary>All sizes of the image.</summary>
    internal ImageGeometry Geometry => _description.Geometry;

    /// <summary>All Gaussians, [rows, columns, channels of the layout], in the order in which tiles added them.</summary>
    internal Tensor Gaussians => _gaussians;

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
        return Create(FieldFile.Read(path), device);
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
        using ExclusiveUse.Scope use = _use.Begin();
        var data = new FieldData(_description, _gaussians.ToArray()) { EvenImage = _evenAreas?.Image };
        try
        {
            FieldCheck.Run(path, data.Gaussians, data.Layout);
        }
        catch (CheckpointFormatException e)
        {
            throw new ModelOutputException($"The field cannot be kept: {e.Message}", e);
        }

        FieldFile.Write(path, data, quantised, overwrite);
    }

    /// <summary>Draws the whole image at the scale it was made for: floor(Scale * Width) x floor(Scale * Height) pixels.</summary>
    /// <param name="destination">[height, width, 3] values of 0 to 255.</param>
    /// <param name="cancellation">Stops the work between bands of rows.</param>
    /// <exception cref="ArgumentException">The destination has another length.</exception>
    /// <exception cref="OperationCanceledException">The caller asked to stop.</exception>
    public void Render(Span<byte> destination, CancellationToken cancellation = default) => RenderWhole(destination, cancellation);

    /// <summary>Draws the whole image at the scale it was made for, with 16 bits per channel.</summary>
    /// <param name="destination">[height, width, 3] values of 0 to 65535.</param>
    /// <param name="cancellation">Stops the work between bands of rows.</param>
    /// <exception cref="ArgumentException">The destination has another length.</exception>
    /// <exception cref="OperationCanceledException">The caller asked to stop.</exception>
    public void Render(Span<ushort> destination, CancellationToken cancellation = default) => RenderWhole(destination, cancellation);

    /// <summary>Draws the whole image at the scale it was made for, as sums that are neither clamped nor rounded.</summary>
    /// <param name="destination">[height, width, 3] values of about 0 to 1.</param>
    /// <param name="cancellation">Stops the work between bands of rows.</param>
    /// <exception cref="ArgumentException">The destination has another length.</exception>
    /// <exception cref="OperationCanceledException">The caller asked to stop.</exception>
    public void Render(Span<float> destination, CancellationToken cancellation = default) => RenderWhole(destination, cancellation);

    /// <summary>Draws a part of the image at any magnification.</summary>
    /// <param name="left">The part's left edge, in pixels of the described image.</param>
    /// <param name="top">The part's top edge, in pixels of the described image.</param>
    /// <param name="magnification">Drawn pixels per pixel of the described image, 0.01 to 256.</param>
    /// <param name="width">Columns to draw, at least 1.</param>
    /// <param name="height">Rows to draw, at least 1.</param>
    /// <param name="destination">[height, width, 3] values of 0 to 255.</param>
    /// <param name="cancellation">Stops the work between bands of rows.</param>
    /// <exception cref="ArgumentException">The destination has another length, or an argument is out of its range.</exception>
    /// <exception cref="OperationCanceledException">The caller asked to stop.</exception>
    public void Render(
        double left, double top, double magnification, int width, int height, Span<byte> destination, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (!(magnification is >= 0.01 and <= 256))
            throw new ArgumentOutOfRangeException(nameof(magnification), magnification, "A magnification is a number from 0.01 to 256.");
        RasterSettings canvas = _description.Canvas(magnification, magnification, magnification) with
        {
            ViewportLeft = left * magnification,
            ViewportTop = top * magnification,
        };
        Render(canvas, width, height, destination, null, cancellation);
    }

    /// <summary>Draws a part of the image onto a number of pixels.</summary>
    /// <param name="view">The part and the size of the output.</param>
    /// <param name="layout">The channels of the output; grey is the mean of the three colours, alpha is opaque.</param>
    /// <param name="destination">[output height, output width, channels] values of 0 to 255.</param>
    /// <param name="progress">Told from 0 to 1 how far the work is.</param>
    /// <param name="cancellation">Stops the work between bands of rows.</param>
    /// <exception cref="ArgumentException">The destination has another length, or the view is out of its range.</exception>
    /// <exception cref="OperationCanceledException">The caller asked to stop.</exception>
    public void Render(
        in FieldView view, PixelLayout layout, Span<byte> destination, IProgress<double>? progress = null, CancellationToken cancellation = default) =>
        RenderView(view, layout, destination, progress, cancellation);

    /// <summary>Draws a part of the image onto a number of pixels, with 16 bits per channel.</summary>
    /// <param name="view">The part and the size of the output.</param>
    /// <param name="layout">The channels of the output; grey is the mean of the three colours, alpha is opaque.</param>
    /// <param name="destination">[output height, output width, channels] values of 0 to 65535.</param>
    /// <param name="progress">Told from 0 to 1 how far the work is.</param>
    /// <param name="cancellation">Stops the work between bands of rows.</param>
    /// <exception cref="ArgumentException">The destination has another length, or the view is out of its range.</exception>
    /// <exception cref="OperationCanceledException">The caller asked to stop.</exception>
    public void Render(
        in FieldView view, PixelLayout layout, Span<ushort> destination, IProgress<double>? progress = null, CancellationToken cancellation = default) =>
        RenderView(view, layout, destination, progress, cancellation);

    /// <summary>Releases the field's memory.</summary>
    /// <exception cref="InvalidOperationException">The field is being drawn by another thread.</exception>
    public void Dispose()
    {
        if (!_use.End())
            return;
        _gaussians.Buffer.Dispose();
        _raster.Dispose();
        _arena.Dispose();
    }

    /// <summary>Puts a field on a device.</summary>
    /// <param name="data">The field.</param>
    /// <param name="device">The device.</param>
    internal static GaussianField Create(FieldData data, Device device)
    {
        EvenAreas? evenAreas = data.EvenImage is null ? null : EvenAreas.Of(data.EvenImage, data.Width, data.Height);
        return new GaussianField(device.Upload(data.Gaussians, 1, data.Count, data.Columns), data, evenAreas);
    }

    private void RenderWhole<T>(Span<T> destination, CancellationToken cancellation)
        where T : unmanaged
    {
        ImageGeometry geometry = Geometry;
        Render(_description.Canvas(), geometry.OutputWidth, geometry.OutputHeight, destination, null, cancellation);
    }

    private void RenderView<T>(in FieldView view, PixelLayout layout, Span<T> destination, IProgress<double>? progress, CancellationToken cancellation)
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
        RasterSettings canvas = _description.Canvas(scaleX, scaleX, scaleY) with
        {
            ViewportLeft = view.Left * scaleX,
            ViewportTop = view.Top * scaleY,
        };
        Span<T> drawn = layout == PixelLayout.Rgb ? destination : new T[checked(pixels * 3)];
        Render(canvas, view.OutputWidth, view.OutputHeight, drawn, progress, cancellation);
        if (layout != PixelLayout.Rgb)
            PixelConversion.FromColours(drawn, layout, destination);
    }

    private void Render<T>(
        in RasterSettings canvas, int width, int height, Span<T> destination, IProgress<double>? progress, CancellationToken cancellation)
        where T : unmanaged
    {
        if (destination.Length != (long)width * height * 3)
            throw new ArgumentException($"{destination.Length} values cannot hold an image of {width} x {height} x 3.", nameof(destination));
        using ExclusiveUse.Scope use = _use.Begin();
        var meter = new ProgressMeter(_arena.Device, progress);
        meter.Begin(0, 1, RasterStage.Work(width, height));
        _raster.Draw(
            new DrawnField(_gaussians, _description, _evenAreas),
            canvas,
            width,
            height,
            destination,
            width,
            _arena.Device.AvailableMemoryBytes + _arena.HeldBytes + _raster.HeldBytes,
            new ForwardPass(_arena, meter, cancellation: cancellation));
        meter.Finish();
    }
}
