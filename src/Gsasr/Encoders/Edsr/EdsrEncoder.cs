using Gsasr.Layers;
using Gsasr.Pipeline;
using Gsasr.Tensors;
using Gsasr.Weights;

namespace Gsasr.Encoders;

/// <summary>
/// EDSR without its upsampler: a chain of residual blocks of two convolutions (arXiv 1707.02921, baseline). The published GSASR encoder
/// computes EDSR's long skip connection but returns the features without it, and it was trained that way.
/// </summary>
internal sealed class EdsrEncoder : Encoder
{
    private readonly ConvolutionWeights _first;
    private readonly (ConvolutionWeights First, ConvolutionWeights Second)[] _blocks;
    private readonly ConvolutionWeights _last;

    public EdsrEncoder(WeightReader weights, EdsrArchitecture architecture)
        : base(weights, architecture.Features)
    {
        _first = weights.Convolution("conv_first", elementType: ElementType.Float32);
        _blocks = new (ConvolutionWeights, ConvolutionWeights)[architecture.Blocks];
        for (int i = 0; i < _blocks.Length; i++)
            _blocks[i] = (weights.Convolution($"body.{i}.conv1"), weights.Convolution($"body.{i}.conv2"));
        _last = weights.Convolution("conv_after_body");
    }

    /// <inheritdoc/>
    public override void Run(in Tensor image, in Tensor features, ForwardPass pass)
    {
        using Arena.Scope scope = pass.Arena.BeginScope();
        Tensor shallow = pass.Arena.Allocate(image.Height, image.Width, Features, features.ElementType);
        Tensor x = pass.Arena.Allocate(image.Height, image.Width, Features, features.ElementType);
        Tensor inner = pass.Arena.Allocate(image.Height, image.Width, Features, features.ElementType);
        RunFirst(image, _first, shallow, pass.Arena);
        pass.Advance(image.Pixels * _first.MultiplyAddsPerPixel);
        Tensor input = shallow;
        foreach ((ConvolutionWeights first, ConvolutionWeights second) in _blocks)
        {
            Convolution.Run(input, first, inner, Activation.Relu);
            Convolution.Run(inner, second, x, residual: input);
            input = x;
            pass.Advance(image.Pixels * (first.MultiplyAddsPerPixel + second.MultiplyAddsPerPixel));
        }

        Convolution.Run(input, _last, features);
        pass.Advance(image.Pixels * _last.MultiplyAddsPerPixel);
    }
}
