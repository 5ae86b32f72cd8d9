using System.Diagnostics;
using System.Globalization;
using Gsasr.Cli.Reporting;
using Gsasr.Imaging;
using Gsasr.Tensors;

namespace Gsasr.Cli.Upscaling;

/// <summary>A device with the model on it, open for all pictures.</summary>
internal sealed class DeviceSession : IDisposable
{
    private readonly Reporter _reporter;
    private readonly UpscaleRequest _request;
    private readonly Device _device;
    private readonly Upscaler _upscaler;

    private DeviceSession(Device device, Upscaler upscaler, string modelName, UpscaleRequest request, Reporter reporter)
    {
        _device = device;
        _upscaler = upscaler;
        ModelName = modelName;
        _request = request;
        _reporter = reporter;
    }

    /// <summary>Opens a device and puts the model on it, at the same time.</summary>
    /// <param name="name">The device's name, as of --device.</param>
    /// <param name="loading">The model, which may be on its way.</param>
    /// <param name="request">How to compute.</param>
    /// <param name="reporter">Takes what there is to say of the device.</param>
    /// <param name="cancellation">Stops the loading.</param>
    /// <exception cref="DeviceException">The device is not there, or does not work.</exception>
    /// <exception cref="NotSupportedException">Mixed precision was asked for, and the device does not have it.</exception>
    public static async Task<DeviceSession> OpenAsync(
        string name, Task<GsasrModel> loading, UpscaleRequest request, Reporter reporter, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        DeviceSelection selection = DeviceOpening.Begin(name, reporter);
        (DeviceSession session, DeviceOpened opened) = await selection.OpenAsync(
            device => LoadAsync(device, start, loading, request, reporter, cancellation), cancellation).ConfigureAwait(false);
        DeviceOpening.Tell(selection, session._device, reporter);
        reporter.Report(opened);
        return session;
    }

    /// <summary>The model's name.</summary>
    public string ModelName { get; }

    /// <summary>The device's name for people.</summary>
    public string DeviceName => _device.Name;

    /// <summary>How precisely the networks compute.</summary>
    public Precision Precision => _upscaler.Precision;

    /// <summary>
    /// Whether --memory is for all that the program takes, and not for a GPU's memory. Then pictures must not be in memory side by side.
    /// </summary>
    public bool LimitsProgram => _request.Memory is not null && _device.Kind == DeviceKind.Cpu;

    /// <summary>
    /// Whether the device failed for another reason than too little memory for a picture. It cannot be used any more then.
    /// </summary>
    public bool HasFailed { get; private set; }

    /// <summary>Draws a picture.</summary>
    /// <param name="work">The picture.</param>
    /// <param name="scale">The scale that was asked for; null if a size was.</param>
    /// <param name="rows">Takes the rows of the output.</param>
    /// <exception cref="OperationCanceledException">The rows are not wanted any more.</exception>
    /// <exception cref="DeviceException">The device failed, or has too little memory.</exception>
    /// <exception cref="ModelOutputException">The model computed values that are not numbers.</exception>
    /// <exception cref="NotSupportedException">The allowed memory is less than the program takes without drawing.</exception>
    public void Draw(PictureWork work, double? scale, RowQueue rows)
    {
        work.Report.Stage(WorkStage.Computing);
        using StageReport? timings = _reporter.IsVerbose ? new StageReport(_upscaler, _device) : null;
        long taken = TakenBytes(work);
        try
        {
            if (_request.Memory is long memory)
                _upscaler.MemoryLimitBytes = Math.Max(1, memory - taken);
            if (work.Image.BitDepth == 8)
                Draw<byte>(work.Image.Samples8, work, scale, rows);
            else
                Draw<ushort>(work.Image.Samples16, work, scale, rows);
        }
        catch (DeviceMemoryException) when (_request.Memory is long memory && _upscaler.LastPlan is { IsSmallest: true } plan && plan.TotalBytes > memory - taken)
        {
            throw new NotSupportedException(TooLittle(memory, taken, plan.TotalBytes));
        }
        catch (DeviceException e) when (e is not DeviceMemoryException)
        {
            HasFailed = true;
            throw;
        }
        finally
        {
            // The next picture is decoded before it is known how much it leaves for the computing.
            if (LimitsProgram)
                _upscaler.ReleaseMemory();
        }

        timings?.Send(work.Report);
        if (_upscaler.WasRepeated)
            work.Report.Note(SharedOptions.RepeatedNote);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _upscaler.Dispose();
        _device.Dispose();
    }

    private static async Task<(DeviceSession Session, DeviceOpened Opened)> LoadAsync(
        Device device, long start, Task<GsasrModel> loading, UpscaleRequest request, Reporter reporter, CancellationToken cancellation)
    {
        Upscaler? upscaler = null;
        try
        {
            Task<long> opening = EndAsync(device.Opening);
            GsasrModel model = await loading.ConfigureAwait(false);
            long recognised = Stopwatch.GetTimestamp();
            upscaler = new Upscaler(model, device, request.Options, cancellation: cancellation);
            TimeSpan packing = Stopwatch.GetElapsedTime(recognised);
            long opened = await opening.ConfigureAwait(false);
            long packed = Stopwatch.GetTimestamp();
            device.FinishOpening();
            var told = new DeviceOpened(
                device.Name,
                DeviceOpening.NameOf(device.Kind),
                model.Name,
                model.Source,
                upscaler.Precision.Describe(),
                Milliseconds(Stopwatch.GetElapsedTime(start, opened)),
                Milliseconds(packing + Stopwatch.GetElapsedTime(packed)),
                request.Options.Precision == Precision.Auto ? MixedPrecision.ReservationOfAuto(model.Architecture, device) : null);
            return (new DeviceSession(device, upscaler, model.Name, request, reporter), told);
        }
        catch
        {
            upscaler?.Dispose();
            throw;
        }

        static async Task<long> EndAsync(Task task)
        {
            await task.ConfigureAwait(false);
            return Stopwatch.GetTimestamp();
        }
    }

    private void Draw<T>(ReadOnlySpan<T> samples, PictureWork work, double? scale, RowQueue rows)
        where T : unmanaged
    {
        PixelLayout layout = FieldPaths.LayoutOf(work.Image);
        var source = new ReadOnlyPixelSpan<T>(samples, work.Image.Width, work.Image.Height, layout);
        OutputFrame frame = work.Frame;
        var converter = new RowConverter<T>(work.Output.BitDepth, rows);
        var progress = new TileProgress(_upscaler, work.Report);
        if ((frame.Width, frame.Height) == (frame.DrawnWidth, frame.DrawnHeight))
        {
            _upscaler.Upscale(source, frame.DrawnWidth, frame.DrawnHeight, layout, converter.Take, scale, progress, rows.Stopped);
            return;
        }

        var kept = new PixelRectangle(frame.Left, frame.Top, frame.Width, frame.Height);
        _upscaler.UpscalePart(source, frame.DrawnWidth, frame.DrawnHeight, kept, layout, converter.Take, progress, rows.Stopped);
    }

    // On a GPU the limit is for its memory, on the processor for everything that the program takes: what it takes now, with the weights and
    // the image, and what the writing will take.
    private long TakenBytes(PictureWork work)
    {
        if (!LimitsProgram)
            return 0;
        // What the decoder has left behind would count.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return Environment.WorkingSet + RowQueue.Bytes + ImageWriter.EstimateBytes(work.Format, work.Output, _request.Writing);
    }

    private static double Milliseconds(TimeSpan time) => Math.Round(time.TotalMilliseconds, 1);

    // What the program itself takes differs a little from run to run.
    private static string TooLittle(long memory, long taken, long drawing)
    {
        const double Mebibyte = 1 << 20;
        string reason = taken > 0
            ? $"the program, the model, the image and the writing of the output take {taken >> 20} MiB, and the computing in the smallest tiles takes {Math.Ceiling(drawing / Mebibyte):0} MiB more"
            : $"the computing in the smallest tiles takes {Math.Ceiling(drawing / Mebibyte):0} MiB";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"--memory {memory / Mebibyte:0.###}M is too little: {reason}. --memory {Math.Ceiling((1.1 * taken + drawing) / Mebibyte):0}M is enough.");
    }
}
