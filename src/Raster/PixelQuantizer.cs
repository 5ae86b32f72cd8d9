using Gsasr.Raster.Cpu;
using Gsasr.Raster.Gpu;
using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Raster;

/// <summary>Turns an image of floats into the whole numbers that image files hold.</summary>
internal static class PixelQuantizer
{
    /// <summary>
    /// Clamps values to [0, 1], multiplies them by the largest number of the depth and rounds to the nearest (ties to even): the published
    /// code's <c>round(255 * x)</c>. Values that are not finite are counted, and written as 0 or, for positive infinity, as the largest
    /// number. Whoever writes the picture must look at the count.
    /// </summary>
    /// <param name="image">[at least height, at least width, 3]; its top left part is taken.</param>
    /// <param name="height">Rows to write, at least 1.</param>
    /// <param name="width">Columns to write, at least 1.</param>
    /// <param name="bits">8 for bytes or 16 for unsigned 16-bit numbers in the machine's byte order.</param>
    /// <param name="destination">Receives [height, width, 3] numbers without gaps, from its first byte on.</param>
    /// <param name="nonFinite">Its first four bytes receive an int: how many of the values were NaN or infinite.</param>
    /// <exception cref="ArgumentException">A size does not fit, or something is on another device.</exception>
    public static void Run(in Tensor image, int height, int width, int bits, DeviceBuffer destination, DeviceBuffer nonFinite)
    {
        ArgumentNullException.ThrowIfNull(destination);
        ArgumentNullException.ThrowIfNull(nonFinite);
        if (bits is not (8 or 16))
            throw new ArgumentOutOfRangeException(nameof(bits), $"Pixels have 8 or 16 bits for each colour, not {bits}.");
        if (height < 1 || width < 1 || height > image.Height || width > image.Width || image.Channels != 3)
            throw new ArgumentException($"{height} x {width} x 3 values cannot be taken out of {image}.", nameof(image));
        if (destination.Device != image.Device || nonFinite.Device != image.Device)
            throw new ArgumentException("The image and the destination are on different devices.", nameof(destination));
        long bytes = (long)height * width * 3 * (bits / 8);
        if (destination.ByteLength < bytes)
            throw new ArgumentException($"{bytes} bytes do not fit into a buffer of {destination.ByteLength}.", nameof(destination));
        if (nonFinite.ByteLength < sizeof(int))
            throw new ArgumentException($"A count does not fit into a buffer of {nonFinite.ByteLength} bytes.", nameof(nonFinite));

        switch (image.Device)
        {
            case CpuDevice device:
                CpuPixelQuantizer.Run(device, image, height, width, bits, destination, nonFinite);
                break;
            case GpuDevice device:
                GpuPixelQuantizer.Run(device, image, height, width, bits, destination, nonFinite);
                break;
            default:
                throw new ArgumentException($"Pixels cannot be written on {image.Device.Name}.", nameof(image));
        }
    }
}
