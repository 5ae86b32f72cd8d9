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
internal static class Rasterizer
{
    /// <summary>
    /// A Gaussian is not drawn where it is below this share of its peak, exp(-16) = 1.1e-7. An even field loses that share of its sum,
    /// which is less than a float32 sum loses by rounding.
    /// </summary>
    public const double CutoffExponent = 16;

    /// <summary>
    /// Draws Gaussians into an image. The same Gaussians and settings give the same bits for any number of threads, and a viewport at a
    /// whole-number offset has the bits of that part of the whole image.
    /// </summary>
    /// <param name="gaussians">
    /// [rows, columns, channels], any set in any order, with the channels of <see cref="RasterSettings.Layout"/>. If a value is not
    /// finite or outside its range, every pixel of the image becomes NaN, so that the fault cannot pass for a picture.
    /// </param>
    /// <param name="settings">The canvas, its scale, and the part of it to draw.</param>
    /// <param name="image">
    /// [viewport height, viewport width, colours], overwritten; linear sums, not clamped. Raw Gaussians have three colours, others one
    /// to four.
    /// </param>
    /// <param name="arena">
    /// Where working memory comes from: at most 12 MiB and a fortieth of the image's size on the processor, 256 MiB elsewhere.
    /// </param>
    /// <param name="cancellation">Stops the work; on the processor also within an image, after every hundred thousand Gaussians.</param>
    /// <exception cref="ArgumentException">A tensor has the wrong number of channels, or the tensors are on different devices.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A setting is outside its range.</exception>
    /// <exception cref="OperationCanceledException">The caller asked to stop; the image's values are undefined.</exception>
    public static void Render(
        in Tensor gaussians, in RasterSettings settings, in Tensor image, Arena arena, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        Check(gaussians, settings, image, arena);
        switch (image.Device)
        {
            case CpuDevice device:
                CpuRasterizer.Render(device, gaussians, settings, image, arena, cancellation);
                break;
            case GpuDevice device:
                GpuRasterizer.Render(device, gaussians, settings, image, arena);
                break;
            default:
                throw new ArgumentException($"The rasteriser does not run on {image.Device.Name}.", nameof(image));
        }
    }

    /// <summary>The bytes of the arena that <see cref="Render"/> takes at most.</summary>
    /// <param name="device">The device.</param>
    /// <param name="gaussians">How many Gaussians are drawn.</param>
    /// <param name="width">Columns of the image.</param>
    /// <param name="height">Rows of the image.</param>
    public static long WorkingBytes(Device device, long gaussians, int width, int height) => device is CpuDevice
        ? CpuRasterizer.WorkingBytes(gaussians, width, height)
        : GpuRasterizer.WorkingBytes(gaussians);

    /// <summary>Bytes of scratch memory that a thread of the processor takes for <see cref="Render"/>, three colours a pixel.</summary>
    public static long ThreadBytes => GatherKernel<float, SimdScalar, ThreeColours>.ScratchBytes;

    /// <summary>
    /// The backward pass of <see cref="Render"/>: from the gradient of a number (a loss) with respect to the image to that with respect to
    /// the Gaussians. Pixels outside of a Gaussian's box do not count, so the edge of the box passes no gradient. A Gaussian adds up its
    /// own pixels in a fixed order: the same input gives the same bits, for any number of threads.
    /// </summary>
    /// <param name="gaussians">The Gaussians that were drawn.</param>
    /// <param name="settings">The settings with which they were drawn.</param>
    /// <param name="imageGradient">[viewport height, viewport width, colours], finite.</param>
    /// <param name="gaussianGradient">
    /// As many rows and columns as <paramref name="gaussians"/>; 9 channels for raw Gaussians (what float32 left out of the means has the
    /// gradient of the means), and as many as Gaussians have for others. Overwritten; NaN for Gaussians that are not finite or outside
    /// their range.
    /// </param>
    /// <param name="arena">Where working memory comes from: the size of the image and, except on the processor, at most 232 MiB.</param>
    /// <exception cref="ArgumentException">A tensor has the wrong shape, or the tensors are on different devices.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A setting is outside its range.</exception>
    public static void Backward(
        in Tensor gaussians, in RasterSettings settings, in Tensor imageGradient, in Tensor gaussianGradient, Arena arena)
    {
        Check(gaussians, settings, imageGradient, arena);
        int columns = Math.Min(gaussians.Channels, GaussianFormat.Raw.PublishedColumns);
        if (gaussianGradient.Height != gaussians.Height || gaussianGradient.Width != gaussians.Width || gaussianGradient.Channels != columns)
        {
            throw new ArgumentException(
                $"The gradient of {gaussians} Gaussians has {columns} channels; it cannot be {gaussianGradient}.", nameof(gaussianGradient));
        }

        if (gaussianGradient.Device != gaussians.Device)
            throw new ArgumentException("The Gaussians and their gradient are on different devices.", nameof(gaussianGradient));
        switch (gaussians.Device)
        {
            case CpuDevice device:
                CpuRasterizer.Backward(device, gaussians, settings, imageGradient, gaussianGradient, arena);
                break;
            case GpuDevice device:
                GpuRasterizer.Backward(device, gaussians, settings, imageGradient, gaussianGradient, arena);
                break;
            default:
                throw new ArgumentException($"The rasteriser's gradient is not computed on {gaussians.Device.Name}.", nameof(gaussians));
        }
    }

    private static void Check(in Tensor gaussians, in RasterSettings settings, in Tensor image, Arena arena)
    {
        ArgumentNullException.ThrowIfNull(arena);
        settings.Validate();
        if (settings.Layout == GaussianLayout.Raw)
        {
            if (gaussians.Channels is not (GaussianFormat.Raw.PublishedColumns or GaussianFormat.Raw.Columns))
            {
                throw new ArgumentException(
                    $"Raw Gaussians have {GaussianFormat.Raw.PublishedColumns} or {GaussianFormat.Raw.Columns} channels, not {gaussians.Channels}.", nameof(gaussians));
            }

            if (image.Channels != 3)
                throw new ArgumentException($"An image of raw Gaussians has 3 channels, not {image.Channels}.", nameof(image));
        }
        else
        {
            if (image.Channels is < 1 or > GaussianFormat.Activated.MaximumColours)
                throw new ArgumentException($"An image has 1 to {GaussianFormat.Activated.MaximumColours} channels, not {image.Channels}.", nameof(image));
            if (gaussians.Channels != GaussianFormat.Activated.FirstColour + image.Channels)
            {
                throw new ArgumentException(
                    $"Gaussians of {image.Channels} colours have {GaussianFormat.Activated.FirstColour + image.Channels} channels, not {gaussians.Channels}.",
                    nameof(gaussians));
            }
        }

        if (gaussians.Device != image.Device || arena.Device != image.Device)
            throw new ArgumentException("The Gaussians, the image and the arena are on different devices.", nameof(image));
    }
}
