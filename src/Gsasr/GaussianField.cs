using Gsasr.Checkpoints;
using Gsasr.Fields;
using Gsasr.Pipeline;
using Gsasr.Raster;
using Gsasr.Tensors;
using Gsasr.Tensors.Files;

namespace Gsasr;

/// <summary>
/// An image as Gaussians on a device, 16 for each of its pixels where a network made them. It can be drawn at any size and in
/// any part, any number of times, without running the network again, and be kept in a file.
/// </summary>
/// <remarks>
/// The network is told the scale for which it makes the Gaussians. At another size the field draws the same picture, stretched. The field
/// owns device memory (704 bytes per padded pixel, and what drawing takes), so dispose of it before its device. It needs neither the
/// upscaler nor the model that it came from. Fields of one device can be drawn on any number of threads, but each field by one thread at a
/// time: a second call throws <see cref="InvalidOperationException"/>.
/// </remarks>
public sealed class GaussianField : IDisposable
{
    private readonly FieldDescription _description;
    private readonly Tensor _gaussians;
    private readonly EvenAreas? _evenAreas;
    private readonly Arena _arena;
    private readonly RasterStage _raster;
    private readonly ForwardPass _pass;
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
        _pass = new ForwardPass(_arena);
    }

    /// <summary>Columns of the image that was described.</summary>
    public int Width => _description.Width;

    /// <summary>Rows of the image that was described.</summary>
    public int Height => _description.Height;

    /// <summary>The scale for which the network made the Gaussians.</summary>
    public double Scale => _description.Scale;

    /// <summary>
    /// Whether the described image has no colours. If so, the picture is drawn in greys even where the layout of pixels has colours.
    /// </summary>
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
    /// <param name="path">A file that <see cref="Save(string, bool, bool)"/> wrote; <c>docs/field-files.md</c> describes it.</param>
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
        AtomicFile.Write(path, stream => Save(stream, path, quantised), overwrite);
    }

    /// <summary>Writes the field into a file that is open. Waits for the device.</summary>
    /// <param name="stream">Where to write; it stays open.</param>
    /// <param name="path">The file, for messages.</param>
    /// <param name="quantised">Whether to write 16-bit numbers.</param>
    /// <exception cref="ModelOutputException">A Gaussian is not a number.</exception>
    /// <exception cref="ArgumentException">The field is too large for a file.</exception>
    internal void Save(Stream stream, string path, bool quantised)
    {
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

        FieldFile.Write(stream, data, quantised);
    }

    /// <summary>Draws the whole image at the scale it was made for: floor(Scale * Width) x floor(Scale * Height) pixels.</summary>
    /// <typeparam name="T">What a channel is: byte, ushort or float. Floats are of 0 to 1, and are not rounded.</typeparam>
    /// <param name="destination">Receives the picture; grey is the mean of the three colours, alpha is opaque.</param>
    /// <param name="cancellation">Stops the work between bands of rows.</param>
    /// <exception cref="ArgumentException">The destination has another size.</exception>
    /// <exception cref="ModelOutputException">Values are not numbers.</exception>
    /// <exception cref="OperationCanceledException">The caller asked to stop.</exception>
    public void Render<T>(PixelSpan<T> destination, CancellationToken cancellation = default)
        where T : unmanaged
    {
        ImageGeometry geometry = Geometry;
        Draw(_description.Canvas(), geometry.OutputWidth, geometry.OutputHeight, destination, progress: null, cancellation);
    }

    /// <summary>Draws a part of the image onto a number of pixels.</summary>
    /// <typeparam name="T">What a channel is: byte, ushort or float. Floats are of 0 to 1, and are not rounded.</typeparam>
    /// <param name="view">The part and the size of the output.</param>
    /// <param name="destination">Receives the picture, of that size; grey is the mean of the three colours, alpha is opaque.</param>
    /// <param name="progress">Told from 0 to 1 how far the work is.</param>
    /// <param name="cancellation">Stops the work between bands of rows.</param>
    /// <exception cref="ArgumentException">The destination has another size, or the view is out of its range.</exception>
    /// <exception cref="ModelOutputException">Values are not numbers.</exception>
    /// <exception cref="OperationCanceledException">The caller asked to stop.</exception>
    public void Render<T>(
        in FieldView view, PixelSpan<T> destination, IProgress<double>? progress = null, CancellationToken cancellation = default)
        where T : unmanaged
    {
        view.Validate();
        double scaleX = view.OutputWidth / view.Width;
        double scaleY = view.OutputHeight / view.Height;
        RasterSettings canvas = _description.Canvas(scaleX, scaleX, scaleY) with
        {
            ViewportLeft = view.Left * scaleX,
            ViewportTop = view.Top * scaleY,
        };
        Draw(canvas, view.OutputWidth, view.OutputHeight, destination, progress, cancellation);
    }

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

    /// <summary>
    /// Draws the whole image at the scale it was made for, as sums that are neither clamped nor rounded, without even areas.
    /// </summary>
    /// <param name="sums">[height, width, 3] values of about 0 to 1.</param>
    internal void RenderSums(Span<float> sums)
    {
        using ExclusiveUse.Scope use = _use.Begin();
        _raster.DrawSums(_gaussians, _description.Canvas(), Geometry.OutputWidth, Geometry.OutputHeight, sums);
    }

    private void Draw<T>(
        in RasterSettings canvas, int width, int height, PixelSpan<T> destination, IProgress<double>? progress, CancellationToken cancellation)
        where T : unmanaged
    {
        if ((destination.Width, destination.Height) != (width, height))
        {
            throw new ArgumentException(
                $"The picture has {width} x {height} pixels and the destination {destination.Width} x {destination.Height}.", nameof(destination));
        }

        using ExclusiveUse.Scope use = _use.Begin();
        _pass.Begin(progress, cancellation);
        _pass.Meter.BeginWork(RasterStage.Work(width, height));
        int firstRow = 0;
        _raster.Draw(
            new DrawnPicture(_gaussians, _description, _evenAreas),
            canvas,
            new PixelRectangle(0, 0, width, height),
            new PictureWriter<T>(destination),
            ref firstRow,
            _arena.Device.AvailableMemoryBytes + _arena.HeldBytes + _raster.HeldBytes,
            network: null,
            _pass);
        _pass.Meter.Finish();
    }
}
