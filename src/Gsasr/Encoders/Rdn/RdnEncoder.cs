using Gsasr.Layers;
using Gsasr.Pipeline;
using Gsasr.Tensors;
using Gsasr.Weights;

namespace Gsasr.Encoders;

/// <summary>
/// RDN without its upsampler: dense blocks in which each convolution sees the outputs of all earlier ones (arXiv 1802.08797). Nothing is
/// concatenated. Inside a block, each convolution writes its channels of one wide tensor. The 1x1 convolution over the outputs of all
/// blocks is a sum, to which each block adds its part as soon as it is done.
/// </summary>
internal sealed class RdnEncoder : Encoder
{
    private readonly ConvolutionWeights _first;
    private readonly ConvolutionWeights _second;
    private readonly DenseBlock[] _blocks;
    private readonly ConvolutionWeights _last;
    private readonly int _growth;

    public RdnEncoder(WeightReader weights, RdnArchitecture architecture)
        : base(weights, architecture.Features)
    {
        _growth = architecture.Growth;
        _first = weights.Convolution("SFENet1", elementType: ElementType.Float32);
        _second = weights.Convolution("SFENet2");
        _blocks = new DenseBlock[architecture.Blocks];
        for (int i = 0; i < _blocks.Length; i++)
        {
            WeightReader block = weights.Below($"RDBs.{i}");
            var layers = new ConvolutionWeights[architecture.Layers];
            for (int layer = 0; layer < layers.Length; layer++)
                layers[layer] = block.Convolution($"convs.{layer}.conv.0");
            _blocks[i] = new DenseBlock(layers, block.Convolution("LFF"), weights.LinearPart("GFF.0", i * Features, Features, withBias: i == 0));
        }

        _last = weights.Convolution("GFF.1");
    }

    /// <inheritdoc/>
    public override void Run(in Tensor image, in Tensor features, ForwardPass pass)
    {
        using Arena.Scope scope = pass.Arena.BeginScope();
        int height = image.Height;
        int width = image.Width;
        int wide = Features + _blocks[0].Layers.Length * _growth;
        Tensor shallow = pass.Arena.Allocate(height, width, Features, ElementType);
        Tensor fused = pass.Arena.Allocate(height, width, Features, ElementType);
        Tensor dense = pass.Arena.Allocate(height, width, wide, ElementType);
        Tensor next = pass.Arena.Allocate(height, width, wide, ElementType);
        RunFirst(image, _first, shallow, pass.Arena);
        Convolution.Run(shallow, _second, dense.SliceChannels(0, Features));
        pass.Advance(image.Pixels * (_first.MultiplyAddsPerPixel + _second.MultiplyAddsPerPixel));
        for (int i = 0; i < _blocks.Length; i++)
        {
            DenseBlock block = _blocks[i];
            double multiplyAdds = block.LocalFusion.MultiplyAddsPerPixel + block.GlobalFusion.MultiplyAddsPerPixel;
            for (int layer = 0; layer < block.Layers.Length; layer++)
            {
                int channels = Features + layer * _growth;
                Convolution.Run(dense.SliceChannels(0, channels), block.Layers[layer], dense.SliceChannels(channels, _growth), Activation.Relu);
                multiplyAdds += block.Layers[layer].MultiplyAddsPerPixel;
            }

            Tensor output = next.SliceChannels(0, Features);
            Convolution.Run(dense, block.LocalFusion, output, residual: dense.SliceChannels(0, Features));
            Convolution.Run(output, block.GlobalFusion, fused, residual: i == 0 ? null : fused);
            (dense, next) = (next, dense);
            pass.Advance(multiplyAdds * image.Pixels);
        }

        Convolution.Run(fused, _last, features, residual: shallow);
        pass.Advance(image.Pixels * _last.MultiplyAddsPerPixel);
    }

    private readonly record struct DenseBlock(ConvolutionWeights[] Layers, ConvolutionWeights LocalFusion, ConvolutionWeights GlobalFusion);
}
