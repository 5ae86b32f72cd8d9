using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary>A linear layer whose input is normalised first.</summary>
internal static class NormalizedConvolution
{
    /// <summary>y = weights * norm(x) + bias.</summary>
    /// <param name="x">[height, width, C].</param>
    /// <param name="weights">The normalisation, and C -> outputs.</param>
    /// <param name="y">[height, width, outputs].</param>
    /// <param name="normal">Room for the normalised pixels, of the shape of x, where they have to be stored.</param>
    /// <exception cref="ArgumentException">The shapes, element types or devices do not fit together.</exception>
    public static void Run(in Tensor x, NormalizedWeights weights, in Tensor y, in Tensor normal)
    {
        ArgumentNullException.ThrowIfNull(weights);
        if (y.Height != x.Height || y.Width != x.Width || y.Channels != weights.Layer.OutputChannels)
            throw new ArgumentException($"A linear layer to {weights.Layer.OutputChannels} channels cannot turn {x} into {y}.");
        if (x.Device is GpuDevice gpu && Float16FeedForwardGpu.KernelFor(gpu, x, weights) is { } kernel)
        {
            Float16FeedForwardGpu.Run(gpu, kernel, x, weights, y);
            return;
        }

        LayerNorm.Run(x, weights.Gamma, weights.Beta, normal);
        Convolution.Run(normal, weights.Layer, y);
    }
}
