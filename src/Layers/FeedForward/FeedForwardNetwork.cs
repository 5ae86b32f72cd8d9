using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary>The second half of a transformer layer: two linear layers on normalised pixels, added to the pixels.</summary>
internal static class FeedForwardNetwork
{
    /// <summary>x += second * activation(first * norm(x + shift) + its bias) + bias, after a linear layer has been added to x if there is one.</summary>
    /// <param name="x">[height, width, C].</param>
    /// <param name="first">The normalisation, and C -> hidden.</param>
    /// <param name="activation">Between the layers.</param>
    /// <param name="second">hidden -> C.</param>
    /// <param name="arena">Memory.</param>
    /// <param name="shift">[1, 1, C], added before the normalisation; not part of what the result is added to.</param>
    /// <param name="bias">[1, 1, C] in place of the second layer's.</param>
    /// <param name="added">A linear layer to C and the pixels, [height, width, its inputs], that it is applied to.</param>
    /// <exception cref="ArgumentException">The shapes, element types or devices do not fit together.</exception>
    public static void AddTo(
        in Tensor x,
        NormalizedWeights first,
        Activation activation,
        ConvolutionWeights second,
        Arena arena,
        Tensor? shift = null,
        Tensor? bias = null,
        (Tensor Pixels, ConvolutionWeights Weights)? added = null)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        ArgumentNullException.ThrowIfNull(arena);
        if (x.Device is GpuDevice gpu && Float16FeedForwardGpu.KernelFor(gpu, x, first, activation, second, added) is { } kernel)
        {
            Float16FeedForwardGpu.Run(gpu, kernel, x, first, second, shift, bias ?? second.Bias, added);
            return;
        }

        if (added is var (pixels, projection))
            Convolution.Run(pixels, projection, x, residual: x);
        using Arena.Scope scope = arena.BeginScope();
        Tensor normal = arena.Allocate(x.Height, x.Width, x.Channels, x.ElementType);
        Tensor hidden = arena.Allocate(x.Height, x.Width, first.Layer.OutputChannels, x.ElementType);
        LayerNorm.Run(x, first.Gamma, first.Beta, normal, shift);
        Convolution.Run(normal, first.Layer, hidden, activation);
        Convolution.Run(hidden, second, x, residual: x, bias: bias);
    }
}
