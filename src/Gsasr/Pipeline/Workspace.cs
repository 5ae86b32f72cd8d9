using Gsasr.Architecture;
using Gsasr.Tensors;

namespace Gsasr.Pipeline;

/// <summary>
/// An upscaler's memory on its device, without weights. It is planned for each image, kept from image to image, and given back when an
/// image turns out to need more than there is.
/// </summary>
/// <param name="device">The device.</param>
/// <param name="architecture">The networks.</param>
/// <param name="options">The size and the overlap of tiles.</param>
internal sealed class Workspace(Device device, GsasrArchitecture architecture, UpscalerOptions options) : IDisposable
{
    private DeviceBuffer? _field;
    private DeviceBuffer? _alphaField;
    private RasterStage? _raster;
    private bool _wasReduced;
    private long _memoryLimit = options.MemoryLimitBytes;

    /// <summary>Memory for activations.</summary>
    public Arena Arena { get; } = new(device);

    /// <summary>Draws with this memory.</summary>
    public RasterStage Raster => _raster ??= new RasterStage(Arena);

    /// <summary>How the last image was worked on.</summary>
    public MemoryPlan? Plan { get; private set; }

    /// <summary>The plan of the next images, whatever memory there is; null for one of their own.</summary>
    public MemoryPlan? FixedPlan { get; set; }

    /// <summary>The Gaussians of a strip, for the plan that <see cref="Prepare"/> gave.</summary>
    public DeviceBuffer Field => _field!;

    /// <summary>The Gaussians of a strip's alpha, for a plan of two images.</summary>
    public DeviceBuffer AlphaField => _alphaField!;

    private long HeldBytes => Arena.HeldBytes + Raster.HeldBytes + (_field?.ByteLength ?? 0) + (_alphaField?.ByteLength ?? 0);

    /// <summary>The most bytes that an image may take; 0 for what is free. Setting it gives back what is held beyond it.</summary>
    public long MemoryLimitBytes
    {
        get => _memoryLimit;
        set
        {
            _memoryLimit = value;
            if (value > 0 && HeldBytes > value)
                Release();
        }
    }

    private long Bytes => Math.Min(_memoryLimit > 0 ? _memoryLimit : long.MaxValue, device.AvailableMemoryBytes + HeldBytes);

    /// <summary>Plans an image for the memory that is free now, without taking any.</summary>
    /// <param name="geometry">The image's sizes.</param>
    /// <param name="format">What becomes of the Gaussians.</param>
    /// <exception cref="ObjectDisposedException">The device was disposed of.</exception>
    public MemoryPlan Estimate(in ImageGeometry geometry, in DrawnFormat format)
    {
        device.ThrowIfDisposed();
        return MemoryPlan.Create(geometry, architecture, device, options, format, Bytes);
    }

    /// <summary>Plans an image and takes the memory.</summary>
    /// <param name="geometry">The image's sizes.</param>
    /// <param name="format">What becomes of the Gaussians.</param>
    /// <param name="limit">The most bytes that it may take.</param>
    /// <exception cref="DeviceMemoryException">
    /// The memory cannot be had after all, or the limit of the options leaves too little.
    /// </exception>
    public MemoryPlan Prepare(in ImageGeometry geometry, in DrawnFormat format, long limit)
    {
        // A driver takes tens of microseconds to say what is free.
        if (limit == long.MaxValue && FixedPlan is null && Plan is MemoryPlan held && IsHeld(held, geometry, format))
            return held;
        long bytes = Math.Min(limit, Bytes);
        MemoryPlan plan = limit == long.MaxValue && FixedPlan is not null ? FixedPlan
            : Plan is MemoryPlan last && IsStillGood(last, geometry, format, bytes) ? last
            : MemoryPlan.Create(geometry, architecture, device, options, format, bytes);
        _wasReduced = limit < long.MaxValue;
        Plan = plan;
        if (ExceedsLimit(plan))
            throw new DeviceMemoryException("The limit of the options leaves too little memory.");
        bool keepsField = format.SampleBytes == 0;
        Fit(ref _field, keepsField ? 0 : plan.FieldBytes);
        Fit(ref _alphaField, format.Images == 1 ? 0 : plan.FieldBytes);

        // A block that is too small would leave no memory for a larger one, and one that is too large none for the rest.
        if (Arena.HeldBytes < plan.WorkingBytes || Arena.HeldBytes + plan.TotalBytes - plan.WorkingBytes > bytes)
            Raster.Release();
        Arena.Reserve(plan.WorkingBytes);
        if (!keepsField)
            _field ??= device.Allocate(plan.FieldBytes);
        if (format.Images == 2)
            _alphaField ??= device.Allocate(plan.FieldBytes);
        return plan;
    }

    /// <summary>Gives back all memory after an image ran out of it.</summary>
    /// <param name="error">What happened.</param>
    /// <returns>The limit for the next attempt.</returns>
    /// <exception cref="DeviceMemoryException">There is no smaller way to work on the image.</exception>
    public long Reduce(DeviceMemoryException error)
    {
        Release();
        MemoryPlan plan = Plan ?? throw error;
        if (!plan.IsSmallest)
            return plan.TotalBytes / 2;
        string image = $"an image of {plan.Geometry.DrawnWidth} x {plan.Geometry.DrawnHeight} pixels and {architecture.Name}: even in the smallest tiles it takes {Mebibytes(plan.TotalBytes)} MiB";
        throw new DeviceMemoryException(
            ExceedsLimit(plan)
                ? $"A limit of {Mebibytes(_memoryLimit)} MiB of memory is too little for {image}."
                : $"{device.Name} has too little memory left for {image}, and {Mebibytes(device.AvailableMemoryBytes)} MiB are free.",
            error);
    }

    /// <summary>Gives back all memory.</summary>
    public void Release()
    {
        Raster.Release();
        Fit(ref _field, 0);
        Fit(ref _alphaField, 0);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Release();
        Arena.Dispose();
    }

    private bool ExceedsLimit(MemoryPlan plan) => _memoryLimit > 0 && plan.TotalBytes > _memoryLimit;

    // A little more or less free memory must not change the tiles, because other tiles change the last digits of the picture.
    private bool IsStillGood(MemoryPlan last, in ImageGeometry geometry, in DrawnFormat format, long bytes) =>
        !_wasReduced && last.Geometry == geometry && last.Format == format && last.TotalBytes <= bytes
        && (last.TileCount == 1 || bytes / 2 < last.AvailableBytes);

    // Whether the image before was of this kind, and left all of its memory.
    private bool IsHeld(MemoryPlan last, in ImageGeometry geometry, in DrawnFormat format) =>
        device is GpuDevice && !_wasReduced && last.TileCount == 1 && last.Geometry == geometry && last.Format == format && !ExceedsLimit(last)
        && format.SampleBytes > 0 && _field?.ByteLength >= last.FieldBytes && (format.Images == 1 || _alphaField?.ByteLength >= last.FieldBytes)
        && Arena.HeldBytes >= last.WorkingBytes;

    // Gives up memory that is too small or not needed any more.
    private static void Fit(ref DeviceBuffer? field, long bytes)
    {
        if (field is null || (bytes > 0 && field.ByteLength >= bytes))
            return;
        field.Dispose();
        field = null;
    }

    private static long Mebibytes(long bytes) => (bytes + (1 << 20) - 1) >> 20;
}
