using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary>A linear layer whose input is normalised first.</summary>
internal static class NormalizedConvolution
{
    /// <summary>y = weights * norm(x) + bias.</summary>
    /// <param name="x">[height, width, C].</param>
    /// <param name="gamma">[1, 1, C], of the normalisation; see <see cref="LayerNorm"/>.</param>
    /// <param name="beta">[1, 1, C].</param>
    /// <param name="weights">C -> outputs.</param>
    /// <param name="y">[height, width, outputs].</param>
    /// <param name="normal">Room for the normalised pixels, of the shape of x, where they have to be stored.</param>
    /// <exception cref="ArgumentException">The shapes, element types or devices do not fit together.</exception>
    public static void Run(
        in Tensor x,
        in Tensor gamma,
        in Tensor beta,
        ConvolutionWeights weights,
        in Tensor y,
        in Tensor normal)
    {
        ArgumentNullException.ThrowIfNull(weights);
        if (y.Height != x.Height || y.Width != x.Width || y.Channels != weights.OutputChannels)
            throw new ArgumentException($"A linear layer to {weights.OutputChannels} channels cannot turn {x} into {y}.");
        if (x.Device is GpuDevice gpu && Float16FeedForwardGpu.KernelFor(gpu, x, weights) is { } kernel)
        {
            Float16FeedForwardGpu.Run(gpu, kernel, x, gamma, beta, weights, y);
            return;
        }

        LayerNorm.Run(x, gamma, beta, normal);
        Convolution.Run(normal, weights, y);
    }
}
