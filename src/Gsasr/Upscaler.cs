using Gsasr.Architecture;
using Gsasr.Checkpoints;
using Gsasr.Decoder;
using Gsasr.Raster;
using Gsasr.Tensors;

namespace Gsasr;

/// <summary>
/// Upscales images with one model on one device: pixels in, pixels out, at any scale. Weights and working memory stay on the
/// device from image to image; after the first image of a size nothing is allocated there for the next.
/// </summary>
/// <remarks>An upscaler, its device and its fields are used by one thread at a time. It must be disposed of before its device.</remarks>
public sealed class Upscaler : IDisposable
{
    /// <summary>The smallest scale.</summary>
    public const double MinimumScale = 1;

    /// <summary>The largest scale.</summary>
    public const double MaximumScale = 64;

    // Floats of the Gaussians of a pixel.
    private const int FloatsPerPixel = GaussianDecoder.CellsPerPixel * GaussianDecoder.CellsPerPixel * Rasterizer.GaussianChannels;

    private const int LeastFieldPixels = 256 * 256;

    // Pixels beyond a strip whose Gaussians are drawn in it too: a standard deviation is below 1 / 1.2 pixels, a Gaussian is cut where
    // it is a millionth, at 4.4 pixels, and its mean lies near its pixel.
    private const int StripMargin = 16;

    private readonly Device _device;
    private readonly GsasrArchitecture _architecture;
    private readonly UpscalerOptions _options;
    private readonly Arena _arena;
    private readonly TiledNetwork _network;
    private readonly RasterOutput _output;
    private DeviceBuffer? _fieldMemory;
    private float[] _image = [];
    private float[] _alpha = [];
    private readonly EvenAreas _evenAreas = new();

    /// <summary>Puts a model's weights on a device.</summary>
    /// <param name="model">The model.</param>
    /// <param name="device">The device; it must outlive the upscaler.</param>
    /// <param name="options">How to work; null for the defaults.</param>
    /// <exception cref="CheckpointFormatException">The weights cannot be read.</exception>
    /// <exception cref="DeviceException">The device failed or has too little memory.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its range.</exception>
    /// <exception cref="NotSupportedException">Mixed precision was asked for, which the device or the model does not have.</exception>
    public Upscaler(GsasrModel model, Device device, UpscalerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(device);
        _options = options ?? new UpscalerOptions();
        if (!(_options.DMax > 0) || double.IsInfinity(_options.DMax))
            throw new ArgumentOutOfRangeException(nameof(options), _options.DMax, "DMax is a finite number above 0.");
        ArgumentOutOfRangeException.ThrowIfNegative(_options.MaximumTilePixels, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegative(_options.TileOverlap, nameof(options));
        _device = device;
        _architecture = model.Architecture;
        _arena = new Arena(device);
        _network = new TiledNetwork(model, device, _arena, _options);
        try
        {
            _output = new RasterOutput(_arena);
        }
        catch
        {
            _network.Dispose();
            throw;
        }

        FieldPixels = Math.Clamp(device.AvailableMemoryBytes / 4 / (FloatsPerPixel * sizeof(float)), LeastFieldPixels, int.MaxValue / FloatsPerPixel);
    }

    /// <summary>The most bytes of working memory that were in use on the device at once, without weights and fields.</summary>
    public long PeakWorkingBytes => _arena.PeakBytes;

    /// <summary>How precisely the networks compute: <see cref="Precision.Mixed"/> or <see cref="Precision.Float32"/>.</summary>
    public Precision Precision => _network.Precision;

    /// <summary>
    /// Whether values of the last image left float16's range, so that it was worked on again in float32; never where that is the
    /// <see cref="Precision"/>.
    /// </summary>
    public bool WasRepeated => _network.WasRepeated;

    /// <summary>
    /// The most pixels of the padded image whose Gaussians are kept at once while an image is upscaled; a larger image is worked on in
    /// strips of rows.
    /// </summary>
    internal long FieldPixels { get; set; }

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

    /// <summary>Upscales an image of 8-bit pixels.</summary>
    /// <param name="pixels">[height, width, channels].</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    /// <param name="layout">The channels, of the input and of the output.</param>
    /// <param name="scale">Output pixels per input pixel, 1 to 64.</param>
    /// <param name="destination">[output height, output width, channels]; see <see cref="OutputSize"/>.</param>
    /// <param name="progress">Told from 0 to 1 how far the work is.</param>
    /// <param name="cancellation">Stops the work between layers.</param>
    /// <exception cref="ArgumentException">A span does not have the size that the other arguments say, or an argument is outside its range.</exception>
    /// <exception cref="OperationCanceledException">The caller asked to stop.</exception>
    /// <exception cref="DeviceException">The device failed, or has too little memory for the smallest tile.</exception>
    /// <exception cref="ModelOutputException">The model computed values that are not numbers.</exception>
    public void Upscale(
        ReadOnlySpan<byte> pixels,
        int width,
        int height,
        PixelLayout layout,
        double scale,
        Span<byte> destination,
        IProgress<double>? progress = null,
        CancellationToken cancellation = default) => UpscalePixels(pixels, width, height, layout, scale, destination, progress, cancellation);

    /// <summary>Upscales an image of 16-bit pixels.</summary>
    /// <inheritdoc cref="Upscale(ReadOnlySpan{byte}, int, int, PixelLayout, double, Span{byte}, IProgress{double}?, CancellationToken)"/>
    public void Upscale(
        ReadOnlySpan<ushort> pixels,
        int width,
        int height,
        PixelLayout layout,
        double scale,
        Span<ushort> destination,
        IProgress<double>? progress = null,
        CancellationToken cancellation = default) => UpscalePixels(pixels, width, height, layout, scale, destination, progress, cancellation);

    /// <summary>Upscales an image of 8-bit pixels on a thread of the pool; the upscaler must not be used meanwhile.</summary>
    /// <inheritdoc cref="Upscale(ReadOnlySpan{byte}, int, int, PixelLayout, double, Span{byte}, IProgress{double}?, CancellationToken)"/>
    public Task UpscaleAsync(
        ReadOnlyMemory<byte> pixels,
        int width,
        int height,
        PixelLayout layout,
        double scale,
        Memory<byte> destination,
        IProgress<double>? progress = null,
        CancellationToken cancellation = default) =>
        Task.Run(() => Upscale(pixels.Span, width, height, layout, scale, destination.Span, progress, cancellation), cancellation);

    /// <summary>Runs the network once and keeps its Gaussians, to be drawn as often as wanted.</summary>
    /// <param name="pixels">[height, width, channels]; alpha is left out.</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    /// <param name="layout">The channels.</param>
    /// <param name="scale">The scale for which the network makes the Gaussians, 1 to 64.</param>
    /// <param name="progress">Told from 0 to 1 how far the work is.</param>
    /// <param name="cancellation">Stops the work between layers.</param>
    /// <exception cref="ArgumentException">The span does not have the size that the other arguments say, or an argument is outside its range.</exception>
    /// <exception cref="OperationCanceledException">The caller asked to stop.</exception>
    /// <exception cref="DeviceException">The device failed, or has too little memory for the smallest tile.</exception>
    public GaussianField BuildField(
        ReadOnlySpan<byte> pixels,
        int width,
        int height,
        PixelLayout layout,
        double scale,
        IProgress<double>? progress = null,
        CancellationToken cancellation = default) => BuildPixelField(pixels, width, height, layout, scale, progress, cancellation);

    /// <summary>Runs the network once on an image of 16-bit pixels and keeps its Gaussians, to be drawn as often as wanted.</summary>
    /// <inheritdoc cref="BuildField(ReadOnlySpan{byte}, int, int, PixelLayout, double, IProgress{double}?, CancellationToken)"/>
    public GaussianField BuildField(
        ReadOnlySpan<ushort> pixels,
        int width,
        int height,
        PixelLayout layout,
        double scale,
        IProgress<double>? progress = null,
        CancellationToken cancellation = default) => BuildPixelField(pixels, width, height, layout, scale, progress, cancellation);

    private GaussianField BuildPixelField<T>(
        ReadOnlySpan<T> pixels,
        int width,
        int height,
        PixelLayout layout,
        double scale,
        IProgress<double>? progress,
        CancellationToken cancellation)
        where T : unmanaged
    {
        CheckImage(pixels.Length, width, height, layout, scale);
        var image = new float[width * height * 3];
        PixelConversion.ToColours(pixels, layout, image);
        ProgressMeter meter = Meter(width, height, 1, progress);
        int paddedHeight = ReflectedImage.PaddedSize(height, _architecture.SizeMultiple);
        DeviceBuffer memory = _device.Allocate(FieldBytes(ReflectedImage.PaddedSize(width, _architecture.SizeMultiple), paddedHeight));
        try
        {
            _network.Fill(image, width, height, 0, paddedHeight, scale, 1, memory, meter, cancellation);
        }
        catch
        {
            memory.Dispose();
            throw;
        }

        _device.Synchronize();
        meter.Finish();
        GaussianField field = Field(memory, width, height, paddedHeight, scale, FindEvenAreas(new EvenAreas(), image, width, height));
        field.IsGrey = layout is PixelLayout.Grey or PixelLayout.GreyAlpha;
        field.BitDepth = typeof(T) == typeof(byte) ? 8 : 16;
        field.Source = _architecture.Name;
        return field;
    }

    /// <summary>Releases weights and working memory.</summary>
    public void Dispose()
    {
        _fieldMemory?.Dispose();
        _output.Dispose();
        _arena.Dispose();
        _network.Dispose();
    }

    private static void CheckImage(int length, int width, int height, PixelLayout layout, double scale)
    {
        OutputSize(width, height, scale);
        if (length != (long)width * height * layout.ChannelCount())
            throw new ArgumentException($"{length} values are not an image of {width} x {height} pixels with {layout.ChannelCount()} channels.");
    }

    private static Span<float> Resize(ref float[] array, int length)
    {
        if (array.Length < length)
            array = new float[length];
        return array.AsSpan(0, length);
    }

    private void UpscalePixels<T>(
        ReadOnlySpan<T> pixels,
        int width,
        int height,
        PixelLayout layout,
        double scale,
        Span<T> destination,
        IProgress<double>? progress,
        CancellationToken cancellation)
        where T : unmanaged
    {
        CheckImage(pixels.Length, width, height, layout, scale);
        (int outputWidth, int outputHeight) = OutputSize(width, height, scale);
        int outputPixels = outputWidth * outputHeight;
        if (destination.Length != (long)outputPixels * layout.ChannelCount())
            throw new ArgumentException($"{destination.Length} values cannot hold {outputWidth} x {outputHeight} pixels with {layout.ChannelCount()} channels.", nameof(destination));

        Span<float> colours = Resize(ref _image, width * height * 3);
        PixelConversion.ToColours(pixels, layout, colours);
        bool opaque = true;
        if (layout.HasAlpha())
        {
            Span<float> alpha = Resize(ref _alpha, width * height * 3);
            opaque = PixelConversion.ToAlpha(pixels, layout, alpha);
            if (!opaque)
                TransparentColours.Fill(colours, alpha, width, height);
        }

        bool neutral = _options.KeepGrey && layout.ChannelCount() >= 3 && PixelConversion.AreNeutral(colours);
        ProgressMeter meter = Meter(width, height, opaque ? 1 : 2, progress);
        if (layout == PixelLayout.Rgb)
        {
            Draw(_image, width, height, scale, destination, meter, cancellation);
            if (neutral)
                PixelConversion.MakeNeutral(destination);
        }
        else
        {
            var drawn = new T[outputPixels * 3];
            Draw(_image, width, height, scale, drawn.AsSpan(), meter, cancellation);
            if (neutral)
                PixelConversion.MakeNeutral(drawn.AsSpan());
            PixelConversion.FromColours(drawn, layout, destination);
            if (!opaque)
            {
                Draw(_alpha, width, height, scale, drawn.AsSpan(), meter, cancellation);
                PixelConversion.FromAlpha(drawn, layout, destination);
            }
        }

        meter.Finish();
    }

    // Every image starts with this.
    private ProgressMeter Meter(int width, int height, int images, IProgress<double>? progress)
    {
        _network.Begin();
        double pixels = (double)ReflectedImage.PaddedSize(width, _architecture.SizeMultiple) * ReflectedImage.PaddedSize(height, _architecture.SizeMultiple);
        return new ProgressMeter(_device, images * pixels * NetworkCost.MultiplyAddsPerPixel(_architecture), progress);
    }

    private void Draw<T>(
        float[] image, int width, int height, double scale, Span<T> destination, ProgressMeter meter, CancellationToken cancellation)
        where T : unmanaged
    {
        int multiple = _architecture.SizeMultiple;
        int paddedWidth = ReflectedImage.PaddedSize(width, multiple);
        int paddedHeight = ReflectedImage.PaddedSize(height, multiple);
        int margin = ReflectedImage.PaddedSize(StripMargin, multiple);
        int stripRows = paddedHeight;
        if ((long)paddedWidth * paddedHeight > FieldPixels)
            stripRows = (int)Math.Max(multiple, (FieldPixels / paddedWidth - 2 * margin) / multiple * multiple);

        EvenAreas? evenAreas = FindEvenAreas(_evenAreas, image, width, height);
        (int outputWidth, int outputHeight) = OutputSize(width, height, scale);
        int outputTop = 0;
        for (int top = 0; outputTop < outputHeight; top += stripRows)
        {
            int rows = Math.Min(stripRows, paddedHeight - top);
            int fieldTop = Math.Max(0, top - margin);
            int fieldRows = Math.Min(paddedHeight, top + rows + margin) - fieldTop;
            long bytes = FieldBytes(paddedWidth, fieldRows);
            if (_fieldMemory is null || _fieldMemory.ByteLength < bytes)
            {
                _fieldMemory?.Dispose();
                _fieldMemory = null;
                _fieldMemory = _device.Allocate(bytes);
            }

            _network.Fill(image, width, height, fieldTop, fieldRows, scale, (double)rows / paddedHeight, _fieldMemory, meter, cancellation);
            GaussianField field = Field(_fieldMemory, width, height, fieldRows, scale, evenAreas);
            int outputEnd = (int)Math.Min(outputHeight, (long)(top + rows) * outputHeight / height);
            Span<T> strip = destination[(outputTop * outputWidth * 3)..(outputEnd * outputWidth * 3)];
            field.RenderRows(outputTop, outputEnd - outputTop, strip);
            outputTop = outputEnd;
        }
    }

    private EvenAreas? FindEvenAreas(EvenAreas areas, float[] image, int width, int height) =>
        _options.KeepEvenAreas && areas.Find(image, width, height) ? areas : null;

    private GaussianField Field(DeviceBuffer memory, int width, int height, int rows, double scale, EvenAreas? evenAreas) => new(
        memory,
        ReflectedImage.PaddedSize(width, _architecture.SizeMultiple),
        ReflectedImage.PaddedSize(height, _architecture.SizeMultiple),
        width,
        height,
        rows,
        scale,
        _options,
        evenAreas,
        _output);

    private static long FieldBytes(int paddedWidth, int rows)
    {
        long floats = (long)paddedWidth * rows * FloatsPerPixel;
        if (floats > int.MaxValue)
            throw new ArgumentException($"{paddedWidth} x {rows} pixels are too large for one field of Gaussians; the limit is about 12 megapixels.");
        return floats * sizeof(float);
    }
}
