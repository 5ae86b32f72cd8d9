using Gsasr.Raster;
using Gsasr.Tensors;

namespace Gsasr;

/// <summary>Draws Gaussians and brings the pixels to the host; its buffers on the device are kept from image to image.</summary>
internal sealed class RasterOutput(Arena arena) : IDisposable
{
    private readonly DeviceBuffer _nonFinite = arena.Device.Allocate(sizeof(int));
    private DeviceBuffer? _pixels;

    /// <summary>Draws a part of a canvas.</summary>
    /// <typeparam name="T">byte or ushort for rounded values, float for sums as they are.</typeparam>
    /// <param name="gaussians">[rows, columns, 11].</param>
    /// <param name="settings">The canvas and the part's place.</param>
    /// <param name="height">Rows of the part.</param>
    /// <param name="width">Columns of the part.</param>
    /// <param name="destination">[height, width, 3].</param>
    /// <exception cref="ModelOutputException">Some values are not numbers.</exception>
    public void Draw<T>(in Tensor gaussians, in RasterSettings settings, int height, int width, Span<T> destination)
        where T : unmanaged
    {
        using Arena.Scope scope = arena.BeginScope();
        Tensor image = arena.Allocate(height, width, 3);
        Rasterizer.Render(gaussians, settings, image, arena);
        if (typeof(T) == typeof(float))
        {
            image.Buffer.Download(destination, image.ByteOffset);
            return;
        }

        int bits = typeof(T) == typeof(byte) ? 8 : 16;
        long bytes = (long)height * width * 3 * (bits / 8);
        if (_pixels is null || _pixels.ByteLength < bytes)
        {
            _pixels?.Dispose();
            _pixels = null;
            _pixels = arena.Device.Allocate(bytes);
        }

        PixelQuantizer.Run(image, height, width, bits, _pixels, _nonFinite);
        _pixels.Download(destination, 0);
        Span<int> nonFinite = stackalloc int[1];
        _nonFinite.Download(nonFinite, 0);
        if (nonFinite[0] != 0)
        {
            throw new ModelOutputException(
                $"{nonFinite[0]} of {(long)height * width * 3} values that the model computed are not numbers, so there is no picture to write. "
                + "The model's weights are damaged or do not belong together.");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _nonFinite.Dispose();
        _pixels?.Dispose();
    }
}
