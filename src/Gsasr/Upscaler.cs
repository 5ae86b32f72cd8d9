using System.Runtime.CompilerServices;
using Gsasr.Architecture;
using Gsasr.Checkpoints;
using Gsasr.Decoder;
using Gsasr.Fields;
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
/// </remarks>
public sealed class Upscaler : IDisposable
{
    /// <summary>The smallest scale.</summary>
    public const double MinimumScale = 1;

    /// <summary>The largest scale.</summary>
    public const double MaximumScale = 64;

    private readonly Device _device;
    private readonly GsasrArchitecture _architecture;
    private readonly NetworkWork _work;
    private readonly UpscalerOptions _options;
    private readonly Workspace _workspace;
    private readonly NetworkStage _network;
    private readonly EvenAreas _evenAreas = new();
    private readonly ExclusiveUse _use = new("upscaler", nameof(Upscaler));
    private float[] _image = [];
    private float[] _alpha = [];

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
        _device = device;
        _architecture = model.Architecture;
        _work = NetworkWork.Of(_architecture);
        _workspace = new Workspace(device, _architecture, _options);
        _network = new NetworkStage(model, device, _options.Precision, progress, cancellation);
    }

    /// <summary>The most bytes of working memory that were in use on the device at once, without weights and fields.</summary>
    public long PeakWorkingBytes => _workspace.Arena.PeakBytes;

    /// <summary>How precisely the networks compute: <see cref="Precision.Mixed"/> or <see cref="Precision.Float32"/>.</summary>
    public Precision Precision => _network.Precision;

    /// <summary>
    /// Whether values of the last image left float16's range, so that it was worked on again in float32; never where that is the
    /// <see cref="Precision"/>.
    /// </summary>
    public bool WasRepeated => _network.WasRepeated;

    /// <summary>Measures the stages of each image; null for not.</summary>
    internal StageClock? Clock { get; set; }

    /// <summary>How the last image was worked on.</summary>
    internal MemoryPlan? LastPlan => _workspace.Plan;

    /// <summary>Whether a device that was found has mixed precision, for the models that have it.</summary>
    /// <param name="device">The device.</param>
    public static bool HasMixedPrecision(DeviceDescription device) => TensorCores.AreIn(device);

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

    /// <summary>Says how much memory of the device an image would take, beside the weights, with what is free there now.</summary>
    /// <param name="width">Columns of the input.</param>
    /// <param name="height">Rows of the input.</param>
    /// <param name="scale">Output pixels per input pixel, 1 to 64.</param>
    /// <param name="bitDepth">Bits per channel, 8 or 16.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is outside its range, or the output is too large.</exception>
    public MemoryEstimate EstimateMemory(int width, int height, double scale, int bitDepth = 8)
    {
        OutputSize(width, height, scale);
        if (bitDepth is not (8 or 16))
            throw new ArgumentOutOfRangeException(nameof(bitDepth), bitDepth, "Pixels have 8 or 16 bits per channel.");
        using ExclusiveUse.Scope use = _use.Begin();
        return _workspace.Estimate(ImageGeometry.Padded(width, height, scale, _architecture.SizeMultiple, _options.PublishedGeometry), bitDepth / 8).Describe();
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

    /// <summary>Releases weights and working memory. Fields stay.</summary>
    /// <exception cref="InvalidOperationException">The upscaler is in use by another thread.</exception>
    public void Dispose()
    {
        if (!_use.End())
            return;
        _workspace.Dispose();
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

    private GaussianField BuildPixelField<T>(
        ReadOnlySpan<T> pixels, int width, int height, PixelLayout layout, double scale, IProgress<double>? progress, CancellationToken cancellation)
        where T : unmanaged
    {
        CheckImage(pixels.Length, width, height, layout, scale);
        using ExclusiveUse.Scope use = _use.Begin();
        _network.Begin();
        Clock?.Start();
        var image = new float[checked(width * height * 3)];
        PixelConversion.ToColours(pixels, layout, image);
        var meter = new ProgressMeter(_device, progress);
        ImageGeometry geometry = ImageGeometry.Padded(width, height, scale, _architecture.SizeMultiple, _options.PublishedGeometry);
        bool isGrey = layout is PixelLayout.Grey or PixelLayout.GreyAlpha;
        long limit = long.MaxValue;
        while (true)
        {
            try
            {
                MemoryPlan plan = _workspace.Prepare(geometry, sampleBytes: 0, limit);
                meter.Begin(0, 1, plan.Work(_work));
                Tensor gaussians = FillWhole(image, plan, new ForwardPass(_workspace.Arena, meter, Clock, cancellation));
                meter.Finish();
                EvenAreas? evenAreas = _options.KeepEvenAreas ? EvenAreas.Of(image, width, height) : null;
                return new GaussianField(gaussians, Describe(geometry, isGrey, 8 * Unsafe.SizeOf<T>()), evenAreas);
            }
            catch (DeviceMemoryException e)
            {
                limit = _workspace.Reduce(e);
            }
        }
    }

    // All Gaussians of an image, in memory of their own.
    private Tensor FillWhole(float[] image, MemoryPlan plan, ForwardPass pass)
    {
        DeviceBuffer memory = _device.Allocate(plan.FieldBytes);
        try
        {
            _network.Fill(image, plan, plan.Strips.StripAt(0), memory, pass);
            _device.Synchronize();
            return GaussiansOf(memory, 0, plan.Strips.FieldPixels);
        }
        catch
        {
            memory.Dispose();
            throw;
        }
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
        ImageGeometry geometry = ImageGeometry.Padded(width, height, scale, _architecture.SizeMultiple, _options.PublishedGeometry);
        if (destination.Length != geometry.OutputPixels * layout.ChannelCount())
        {
            throw new ArgumentException(
                $"{destination.Length} values cannot hold {geometry.OutputWidth} x {geometry.OutputHeight} pixels with {layout.ChannelCount()} channels.",
                nameof(destination));
        }

        using ExclusiveUse.Scope use = _use.Begin();
        _network.Begin();
        Clock?.Start();
        Span<float> colours = Resize(ref _image, checked(width * height * 3));
        PixelConversion.ToColours(pixels, layout, colours);
        bool opaque = true;
        if (layout.HasAlpha())
        {
            Span<float> alpha = Resize(ref _alpha, colours.Length);
            opaque = PixelConversion.ToAlpha(pixels, layout, alpha);
            if (!opaque)
                TransparentColours.Fill(colours, alpha, width, height);
        }

        bool neutral = _options.KeepGrey && layout.ChannelCount() >= 3 && PixelConversion.AreNeutral(colours);
        var meter = new ProgressMeter(_device, progress);
        Span<T> drawn = layout == PixelLayout.Rgb ? destination : new T[checked((int)geometry.OutputPixels * 3)];
        int parts = opaque ? 1 : 2;
        Draw(_image, geometry, drawn, meter, 0, parts, cancellation);
        if (neutral)
            PixelConversion.MakeNeutral(drawn);
        if (layout != PixelLayout.Rgb)
            PixelConversion.FromColours(drawn, layout, destination);
        if (!opaque)
        {
            Draw(_alpha, geometry, drawn, meter, 1, parts, cancellation);
            PixelConversion.FromAlpha(drawn, layout, destination);
        }

        cancellation.ThrowIfCancellationRequested();
        meter.Finish();
    }

    // One image of three channels, of so many that there are; when memory runs out, again from the start in smaller parts.
    private void Draw<T>(
        float[] image, ImageGeometry geometry, Span<T> destination, ProgressMeter meter, int part, int parts, CancellationToken cancellation)
        where T : unmanaged
    {
        FieldDescription description = Describe(geometry, isGrey: false, 8 * Unsafe.SizeOf<T>());
        EvenAreas? evenAreas = _options.KeepEvenAreas && _evenAreas.Find(image, geometry.Width, geometry.Height) ? _evenAreas : null;
        var pass = new ForwardPass(_workspace.Arena, meter, Clock, cancellation);
        long limit = long.MaxValue;
        while (true)
        {
            try
            {
                MemoryPlan plan = _workspace.Prepare(geometry, Unsafe.SizeOf<T>(), limit);
                meter.Begin(part, parts, plan.Work(_work));
                for (int i = 0; i < plan.Strips.Count; i++)
                {
                    Strip strip = plan.Strips.StripAt(i);
                    _network.Fill(image, plan, strip, _workspace.Field, pass);
                    StripMemory memory = plan.Strips.MemoryOf(strip);
                    var field = new DrawnField(GaussiansOf(_workspace.Field, memory.Start, memory.End), description, evenAreas);
                    PixelRectangle output = plan.Strips.OutputOf(strip);
                    RasterSettings canvas = description.Canvas() with { ViewportLeft = output.Left, ViewportTop = output.Top };
                    Span<T> target = destination[((output.Top * geometry.OutputWidth + output.Left) * 3)..];
                    _workspace.Raster.Draw(
                        field, canvas, output.Width, output.Height, target, geometry.OutputWidth, plan.DrawingBytes, pass);
                }

                return;
            }
            catch (DeviceMemoryException e)
            {
                limit = _workspace.Reduce(e);
            }
        }
    }

    private FieldDescription Describe(in ImageGeometry geometry, bool isGrey, int bitDepth) => new()
    {
        Layout = GaussianLayout.Raw,
        Width = geometry.Width,
        Height = geometry.Height,
        CanvasWidth = geometry.PaddedWidth,
        CanvasHeight = geometry.PaddedHeight,
        Scale = geometry.Scale,
        DMax = _options.DMax,
        PublishedGeometry = _options.PublishedGeometry,
        IsGrey = isGrey,
        BitDepth = bitDepth,
        Source = _architecture.Name,
    };

    // The Gaussians of some pixels that lie side by side in the memory of a field.
    private static Tensor GaussiansOf(DeviceBuffer memory, long start, long end)
    {
        const int Gaussians = GaussianFormat.CellsPerPixelSide * GaussianFormat.CellsPerPixelSide;
        return new Tensor(
            memory, start * StripPlan.FloatsPerPixel, (int)(end - start), Gaussians, GaussianFormat.Raw.Columns, GaussianFormat.Raw.Columns);
    }
}
