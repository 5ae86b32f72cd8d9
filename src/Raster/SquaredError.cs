using Gsasr.Raster.Cpu;
using Gsasr.Raster.Gpu;
using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Raster;

/// <summary>The mean squared difference of two images, and its gradient.</summary>
internal static class SquaredError
{
    /// <summary>The gradient of the mean squared difference with respect to the image: 2 (image - target) / number of values.</summary>
    /// <param name="image">[height, width, channels].</param>
    /// <param name="target">Of the image's shape, on the same device.</param>
    /// <param name="gradient">Of the image's shape, overwritten; may be the image itself.</param>
    /// <exception cref="ArgumentException">The tensors differ in shape or are on different devices.</exception>
    public static void Gradient(in Tensor image, in Tensor target, in Tensor gradient)
    {
        Check(image, target, nameof(target));
        Check(image, gradient, nameof(gradient));
        switch (image.Device)
        {
            case CpuDevice device:
                CpuSquaredError.Gradient(device, image, target, gradient);
                break;
            case GpuDevice device:
                GpuOptimisation.Difference(device, image, target, gradient);
                break;
            default:
                throw new ArgumentException($"Differences are not computed on {image.Device.Name}.", nameof(image));
        }
    }

    /// <summary>The mean squared difference; waits for the device.</summary>
    /// <param name="image">[height, width, channels].</param>
    /// <param name="target">Of the image's shape, on the same device.</param>
    /// <param name="arena">Where working memory comes from: one float for each row.</param>
    /// <exception cref="ArgumentException">The tensors differ in shape or are on different devices.</exception>
    public static double Mean(in Tensor image, in Tensor target, Arena arena)
    {
        ArgumentNullException.ThrowIfNull(arena);
        Check(image, target, nameof(target));
        using Arena.Scope scope = arena.BeginScope();
        Tensor sums = arena.Allocate(1, 1, image.Height);
        switch (image.Device)
        {
            case CpuDevice device:
                CpuSquaredError.SumRows(device, image, target, sums);
                break;
            case GpuDevice device:
                GpuOptimisation.SumRows(device, image, target, sums);
                break;
            default:
                throw new ArgumentException($"Differences are not computed on {image.Device.Name}.", nameof(image));
        }

        double sum = 0;
        foreach (float row in sums.ToArray())
            sum += row;
        return sum / ((double)image.Pixels * image.Channels);
    }

    private static void Check(in Tensor image, in Tensor other, string name)
    {
        if (!other.HasShapeOf(image) || other.Device != image.Device)
            throw new ArgumentException($"{image} values cannot be compared with {other}, and only on the same device.", name);
    }
}
