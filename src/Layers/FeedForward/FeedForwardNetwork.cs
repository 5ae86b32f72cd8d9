using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary>What transformer layers do between two attentions, with each pixel by itself.</summary>
internal static class FeedForwardNetwork
{
    /// <summary>Runs a network in place, and what comes before and after it. On some devices all of it is one launch.</summary>
    /// <param name="x">[height, width, C].</param>
    /// <param name="network">The network.</param>
    /// <param name="room">Memory that is overwritten, for pixels of C channels and of each network's hidden ones, where they have to be stored.</param>
    /// <param name="added">A linear layer to C that is added to x first, and the pixels, [height, width, its inputs], that it is applied to.</param>
    /// <param name="next">A network that is run after the first.</param>
    /// <param name="linear">A linear layer on the normalised result.</param>
    /// <exception cref="ArgumentException">The shapes, element types or devices do not fit together.</exception>
    public static void AddTo(
        in Tensor x,
        in FeedForwardPart network,
        (Tensor Normal, Tensor Hidden) room,
        (Tensor Pixels, ConvolutionWeights Weights)? added = null,
        FeedForwardPart? next = null,
        NormalizedLinear? linear = null)
    {
        if (x.Device is GpuDevice gpu && Float16LayersOnChipGpu.Fits(gpu, x, network, added, next, linear))
        {
            Float16LayersOnChipGpu.Run(gpu, x, network, added, next, linear);
            return;
        }

        if (x.Device is GpuDevice wide && Float16FeedForwardGpu.Fits(wide, x, network, added))
            Float16FeedForwardGpu.Run(wide, x, network, added);
        else
            RunLayers(x, network, room, added);
        if (next is FeedForwardPart second)
            AddTo(x, second, room);
        linear?.Run(x);
    }

    /// <summary>Runs a network in place whose input has been normalised already.</summary>
    /// <param name="x">[height, width, C].</param>
    /// <param name="network">The network.</param>
    /// <param name="normal">[height, width, C], the result of its normalisation.</param>
    /// <param name="hidden">Memory that is overwritten, for pixels of its hidden channels.</param>
    /// <exception cref="ArgumentException">The shapes, element types or devices do not fit together.</exception>
    public static void AddNormalizedTo(in Tensor x, in FeedForwardPart network, in Tensor normal, in Tensor hidden)
    {
        Convolution.Run(normal, network.First.Layer, hidden, network.Activation);
        Convolution.Run(hidden, network.Second, x, residual: x, bias: network.Bias);
    }

    private static void RunLayers(
        in Tensor x, in FeedForwardPart network, (Tensor Normal, Tensor Hidden) room, (Tensor Pixels, ConvolutionWeights Weights)? added)
    {
        if (added is var (pixels, projection))
            Convolution.Run(pixels, projection, x, residual: x);
        LayerNorm.Run(x, network.First.Gamma, network.First.Beta, room.Normal, network.Shift);
        AddNormalizedTo(x, network, room.Normal, room.Hidden);
    }
}
