using Gsasr.Layers;
using Gsasr.Pipeline;
using Gsasr.Tensors;
using Gsasr.Weights;

namespace Gsasr.Encoders;

/// <summary>Runs <see cref="PlainArchitecture"/>.</summary>
internal sealed class PlainEncoder : Encoder
{
    private readonly ConvolutionWeights _stem;
    private readonly ConvolutionWeights[] _chain;

    public PlainEncoder(WeightReader weights, PlainArchitecture architecture)
        : base(weights, architecture.Features)
    {
        _stem = weights.Convolution("stem");
        _chain = [.. Enumerable.Range(0, architecture.Layers).Select(layer => weights.Convolution($"chain.{layer}"))];
    }

    /// <inheritdoc/>
    public override void Run(in Tensor image, in Tensor features, ForwardPass pass)
    {
        using Arena.Scope scope = pass.Arena.BeginScope();
        Tensor x = pass.Arena.Allocate(image.Height, image.Width, Features);
        Tensor y = pass.Arena.Allocate(image.Height, image.Width, Features);
        Convolution.Run(image, _stem, x, Activation.Relu);
        pass.Advance(image.Pixels * _stem.MultiplyAddsPerPixel);
        for (int layer = 0; layer < _chain.Length; layer++)
        {
            bool isLast = layer == _chain.Length - 1;
            Convolution.Run(x, _chain[layer], isLast ? features : y, isLast ? Activation.None : Activation.Relu);
            pass.Advance(image.Pixels * _chain[layer].MultiplyAddsPerPixel);
            (x, y) = (y, x);
        }
    }
}
