using Gsasr.Layers;
using Gsasr.Pipeline;
using Gsasr.Tensors;
using Gsasr.Weights;

namespace Gsasr.Decoder;

/// <summary>
/// A block of the decoder: a normalisation, layers, a network C -> C -> C, in the enhanced decoder a 3x3 convolution over the grid of
/// queries, and at the end the block's input is added.
/// </summary>
/// <param name="Norm">The normalisation at the start.</param>
/// <param name="Layers">The layers.</param>
/// <param name="First">First layer of the network.</param>
/// <param name="Second">Second layer of the network.</param>
/// <param name="Convolution">The enhanced decoder's convolution; null in the paper's.</param>
internal sealed record DecoderBlock(
    NormWeights Norm, IReadOnlyList<DecoderLayer> Layers, ConvolutionWeights First, ConvolutionWeights Second, ConvolutionWeights? Convolution)
{
    /// <summary>Loads a block around its layers.</summary>
    /// <param name="weights">The block's weights.</param>
    /// <param name="layers">The layers.</param>
    /// <param name="enhanced">Whether the block ends with a convolution.</param>
    public static DecoderBlock Load(WeightReader weights, IReadOnlyList<DecoderLayer> layers, bool enhanced) => new(
        weights.Norm("norm"),
        layers,
        weights.Convolution("mlp.0"),
        weights.Convolution("mlp.2"),
        enhanced ? weights.Convolution("conv") : null);

    /// <summary>Computes the block.</summary>
    /// <param name="x">[height, width, C], the Gaussian queries.</param>
    /// <param name="y">[height, width, C], overwritten; may be x.</param>
    /// <param name="features">[height, width, C], the image's features.</param>
    /// <param name="scale">The vectors that depend on the scale.</param>
    /// <param name="pass">Memory and progress.</param>
    /// <param name="layerDone">Called with each layer's number and result.</param>
    public void Run(in Tensor x, in Tensor y, in Tensor features, ScaleConditioning scale, ForwardPass pass, Action<int, Tensor>? layerDone)
    {
        using Arena.Scope scope = pass.Arena.BeginScope();
        Tensor inner = pass.Arena.Allocate(x.Height, x.Width, x.Channels, x.ElementType);
        LayerNorm.Run(x, Norm.Gamma, Norm.Beta, inner);
        RunLayers(inner, features, scale, pass, layerDone);

        Tensor hidden = pass.Arena.Allocate(x.Height, x.Width, x.Channels, x.ElementType);
        Gsasr.Layers.Convolution.Run(inner, First, hidden, Activation.Relu);
        double multiplyAdds = First.MultiplyAddsPerPixel + Second.MultiplyAddsPerPixel;
        if (Convolution is null)
        {
            Gsasr.Layers.Convolution.Run(hidden, Second, y, residual: x);
        }
        else
        {
            Gsasr.Layers.Convolution.Run(hidden, Second, inner);
            Gsasr.Layers.Convolution.Run(inner, Convolution, y, residual: x);
            multiplyAdds += Convolution.MultiplyAddsPerPixel;
        }

        pass.Advance(multiplyAdds * x.Pixels);
    }

    private void RunLayers(in Tensor x, in Tensor features, ScaleConditioning scale, ForwardPass pass, Action<int, Tensor>? layerDone)
    {
        using Arena.Scope scope = pass.Arena.BeginScope();
        int channels = Layers[0].AttentionChannels;
        var memory = new AttentionMemory(
            pass.Arena.Allocate(x.Height, x.Width, channels, x.ElementType), pass.Arena.Allocate(x.Height, x.Width, 3 * channels, x.ElementType));
        Layers[0].Begin(x, memory, scale);
        for (int i = 0; i < Layers.Count; i++)
        {
            Layers[i].Attend(x, features, memory);

            // A layer's result is only there to be seen if the next layer has not begun.
            DecoderLayer? next = i + 1 < Layers.Count ? Layers[i + 1] : null;
            Layers[i].End(x, memory, scale, layerDone is null ? next : null);
            if (layerDone is not null)
            {
                layerDone(i, x);
                next?.Begin(x, memory, scale);
            }

            pass.Advance(Layers[i].MultiplyAddsPerPixel * x.Pixels);
        }
    }
}
