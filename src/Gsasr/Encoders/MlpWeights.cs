using Gsasr.Layers;
using Gsasr.Tensors;
using Gsasr.Weights;

namespace Gsasr.Encoders;

/// <summary>The second half of a transformer layer: x += fc2(gelu(fc1(norm(x)))).</summary>
/// <param name="First">The normalisation, and channels -> hidden.</param>
/// <param name="Second">hidden -> channels.</param>
internal sealed record MlpWeights(NormalizedWeights First, ConvolutionWeights Second)
{
    /// <summary>Multiply-adds for each pixel.</summary>
    public double MultiplyAddsPerPixel => First.MultiplyAddsPerPixel + Second.MultiplyAddsPerPixel;

    /// <summary>Loads norm2, mlp.fc1 and mlp.fc2 of a layer.</summary>
    /// <param name="layer">The layer's weights.</param>
    public static MlpWeights Load(WeightReader layer) =>
        new(layer.NormalizedLinear("norm2", "mlp.fc1"), layer.Convolution("mlp.fc2"));

    /// <summary>Computes the half layer in place.</summary>
    /// <param name="x">[height, width, channels].</param>
    /// <param name="arena">Memory.</param>
    public void Run(in Tensor x, Arena arena)
    {
        using Arena.Scope scope = arena.BeginScope();
        Tensor normal = arena.Allocate(x.Height, x.Width, x.Channels, x.ElementType);
        Tensor hidden = arena.Allocate(x.Height, x.Width, Second.InputChannels, x.ElementType);
        FeedForwardNetwork.AddTo(x, new FeedForwardPart(First, Activation.Gelu, Second), (normal, hidden));
    }

    /// <summary>Computes the half layer in place, of pixels that have been normalised already.</summary>
    /// <param name="x">[height, width, channels].</param>
    /// <param name="normal">[height, width, channels]: norm(x), with the gamma and beta of <see cref="First"/>.</param>
    /// <param name="arena">Memory.</param>
    public void RunNormalized(in Tensor x, in Tensor normal, Arena arena)
    {
        using Arena.Scope scope = arena.BeginScope();
        Tensor hidden = arena.Allocate(x.Height, x.Width, Second.InputChannels, x.ElementType);
        FeedForwardNetwork.AddNormalizedTo(x, new FeedForwardPart(First, Activation.Gelu, Second), normal, hidden);
    }
}
