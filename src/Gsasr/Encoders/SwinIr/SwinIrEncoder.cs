using Gsasr.Layers;
using Gsasr.Pipeline;
using Gsasr.Tensors;
using Gsasr.Weights;

namespace Gsasr.Encoders;

/// <summary>
/// SwinIR without its upsampler: groups of transformer layers whose windows are shifted in every other layer, with relative
/// position biases and the usual mask for the real size of the image (arXiv 2108.10257).
/// </summary>
internal sealed class SwinIrEncoder : Encoder
{
    private readonly int _channels;
    private readonly ConvolutionWeights _first;
    private readonly NormWeights _embedNorm;
    private readonly Group[] _groups;
    private readonly NormWeights _norm;
    private readonly ConvolutionWeights _afterBody;
    private readonly ConvolutionWeights _beforeUpsample;

    public SwinIrEncoder(WeightReader weights, SwinIrArchitecture architecture)
        : base(weights, architecture.Features)
    {
        _channels = weights.Padded(architecture.Channels);
        _first = weights.Convolution("conv_first", elementType: ElementType.Float32);
        _embedNorm = weights.Norm("patch_embed.norm");
        long[] index = RelativePositionIndex(architecture.WindowSize);
        _groups = new Group[architecture.Groups];
        for (int g = 0; g < _groups.Length; g++)
        {
            var layers = new Layer[architecture.Layers];
            for (int l = 0; l < layers.Length; l++)
            {
                WeightReader layer = weights.Below($"layers.{g}.residual_group.blocks.{l}");
                var attention = new WindowAttentionSettings(architecture.WindowSize, architecture.Heads)
                {
                    QueryShift = l % 2 == 0 ? 0 : architecture.WindowSize / 2,
                    KeyShift = l % 2 == 0 ? 0 : architecture.WindowSize / 2,
                    MaskWrapped = true,
                    Bias = layer.PositionBias("attn.relative_position_bias_table", index, architecture.WindowSize * architecture.WindowSize),
                };
                PaddedChannels heads = weights.Heads(architecture.Channels, attention, rotates: false);
                layers[l] = new Layer(
                    layer.NormalizedProjection("norm1", heads, queries: true, "attn.qkv"),
                    attention,
                    layer.Convolution("attn.proj", inputs: heads),
                    MlpWeights.Load(layer));
            }

            _groups[g] = new Group(layers, weights.Convolution($"layers.{g}.conv"));
        }

        _norm = weights.Norm("norm");
        _afterBody = weights.Convolution("conv_after_body");
        _beforeUpsample = weights.Convolution("conv_before_upsample.0");
    }

    /// <inheritdoc/>
    public override void Run(in Tensor image, in Tensor features, ForwardPass pass)
    {
        using Arena.Scope scope = pass.Arena.BeginScope();
        Tensor shallow = pass.Arena.Allocate(image.Height, image.Width, _channels, ElementType);
        Tensor x = pass.Arena.Allocate(image.Height, image.Width, _channels, ElementType);
        Tensor groupInput = pass.Arena.Allocate(image.Height, image.Width, _channels, ElementType);
        RunFirst(image, _first, shallow, pass.Arena);
        pass.Advance(image.Pixels * _first.MultiplyAddsPerPixel);
        LayerNorm.Run(shallow, _embedNorm.Gamma, _embedNorm.Beta, groupInput);
        foreach (Group group in _groups)
        {
            Tensor input = groupInput;
            foreach (Layer layer in group.Layers)
            {
                RunLayer(layer, input, x, pass);
                input = x;
            }

            Convolution.Run(x, group.Convolution, groupInput, residual: groupInput);
            pass.Advance(image.Pixels * group.Convolution.MultiplyAddsPerPixel);
        }

        LayerNorm.Run(groupInput, _norm.Gamma, _norm.Beta, x);
        Convolution.Run(x, _afterBody, groupInput, residual: shallow);
        Convolution.Run(groupInput, _beforeUpsample, features, Activation.LeakyRelu);
        pass.Advance(image.Pixels * (_afterBody.MultiplyAddsPerPixel + _beforeUpsample.MultiplyAddsPerPixel));
    }

    // index[query, key] = (dy + s - 1) * (2s - 1) + dx + s - 1 with (dy, dx) from the key to the query: Swin's formula.
    private static long[] RelativePositionIndex(int window)
    {
        int tokens = window * window;
        var index = new long[tokens * tokens];
        for (int query = 0; query < tokens; query++)
        {
            for (int key = 0; key < tokens; key++)
            {
                int dy = query / window - key / window + window - 1;
                int dx = query % window - key % window + window - 1;
                index[query * tokens + key] = dy * (2 * window - 1) + dx;
            }
        }

        return index;
    }

    private static void RunLayer(Layer layer, in Tensor input, in Tensor x, ForwardPass pass)
    {
        // Channels of all heads; where these are filled up, they are more than those of the state.
        int channels = layer.Projection.InputChannels;
        using (pass.Arena.BeginScope())
        {
            Tensor attended = pass.Arena.Allocate(x.Height, x.Width, channels, x.ElementType);
            Tensor qkv = pass.Arena.Allocate(x.Height, x.Width, 3 * channels, x.ElementType);
            new NormalizedLinear(layer.Qkv, qkv, Normal: attended.SliceChannels(0, x.Channels)).Run(input);
            WindowAttention.Run(
                qkv.SliceChannels(0, channels), qkv.SliceChannels(channels, channels), qkv.SliceChannels(2 * channels, channels), attended, layer.Attention);
            Convolution.Run(attended, layer.Projection, x, residual: input);
        }

        layer.Mlp.Run(x, pass.Arena);
        pass.Advance(x.Pixels * (layer.Qkv.MultiplyAddsPerPixel + layer.Attention.MultiplyAddsPerPixel(channels)
            + layer.Projection.MultiplyAddsPerPixel + layer.Mlp.MultiplyAddsPerPixel));
    }

    private sealed record Layer(
        NormalizedWeights Qkv, WindowAttentionSettings Attention, ConvolutionWeights Projection, MlpWeights Mlp);

    private sealed record Group(Layer[] Layers, ConvolutionWeights Convolution);
}
