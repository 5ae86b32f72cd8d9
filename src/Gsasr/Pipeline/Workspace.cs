using Gsasr.Architecture;
using Gsasr.Tensors;

namespace Gsasr.Pipeline;

/// <summary>
/// An upscaler's memory on its device, without weights: planned for each image, kept from image to image, and given back when an image
/// turns out to need more than there is.
/// </summary>
/// <param name="device">The device.</param>
/// <param name="architecture">The networks.</param>
/// <param name="options">The size and the overlap of tiles.</param>
internal sealed class Workspace(Device device, GsasrArchitecture architecture, UpscalerOptions options) : IDisposable
{
    private DeviceBuffer? _field;
    private RasterStage? _raster;
    private int _sampleBytes;
    private bool _wasReduced;

    /// <summary>Memory for activations.</summary>
    public Arena Arena { get; } = new(device);

    /// <summary>Draws with this memory.</summary>
    public RasterStage Raster => _raster ??= new RasterStage(Arena);

    /// <summary>How the last image was worked on.</summary>
    public MemoryPlan? Plan { get; private set; }

    /// <summary>The Gaussians of a strip, for the plan that <see cref="Prepare"/> gave.</summary>
    public DeviceBuffer Field => _field!;

    private long HeldBytes => Arena.HeldBytes + Raster.HeldBytes + (_field?.ByteLength ?? 0);

    /// <summary>Plans an image for the memory that is free by now, without taking any.</summary>
    /// <param name="geometry">The image's sizes.</param>
    /// <param name="sampleBytes">Bytes of a value of the output; 0 where the field is kept and not drawn.</param>
    public MemoryPlan Estimate(in ImageGeometry geometry, int sampleBytes) =>
        MemoryPlan.Create(geometry, architecture, device, options, sampleBytes, device.AvailableMemoryBytes + HeldBytes);

    /// <summary>Plans an image and takes the memory.</summary>
    /// <param name="geometry">The image's sizes.</param>
    /// <param name="sampleBytes">Bytes of a value of the output; 0 where the field is kept and not drawn.</param>
    /// <param name="limit">The most bytes that it may take.</param>
    /// <exception cref="DeviceMemoryException">The memory is not there after all.</exception>
    public MemoryPlan Prepare(in ImageGeometry geometry, int sampleBytes, long limit)
    {
        long bytes = Math.Min(limit, device.AvailableMemoryBytes + HeldBytes);
        MemoryPlan plan = MemoryPlan.Create(geometry, architecture, device, options, sampleBytes, bytes);
        if (Plan is MemoryPlan last && !_wasReduced && last.Geometry == geometry && _sampleBytes == sampleBytes && last.TotalBytes <= bytes
            && AreAlike(plan.Tiles, last.Tiles))
        {
            // A little more or less of free memory is no reason for other tiles, which give another picture in the last digits.
            plan = last;
        }

        _wasReduced = limit < long.MaxValue;
        _sampleBytes = sampleBytes;
        Plan = plan;
        bool keepsField = sampleBytes == 0;
        if (_field is not null && (keepsField || _field.ByteLength < plan.FieldBytes))
        {
            _field.Dispose();
            _field = null;
        }

        // A block that is too small stands in the way of a larger one, and one that is too large in the way of the rest.
        if (Arena.HeldBytes < plan.WorkingBytes || Arena.HeldBytes + plan.TotalBytes - plan.WorkingBytes > bytes)
            Raster.Release();
        Arena.Reserve(plan.WorkingBytes);
        if (!keepsField)
            _field ??= device.Allocate(plan.FieldBytes);
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
        throw new DeviceMemoryException(
            $"{device.Name} has too little memory left for an image of {plan.Geometry.Width} x {plan.Geometry.Height} pixels and {architecture.Name}: even in "
            + $"the smallest tiles it takes {Mebibytes(plan.TotalBytes)} MiB, and {Mebibytes(device.AvailableMemoryBytes)} MiB are free.",
            error);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Release();
        Arena.Dispose();
    }

    private static bool AreAlike(in TileSizes a, in TileSizes b) => (long)a.Width * a.Height < 2L * b.Width * b.Height;

    private static long Mebibytes(long bytes) => (bytes + (1 << 20) - 1) >> 20;

    private void Release()
    {
        Raster.Release();
        _field?.Dispose();
        _field = null;
    }
}
