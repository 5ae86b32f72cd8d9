using System.Runtime.CompilerServices;
using Gsasr.Architecture;
using Gsasr.Checkpoints;
using Gsasr.Layers;
using Gsasr.Pipeline;
using Gsasr.Raster;
using Gsasr.Tensors;

namespace Gsasr;

/// <summary>
/// Upscales images with one model on one device: pixels in, pixels out, at any scale. Weights and working memory stay on the
/// device from image to image; after the first image of a size nothing is allocated there for the next.
/// </summary>
/// <remarks>
/// Models and devices can be shared by any number of upscalers and threads. An upscaler serves one call at a time: a call while another
/// one is under way throws <see cref="InvalidOperationException"/>; use one upscaler for each thread. It must be disposed of before its device.
/// <para>
/// An image has the same bits whatever other upscalers of the device do, as long as it is cut into the same tiles; pixels near the seams of other
/// tiles differ a little. Tiles are as large as the memory allows that is free when the image begins, so upscalers that work at once on
/// a device without memory to spare can change each other's tiles. They cannot if <see cref="UpscalerOptions.MemoryLimitBytes"/> gives each of
/// them a share that is free whatever the others hold: then the limit alone decides.
/// </para>
/// </remarks>
public sealed class Upscaler : IDisposable
{
    /// <summary>The smallest scale.</summary>
    public const double MinimumScale = 1;

    /// <summary>The largest scale.</summary>
    public const double MaximumScale = 64;

    private readonly GsasrArchitecture _architecture;
    private readonly Device _device;
    private readonly UpscalerOptions _options;
    private readonly NetworkStage _network;
    private readonly ImagePipeline _pipeline;
    private HostMemory _band = new();
    private readonly ExclusiveUse _use = new("upscaler", nameof(Upscaler));

    /// <summary>Puts a model's weights on a device.</summary>
    /// <param name="model">The model.</param>
    /// <param name="device">The device; it must outlive the upscaler.</param>
    /// <param name="options">How to work; null for the defaults.</param>
    /// <param name="progress">Told from 0 to 1 how much of the weights is loaded.</param>
    /// <param name="cancellation">Stops the loading.</param>
    /// <exception cref="OperationCanceledException">The caller asked to stop; nothing stays on the device.</exception>
    /// <exception cref="CheckpointFormatException">The weights cannot be read.</exception>
    /// <exception cref="DeviceException">The device failed or has too little memory.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its range.</exception>
    /// <exception cref="NotSupportedException">Mixed precision was asked for, which the device or the model does not have.</exception>
    public Upscaler(
        GsasrModel model,
        Device device,
        UpscalerOptions? options = null,
        IProgress<double>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(device);
        _options = options ?? new UpscalerOptions();
        _options.Validate(nameof(options));
        _architecture = model.Architecture;
        _device = device;
        _network = new NetworkStage(model, device, _options.Precision, progress, cancellation);
        _pipeline = new ImagePipeline(_network, device, _architecture, _options);
    }

    /// <summary>The most bytes of working memory that were in use on the device at once, without weights and fields.</summary>
    public long PeakWorkingBytes => _pipeline.Workspace.Arena.PeakBytes;

    /// <summary>
    /// The most bytes of memory that the next image may take; at first <see cref="UpscalerOptions.MemoryLimitBytes"/>. Do not change it
    /// during a call.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    /// <exception cref="InvalidOperationException">The upscaler is in use by another call.</exception>
    public long MemoryLimitBytes
    {
        get => _pipeline.Workspace.MemoryLimitBytes;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            using ExclusiveUse.Scope use = _use.Begin();
            _pipeline.Workspace.MemoryLimitBytes = value;
        }
    }

    /// <summary>How precisely the networks compute: <see cref="Precision.Mixed"/> or <see cref="Precision.Float32"/>.</summary>
    public Precision Precision => _network.Precision;

    /// <summary>
    /// Whether values of the last image left float16's range, so that it was computed again in float32; always false if <see
    /// cref="Precision"/> is float32.
    /// </summary>
    public bool WasRepeated => _network.WasRepeated;

    /// <summary>Measures the stages of each image; null for no measuring.</summary>
    internal StageClock? Clock
    {
        get => _pipeline.Pass.Clock;
        set => _pipeline.Pass.Clock = value;
    }

    /// <summary>Called, in tests, with what the networks compute on the way to the Gaussians; see <see cref="NetworkStage.Tap"/>.</summary>
    internal Action<string, Tensor>? Tap
    {
        get => _network.Tap;
        set => _network.Tap = value;
    }

    /// <summary>How the last image was worked on.</summary>
    internal MemoryPlan? LastPlan => _pipeline.Workspace.Plan;

    /// <summary>The tile that is worked on, from 1, and how many there are; for who is told of the progress.</summary>
    internal (int Number, int Count) Tile => (_pipeline.Pass.Meter.Tile, _pipeline.Pass.Meter.Tiles);

    /// <summary>How images are to be worked on, whatever memory there is, to draw one again as it was drawn elsewhere; null for a plan of their own.</summary>
    internal MemoryPlan? FixedPlan
    {
        set => _pipeline.Workspace.FixedPlan = value;
    }

    /// <summary>Gives back all memory but the weights, of the device and of the host. The next image takes its own.</summary>
    internal void ReleaseMemory()
    {
        using ExclusiveUse.Scope use = _use.Begin();
        _pipeline.ReleaseMemory();
        _band = new HostMemory();
    }

    /// <summary>Whether a device that was found has mixed precision, for the models that have it. On Turing it is taken only on request.</summary>
    /// <param name="device">The device.</param>
    public static bool HasMixedPrecision(DeviceDescription device) => TensorCores.IsSupported(device);

    /// <summary>The size of the output for an input: floor(scale * size), as the published code has it.</summary>
    /// <param name="width">Columns of the input.</param>
    /// <param name="height">Rows of the input.</param>
    /// <param name="scale">Output pixels per input pixel.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is outside its range, or the output is too large.</exception>
    public static (int Width, int Height) OutputSize(int width, int height, double scale)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (!(scale is >= MinimumScale and <= MaximumScale))
            throw new ArgumentOutOfRangeException(nameof(scale), scale, $"A scale is a number from {MinimumScale} to {MaximumScale}.");
        double outputWidth = Math.Floor(scale * width);
        double outputHeight = Math.Floor(scale * height);
        if (outputWidth * outputHeight * 4 > int.MaxValue)
        {
            throw new ArgumentOutOfRangeException(
                nameof(scale), scale, FormattableString.Invariant($"An output of {outputWidth} x {outputHeight} pixels is too large; the limit is {int.MaxValue / 4} pixels."));
        }

        return ((int)outputWidth, (int)outputHeight);
    }

    /// <summary>
    /// Says how much memory an image would take beside the weights, given what is free now and what the options allow. On the processor
    /// that includes a picture that is put together whole before its rows are handed over; with a destination of the caller's it is not needed.
    /// </summary>
    /// <typeparam name="T">What a channel is: byte, ushort or float.</typeparam>
    /// <param name="width">Columns of the input.</param>
    /// <param name="height">Rows of the input.</param>
    /// <param name="layout">The channels. If there is alpha, some pixels are assumed to be transparent.</param>
    /// <param name="outputWidth">Columns of the output, 1 to 64 times those of the input.</param>
    /// <param name="outputHeight">Rows of the output, likewise.</param>
    /// <exception cref="ArgumentException">An argument is outside its range, or the input is too large.</exception>
    /// <exception cref="NotSupportedException">T is another type.</exception>
    /// <exception cref="ObjectDisposedException">The upscaler or its device was disposed of.</exception>
    public MemoryEstimate EstimateMemory<T>(int width, int height, PixelLayout layout, int outputWidth, int outputHeight)
        where T : unmanaged
    {
        PixelSpans.CheckType<T>();
        ImageGeometry geometry = Geometry(width, height, outputWidth, outputHeight, scale: null);
        using ExclusiveUse.Scope use = _use.Begin();
        var format = new DrawnFormat(Unsafe.SizeOf<T>(), layout.HasAlpha() ? 2 : 1, layout.ChannelCount());
        return _pipeline.Workspace.Estimate(geometry, format).Describe();
    }

    /// <summary>
    /// Upscales an image to the size of the destination. Each axis has a factor of its own, of 1 to 64. Layouts may differ: grey is the mean of the
    /// colours, alpha is opaque where the source has none, and is left out where the destination has none.
    /// </summary>
    /// <typeparam name="T">What a channel is: byte, ushort or float. Floats are of 0 to 1, and are not rounded.</typeparam>
    /// <param name="source">The image.</param>
    /// <param name="destination">Receives the picture; its memory is not that of the source.</param>
    /// <param name="scale">
    /// The scale that the network is told, 1 to 64; null for the geometric mean of the two axes' factors. For a destination of
    /// <see cref="OutputSize"/> the scale given there is what the published code tells it.
    /// </param>
    /// <param name="progress">Told from 0 to 1 how far the work is.</param>
    /// <param name="cancellation">Stops the work between layers and between bands of rows.</param>
    /// <exception cref="ArgumentException">A size or the scale is outside its range, or a float is not a number.</exception>
    /// <exception cref="OperationCanceledException">The caller asked to stop.</exception>
    /// <exception cref="DeviceException">The device failed, or has too little memory for the smallest tile.</exception>
    /// <exception cref="ModelOutputException">The model computed values that are not numbers.</exception>
    /// <exception cref="InvalidOperationException">The upscaler is in use by another call.</exception>
    public void Upscale<T>(
        ReadOnlyPixelSpan<T> source,
        PixelSpan<T> destination,
        double? scale = null,
        IProgress<double>? progress = null,
        CancellationToken cancellation = default)
        where T : unmanaged
    {
        ImageGeometry geometry = Geometry(source.Width, source.Height, destination.Width, destination.Height, scale);
        using ExclusiveUse.Scope use = _use.Begin();
        _pipeline.Upscale(source, geometry, new PictureWriter<T>(destination), progress, cancellation);
    }

    /// <summary>
    /// Upscales many images, each as a single call of <see
    /// cref="Upscale{T}(ReadOnlyPixelSpan{T}, PixelSpan{T}, double?, IProgress{double}?, CancellationToken)"/> would: every upscaler works on one
    /// image at a time, and takes the next one of the list when it has finished. Nothing is allocated for an image that a single call would not.
    /// </summary>
    /// <remarks>
    /// The first upscaler works on the thread of this call, each other one on a thread of its own. Upscalers of several devices share the work;
    /// two of one device can overlap what one of them does on the host with the other's work on the device.
    /// Which upscaler takes an image is not determined, so give them the same model and options.
    /// </remarks>
    /// <typeparam name="T">What a channel is: byte, ushort or float.</typeparam>
    /// <param name="upscalers">One or more upscalers, none twice. They serve no other call meanwhile.</param>
    /// <param name="items">The images, and where their pictures go. The list and the images stay as they are until the call returns.</param>
    /// <param name="finished">
    /// Told the place in the list, from 0, of each picture that is there, on the thread of its upscaler and thus by several threads at once; what
    /// it throws ends the batch.
    /// </param>
    /// <param name="cancellation">Stops the work, within an image too. Pictures that <paramref name="finished"/> was told of are complete.</param>
    /// <exception cref="ArgumentException">There is no upscaler, or one is null or there twice.</exception>
    /// <exception cref="InvalidOperationException">An upscaler is in use by another call; nothing was done.</exception>
    /// <exception cref="ObjectDisposedException">An upscaler was disposed of; nothing was done.</exception>
    /// <exception cref="OperationCanceledException">The caller asked to stop, and some images were not finished.</exception>
    /// <exception cref="UpscaleBatchException">
    /// Some images failed; all others were finished. An upscaler whose device failed takes no more images; if none is left, the images that were
    /// not begun have failed too.
    /// </exception>
    public static void UpscaleBatch<T>(
        IReadOnlyList<Upscaler> upscalers, IReadOnlyList<UpscaleItem<T>> items, IProgress<int>? finished = null, CancellationToken cancellation = default)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(upscalers);
        ArgumentNullException.ThrowIfNull(items);
        Upscaler[] all = [.. upscalers];
        if (all.Length == 0 || all.Contains(null) || all.Distinct().Count() < all.Length)
            throw new ArgumentException("A batch needs one upscaler or more, and each of them once.", nameof(upscalers));
        cancellation.ThrowIfCancellationRequested();
        var uses = new List<ExclusiveUse.Scope>();
        try
        {
            foreach (Upscaler upscaler in all)
                uses.Add(upscaler._use.Begin());
            new BatchRun<T>(items, finished, cancellation).Run(all);
        }
        finally
        {
            foreach (ExclusiveUse.Scope use in uses)
                use.Dispose();
        }
    }

    /// <summary>
    /// Upscales an image and hands its rows over as soon as they are finished, so that the output, which may be gigabytes, need not be in
    /// memory at once. Two kinds of image are put together whole first: those that wrap, and those so wide that no row of tiles fits into
    /// the memory.
    /// </summary>
    /// <param name="source">The image; it must stay as it is until the call returns.</param>
    /// <param name="outputWidth">Columns of the output, 1 to 64 times those of the source.</param>
    /// <param name="outputHeight">Rows of the output, 1 to 64 times those of the source.</param>
    /// <param name="outputLayout">The channels of the output.</param>
    /// <param name="receive">Takes the rows, on the thread of this call; what it throws ends the work.</param>
    /// <param name="scale">
    /// The scale that the network is told, 1 to 64; null for the geometric mean of the two axes' factors. For an output of
    /// <see cref="OutputSize"/> the scale given there is what the published code tells it.
    /// </param>
    /// <param name="progress">Told from 0 to 1 how far the work is.</param>
    /// <param name="cancellation">Stops the work between layers and between bands of rows.</param>
    /// <inheritdoc cref="Upscale{T}(ReadOnlyPixelSpan{T}, PixelSpan{T}, double?, IProgress{double}?, CancellationToken)"/>
    public void Upscale<T>(
        ReadOnlyPixelSpan<T> source,
        int outputWidth,
        int outputHeight,
        PixelLayout outputLayout,
        PixelBandReceiver<T> receive,
        double? scale = null,
        IProgress<double>? progress = null,
        CancellationToken cancellation = default)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(receive);
        ImageGeometry geometry = Geometry(source.Width, source.Height, outputWidth, outputHeight, scale);
        using ExclusiveUse.Scope use = _use.Begin();
        var writer = new PictureWriter<T>(outputWidth, outputHeight, outputLayout, receive, _band);
        _pipeline.Upscale(source, geometry, writer, progress, cancellation);
    }

    /// <summary>Upscales an image of a batch, for which this upscaler is in use already.</summary>
    /// <typeparam name="T">byte, ushort or float.</typeparam>
    /// <param name="item">The image.</param>
    /// <param name="cancellation">Stops the work.</param>
    internal void UpscaleReserved<T>(in UpscaleItem<T> item, CancellationToken cancellation)
        where T : unmanaged
    {
        ReadOnlyPixelSpan<T> source = item.Source.Span;
        PixelSpan<T> destination = item.Destination.Span;
        ImageGeometry geometry = Geometry(source.Width, source.Height, destination.Width, destination.Height, item.Scale);
        _pipeline.Upscale(source, geometry, new PictureWriter<T>(destination), progress: null, cancellation);
    }

    /// <summary>Whether the next image would fail too, as the device cannot be used any more.</summary>
    /// <param name="failure">What happened to an image.</param>
    internal bool CannotGoOnAfter(Exception failure) => _device.IsDisposed || failure is DeviceException and not DeviceMemoryException;

    /// <summary>Upscales the part of an image that a part of the picture takes, and hands the rows of that part over.</summary>
    /// <typeparam name="T">What a channel is: byte, ushort or float.</typeparam>
    /// <param name="source">The whole image.</param>
    /// <param name="outputWidth">Columns of the whole picture.</param>
    /// <param name="outputHeight">Rows of the whole picture.</param>
    /// <param name="kept">The part of the picture.</param>
    /// <param name="outputLayout">The channels of the output.</param>
    /// <param name="receive">Takes the rows, counted from the part's first.</param>
    /// <param name="progress">Told from 0 to 1 how far the work is.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="NotSupportedException">The options wrap the image; a part does not wrap.</exception>
    internal void UpscalePart<T>(
        ReadOnlyPixelSpan<T> source,
        int outputWidth,
        int outputHeight,
        in PixelRectangle kept,
        PixelLayout outputLayout,
        PixelBandReceiver<T> receive,
        IProgress<double>? progress,
        CancellationToken cancellation)
        where T : unmanaged
    {
        if (_options.Wrap)
            throw new NotSupportedException("A part of a picture does not wrap.");
        ImageGeometry whole = Geometry(source.Width, source.Height, outputWidth, outputHeight, scale: null);
        int multiple = _architecture.SizeMultiple;
        PictureCut cut = PictureCut.Of((source.Width, source.Height), (outputWidth, outputHeight), kept, multiple, _options.TileOverlap);
        ImageGeometry part = ImageGeometry.Padded(cut.Input.Width, cut.Input.Height, whole.Scale, multiple, _options.PublishedGeometry).AsPart(cut);
        using ExclusiveUse.Scope use = _use.Begin();
        var writer = new PictureWriter<T>(kept.Width, kept.Height, outputLayout, receive, _band);
        _pipeline.Upscale(source.Part(cut.Input), part, writer, progress, cancellation);
    }

    /// <summary>Runs the network once and keeps its Gaussians, to be drawn as often as wanted.</summary>
    /// <typeparam name="T">What a channel is: byte, ushort or float.</typeparam>
    /// <param name="source">The image; alpha is left out.</param>
    /// <param name="scale">The scale for which the network makes the Gaussians, 1 to 64.</param>
    /// <param name="progress">Told from 0 to 1 how far the work is.</param>
    /// <param name="cancellation">Stops the work between layers.</param>
    /// <exception cref="ArgumentException">A size or the scale is outside its range, or a float is not a number.</exception>
    /// <exception cref="NotSupportedException">The options wrap the image, which a field does not.</exception>
    /// <exception cref="OperationCanceledException">The caller asked to stop.</exception>
    /// <exception cref="DeviceException">The device failed, or has too little memory for the smallest tile.</exception>
    /// <exception cref="InvalidOperationException">The upscaler is in use by another call.</exception>
    public GaussianField BuildField<T>(
        ReadOnlyPixelSpan<T> source, double scale, IProgress<double>? progress = null, CancellationToken cancellation = default)
        where T : unmanaged
    {
        if (_options.Wrap)
            throw new NotSupportedException("A field does not wrap; upscale the image, or build the field without the option Wrap.");
        OutputSize(source.Width, source.Height, scale);
        ImageGeometry geometry = ImageGeometry.Padded(source.Width, source.Height, scale, _architecture.SizeMultiple, _options.PublishedGeometry);
        using ExclusiveUse.Scope use = _use.Begin();
        return _pipeline.BuildField(source, geometry, progress, cancellation);
    }

    /// <summary>Releases weights and working memory. Fields stay.</summary>
    /// <exception cref="InvalidOperationException">The upscaler is in use by another thread.</exception>
    public void Dispose()
    {
        if (!_use.End())
            return;
        _pipeline.Dispose();
        _network.Dispose();
    }

    private ImageGeometry Geometry(int width, int height, int outputWidth, int outputHeight, double? scale)
    {
        CheckFactor(nameof(width), width, outputWidth);
        CheckFactor(nameof(height), height, outputHeight);
        double told = scale ?? Math.Sqrt((double)outputWidth / width * ((double)outputHeight / height));
        if (!(told is >= MinimumScale and <= MaximumScale))
            throw new ArgumentOutOfRangeException(nameof(scale), scale, $"A scale is a number from {MinimumScale} to {MaximumScale}.");
        if (_options.PublishedGeometry && OutputSize(width, height, told) != (outputWidth, outputHeight))
        {
            throw new ArgumentException(
                $"With the published code's geometry, {width} x {height} pixels become {outputWidth} x {outputHeight} at no scale that was given; say which, and take the size of OutputSize.");
        }

        return _options.Wrap
            ? ImageGeometry.Wrapped(width, height, told, _architecture.SizeMultiple, _options.TileOverlap, outputWidth, outputHeight)
            : ImageGeometry.Padded(width, height, told, _architecture.SizeMultiple, _options.PublishedGeometry).DrawnAs(outputWidth, outputHeight);
    }

    private static void CheckFactor(string name, int input, int output)
    {
        if (input < 1)
            throw new ArgumentOutOfRangeException(name, input, "An image has at least one pixel in each direction.");
        if (output < input || output > MaximumScale * input || output > RasterSettings.MaximumCanvas)
        {
            throw new ArgumentOutOfRangeException(
                name, output, $"{input} pixels in one direction become {input} to {Math.Min(MaximumScale * input, RasterSettings.MaximumCanvas)}, not {output}.");
        }
    }
}
