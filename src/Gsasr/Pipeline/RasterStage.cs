using System.Buffers;
using Gsasr.Fields;
using Gsasr.Raster;
using Gsasr.Tensors;

namespace Gsasr.Pipeline;

/// <summary>Gaussians that are drawn.</summary>
/// <param name="Gaussians">[rows, columns, channels of the layout].</param>
/// <param name="Description">How to draw them.</param>
/// <param name="EvenAreas">The image's even areas, if there are any to be kept.</param>
internal readonly record struct DrawnField(Tensor Gaussians, FieldDescription Description, EvenAreas? EvenAreas);

/// <summary>
/// The way from Gaussians to pixels on the host, in bands of rows as large as the memory allows; when it runs out all the same, in bands of
/// half the size. Its buffers on the device are kept from image to image.
/// </summary>
/// <param name="arena">The device's memory for sums and the rasteriser's lists.</param>
internal sealed class RasterStage(Arena arena) : IDisposable
{
    // Drawing a pixel takes about as long as so many multiply-adds of the networks, on processors and GPUs alike.
    private const double WorkPerPixel = 25_000;

    // A band of so many pixels is short enough to stop soon after it; every band looks at all Gaussians again, so it has not fewer pixels
    // than there are Gaussians to look at for two.
    private const long LeastWholeBand = 1 << 20;
    private const long LargestBand = 1 << 24;

    private DeviceBuffer? _nonFinite;
    private DeviceBuffer? _pixels;

    /// <summary>Bytes that are held on the device, beside the arena's.</summary>
    public long HeldBytes => (_pixels?.ByteLength ?? 0) + (_nonFinite?.ByteLength ?? 0);

    /// <summary>The work of drawing, in multiply-adds.</summary>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    public static double Work(int width, int height) => WorkPerPixel * width * height;

    /// <summary>How many rows are drawn at once.</summary>
    /// <param name="device">The device.</param>
    /// <param name="gaussians">How many Gaussians are drawn.</param>
    /// <param name="width">Columns of the output.</param>
    /// <param name="height">Rows of the output.</param>
    /// <param name="sampleBytes">Bytes of a value: 4 for sums as they are.</param>
    /// <param name="bytes">The memory that a band may take.</param>
    public static int BandRows(Device device, long gaussians, int width, int height, int sampleBytes, long bytes)
    {
        long pixels = Math.Clamp(gaussians / 2, LeastWholeBand, LargestBand);
        int rows = (int)Math.Clamp(pixels / width, 1, height);
        while (rows > 1 && ArenaBytes(device, gaussians, width, rows) + PixelBytes(width, rows, sampleBytes) > bytes)
            rows = (rows + 1) / 2;
        return rows;
    }

    /// <summary>Bytes of the arena that drawing a band takes.</summary>
    /// <param name="device">The device.</param>
    /// <param name="gaussians">How many Gaussians are drawn.</param>
    /// <param name="width">Columns of the band.</param>
    /// <param name="rows">Rows of the band.</param>
    public static long ArenaBytes(Device device, long gaussians, int width, int rows) =>
        3L * sizeof(float) * width * rows + Rasterizer.WorkingBytes(device, gaussians, width, rows);

    /// <summary>Bytes of a band's whole numbers.</summary>
    /// <param name="width">Columns of the band.</param>
    /// <param name="rows">Rows of the band.</param>
    /// <param name="sampleBytes">Bytes of a value: 4 for sums as they are, which need no other place.</param>
    public static long PixelBytes(int width, int rows, int sampleBytes) => sampleBytes == sizeof(float) ? 0 : 3L * sampleBytes * width * rows;

    /// <summary>Draws a part of a canvas.</summary>
    /// <typeparam name="T">byte or ushort for rounded values, float for sums as they are.</typeparam>
    /// <param name="field">What is drawn.</param>
    /// <param name="canvas">The canvas, and the place of the part's first pixel on it.</param>
    /// <param name="width">Columns of the part.</param>
    /// <param name="height">Rows of the part.</param>
    /// <param name="destination">[height, destinationWidth, 3]; receives the part as its first columns.</param>
    /// <param name="destinationWidth">Columns of the destination.</param>
    /// <param name="bytes">The memory that a band may take.</param>
    /// <param name="pass">Memory, progress and cancellation.</param>
    /// <exception cref="ModelOutputException">Some values are not numbers.</exception>
    /// <exception cref="OperationCanceledException">The caller asked to stop.</exception>
    /// <exception cref="DeviceMemoryException">The device has too little memory for a row.</exception>
    public unsafe void Draw<T>(
        in DrawnField field, in RasterSettings canvas, int width, int height, Span<T> destination, int destinationWidth, long bytes, ForwardPass pass)
        where T : unmanaged
    {
        if (width < 1 || height < 1)
            return;
        int bandRows = BandRows(arena.Device, field.Gaussians.Pixels, width, height, sizeof(T), bytes);
        T[]? rented = width == destinationWidth ? null : ArrayPool<T>.Shared.Rent(checked(bandRows * width * 3));
        try
        {
            for (int row = 0; row < height;)
            {
                int rows = Math.Min(bandRows, height - row);
                Span<T> target = destination[(row * destinationWidth * 3)..];
                Span<T> band = rented is null ? target[..(rows * width * 3)] : rented.AsSpan(0, rows * width * 3);
                RasterSettings place = canvas with { ViewportTop = canvas.ViewportTop + row };
                try
                {
                    DrawBand(field, place, rows, width, band, pass);
                }
                catch (DeviceMemoryException) when (rows > 1)
                {
                    Release();
                    bandRows = rows / 2;
                    continue;
                }

                if (rented is not null)
                {
                    for (int y = 0; y < rows; y++)
                        band.Slice(y * width * 3, width * 3).CopyTo(target[(y * destinationWidth * 3)..]);
                }

                row += rows;
                pass.Advance(Work(width, rows));
            }
        }
        finally
        {
            if (rented is not null)
                ArrayPool<T>.Shared.Return(rented);
        }
    }

    /// <summary>Gives all memory back, the arena's too; it can be used again.</summary>
    public void Release()
    {
        arena.Release();
        Dispose();
    }

    /// <summary>Gives the memory back that is not the arena's.</summary>
    public void Dispose()
    {
        _nonFinite?.Dispose();
        _nonFinite = null;
        _pixels?.Dispose();
        _pixels = null;
    }

    private unsafe void DrawBand<T>(in DrawnField field, in RasterSettings place, int height, int width, Span<T> band, ForwardPass pass)
        where T : unmanaged
    {
        using Arena.Scope scope = arena.BeginScope();
        Tensor image = arena.Allocate(height, width, 3);
        Rasterizer.Render(field.Gaussians, place, image, arena, pass.Cancellation);
        pass.Mark(PipelineStage.Rasteriser);
        if (typeof(T) == typeof(float))
        {
            image.Buffer.Download(band, image.ByteOffset);
            pass.Mark(PipelineStage.Download);
            return;
        }

        _nonFinite ??= arena.Device.Allocate(sizeof(int));
        long bytes = PixelBytes(width, height, sizeof(T));
        if (_pixels is null || _pixels.ByteLength < bytes)
        {
            _pixels?.Dispose();
            _pixels = null;
            _pixels = arena.Device.Allocate(bytes);
        }

        PixelQuantizer.Run(image, height, width, 8 * sizeof(T), _pixels, _nonFinite);
        pass.Mark(PipelineStage.Rounding);
        _pixels.Download(band, 0);
        Span<int> nonFinite = stackalloc int[1];
        _nonFinite.Download(nonFinite, 0);
        pass.Mark(PipelineStage.Download);
        if (nonFinite[0] != 0)
        {
            throw new ModelOutputException(
                $"{nonFinite[0]} of {(long)height * width * 3} values that the model computed are not numbers, so there is no picture to write. "
                + "The model's weights are damaged or do not belong together.");
        }

        if (field.EvenAreas is not null)
        {
            FieldDescription description = field.Description;
            field.EvenAreas.Blend(
                place.ViewportLeft,
                place.ViewportTop,
                place.CanvasWidth / (double)description.CanvasWidth,
                place.CanvasHeight / (double)description.CanvasHeight,
                width,
                band);
            pass.Mark(PipelineStage.EvenAreas);
        }
    }
}
