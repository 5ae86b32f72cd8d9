using Gsasr.Raster.Cpu;
using Gsasr.Raster.Gpu;
using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Raster;

/// <summary>
/// Draws a field of two-dimensional Gaussians: the value of a pixel is the sum of
/// <c>colour * exp(-(u^2 - 2 rho u v + v^2) / (2 (1 - rho^2)))</c> over the Gaussians whose box contains it, with
/// <c>u = (pixelX - x) / sigmaX</c> and <c>v = (pixelY - y) / sigmaY</c> (GSASR, arXiv 2501.06838, section 3).
/// There is no normalisation, no order and no background. <c>docs/rasteriser.md</c> defines every term.
/// </summary>
public static class Rasterizer
{
    /// <summary>
    /// The share of its peak below which a Gaussian is not drawn, exp(-16) = 1.1e-7. Of an even field it leaves out that
    /// same share, which is less than a float32 sum loses by rounding.
    /// </summary>
    public const double CutoffExponent = 16;

    /// <summary>
    /// Columns of a Gaussian as published: sigma0, sigma1, rho, alpha, red, green, blue (all before activation), mean x, mean y.
    /// </summary>
    public const int PublishedGaussianChannels = 9;

    /// <summary>
    /// Columns of a Gaussian as this library's decoder leaves them: two more hold the parts of the means that float32 cannot.
    /// A mean in [0, 1] has steps of 6e-8, which for a thin Gaussian on a large canvas is a visible part of its width.
    /// </summary>
    public const int GaussianChannels = 11;

    /// <summary>
    /// Draws Gaussians into an image. The same Gaussians and settings give the same bits whatever the number of threads, and
    /// a viewport at a whole-number offset has the bits of that part of the whole image.
    /// </summary>
    /// <param name="gaussians">
    /// [rows, columns, 9 or 11] as the decoder leaves them: sigma0, sigma1, rho, alpha, r, g, b before activation, then the mean
    /// with [0, 1] spanning the canvas, then what is to be added to the mean, if there are two more columns. Any set in any
    /// order. sigma0 belongs to y and sigma1 to x. If a value is not finite, every pixel of the image becomes NaN, so that the
    /// fault cannot pass for a picture.
    /// </param>
    /// <param name="settings">The canvas, its scale, and the part of it to draw.</param>
    /// <param name="image">[viewport height, viewport width, 3], overwritten; linear sums, not clamped.</param>
    /// <param name="arena">
    /// Where working memory comes from: at most 12 MiB and a fortieth of the image's size on the processor, 256 MiB elsewhere.
    /// </param>
    /// <exception cref="ArgumentException">A tensor has the wrong number of channels, or the tensors are on different devices.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A setting is outside its range.</exception>
    public static void Render(in Tensor gaussians, in RasterSettings settings, in Tensor image, Arena arena)
    {
        ArgumentNullException.ThrowIfNull(arena);
        settings.Validate();
        if (gaussians.Channels is not (PublishedGaussianChannels or GaussianChannels))
        {
            throw new ArgumentException(
                $"Gaussians have {PublishedGaussianChannels} or {GaussianChannels} channels, not {gaussians.Channels}.", nameof(gaussians));
        }

        if (image.Channels != 3)
            throw new ArgumentException($"An image has 3 channels, not {image.Channels}.", nameof(image));
        if (gaussians.Device != image.Device || arena.Device != image.Device)
            throw new ArgumentException("The Gaussians, the image and the arena are on different devices.", nameof(image));

        switch (image.Device)
        {
            case CpuDevice device:
                CpuRasterizer.Render(device, gaussians, settings, image, arena);
                break;
            case GpuDevice device:
                GpuRasterizer.Render(device, gaussians, settings, image, arena);
                break;
            default:
                throw new ArgumentException($"The rasteriser does not run on {image.Device.Name}.", nameof(image));
        }
    }
}
