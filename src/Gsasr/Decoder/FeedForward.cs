using Gsasr.Layers;
using Gsasr.Tensors;
using Gsasr.Weights;

namespace Gsasr.Decoder;

/// <summary>x += fc2(relu(fc1(norm(x)))), all layers C -> C.</summary>
/// <param name="First">The normalisation, and C -> C.</param>
/// <param name="Second">C -> C.</param>
internal sealed record FeedForward(NormalizedWeights First, ConvolutionWeights Second)
{
    /// <summary>The multiply-adds of a pixel.</summary>
    public double MultiplyAddsPerPixel => First.MultiplyAddsPerPixel + Second.MultiplyAddsPerPixel;

    /// <summary>Loads NORM, MLP.fc1 and MLP.fc2 of a layer.</summary>
    /// <param name="layer">The layer's weights.</param>
    /// <param name="norm">The name of the normalisation.</param>
    /// <param name="mlp">The name of the network.</param>
    public static FeedForward Load(WeightReader layer, string norm, string mlp) =>
        new(layer.NormalizedLinear(norm, $"{mlp}.fc1"), layer.Convolution($"{mlp}.fc2"));

    /// <summary>The network, with what depends on the scale.</summary>
    /// <param name="shift">[1, 1, C], added to x first; needs <paramref name="bias"/>, which adds it to the result.</param>
    /// <param name="bias">[1, 1, C] in place of the second layer's.</param>
    public FeedForwardPart With(Tensor? shift = null, Tensor? bias = null) => new(First, Activation.Relu, Second, shift, bias);
}
