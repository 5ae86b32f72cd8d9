using Gsasr.Cli.Reporting;
using Gsasr.Imaging;
using Gsasr.Tensors;

namespace Gsasr.Cli.Upscaling;

/// <summary>A device with the model on it, open for as many pictures as there are.</summary>
internal sealed class DeviceSession : IDisposable
{
    private readonly Reporter _reporter;
    private readonly Device _device;
    private readonly Upscaler _upscaler;

    /// <summary>Opens a device and puts the model on it.</summary>
    /// <param name="name">The device's name, as of --device.</param>
    /// <param name="model">The model.</param>
    /// <param name="options">How to compute.</param>
    /// <param name="reporter">Takes what there is to say of the device.</param>
    /// <param name="cancellation">Stops the loading.</param>
    /// <exception cref="DeviceException">The device is not there, or does not work.</exception>
    /// <exception cref="NotSupportedException">It has no mixed precision, which was asked for.</exception>
    public DeviceSession(string name, GsasrModel model, UpscalerOptions options, Reporter reporter, CancellationToken cancellation)
    {
        _reporter = reporter;
        _device = DeviceOpening.Open(name, reporter);
        try
        {
            _upscaler = new Upscaler(model, _device, options, cancellation: cancellation);
        }
        catch
        {
            _device.Dispose();
            throw;
        }

        reporter.Report(new DeviceOpened(
            _device.Name, DeviceOpening.NameOf(_device.Kind), model.Name, model.Source, _upscaler.Precision.Describe()));
    }

    /// <summary>The device's name for people.</summary>
    public string DeviceName => _device.Name;

    /// <summary>How precisely the networks compute.</summary>
    public Precision Precision => _upscaler.Precision;

    /// <summary>Whether the device failed, other than by having too little memory for a picture; then nothing more can be expected of it.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Draws a picture.</summary>
    /// <param name="work">The picture.</param>
    /// <param name="scale">The scale that was asked for; null where a size was.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="OperationCanceledException">The caller asked to stop.</exception>
    /// <exception cref="DeviceException">The device failed, or has too little memory.</exception>
    /// <exception cref="ModelOutputException">The model computed values that are not numbers.</exception>
    public Image Draw(PictureWork work, double? scale, CancellationToken cancellation)
    {
        try
        {
            return DrawWhole(work, scale, cancellation);
        }
        catch (DeviceException e) when (e is not DeviceMemoryException)
        {
            HasFailed = true;
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _upscaler.Dispose();
        _device.Dispose();
    }

    private Image DrawWhole(PictureWork work, double? scale, CancellationToken cancellation)
    {
        work.Report.Stage(WorkStage.Computing);
        using StageReport? timings = _reporter.IsVerbose ? new StageReport(_upscaler, _device) : null;
        Image image = work.Image;
        (int width, int height) = (work.Frame.DrawnWidth, work.Frame.DrawnHeight);
        int samples = checked(width * height * image.ChannelCount);
        PixelLayout layout = FieldPaths.LayoutOf(image);
        Image result;
        if (image.BitDepth == 8)
        {
            var pixels = new byte[samples];
            _upscaler.Upscale<byte>(
                new(image.Samples8, image.Width, image.Height, layout), new(pixels, width, height, layout), scale, work.Report, cancellation);
            result = new Image(width, height, image.Layout, pixels);
        }
        else
        {
            var pixels = new ushort[samples];
            _upscaler.Upscale<ushort>(
                new(image.Samples16, image.Width, image.Height, layout), new(pixels, width, height, layout), scale, work.Report, cancellation);
            result = new Image(width, height, image.Layout, pixels);
        }

        timings?.Send(work.Report);
        if (_upscaler.WasRepeated)
            work.Report.Note(SharedOptions.RepeatedNote);
        result.Metadata = image.Metadata.ForSize(width, height);
        return result;
    }
}
