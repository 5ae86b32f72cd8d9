using Gsasr.Layers;
using Gsasr.Pipeline;
using Gsasr.Tensors;
using Gsasr.Weights;

namespace Gsasr.Encoders;

/// <summary>
/// HAT-L with rotary embeddings and without its upsampler (arXiv 2205.04437): transformer layers beside a convolution
/// branch with channel attention, and one overlapping cross-attention at the end of each group. As published for GSASR, the
/// shifted windows attend without a mask, and the queries of the overlapping attention use the first rows of the rotary
/// table of the larger window.
/// </summary>
internal sealed class HatLEncoder : Encoder
{
    private const float ConvolutionBranchFactor = 0.01f;

    private readonly HatLArchitecture _architecture;
    private readonly ConvolutionWeights _first;
    private readonly NormWeights _embedNorm;
    private readonly Group[] _groups;
    private readonly NormWeights _norm;
    private readonly ConvolutionWeights _afterBody;
    private readonly ConvolutionWeights _beforeUpsample;

    public HatLEncoder(WeightReader weights, HatLArchitecture architecture)
        : base(weights, architecture.Features)
    {
        _architecture = architecture;
        _first = weights.Convolution("conv_first");
        _embedNorm = weights.Norm("patch_embed.norm");
        _groups = new Group[architecture.Groups];
        for (int g = 0; g < _groups.Length; g++)
        {
            var layers = new HybridLayer[architecture.Layers];
            for (int l = 0; l < layers.Length; l++)
            {
                WeightReader layer = weights.Below($"layers.{g}.residual_group.blocks.{l}");
                WeightReader cab = layer.Below("conv_block.cab");
                int shift = l % 2 == 0 ? 0 : HatLArchitecture.WindowSize / 2;
                layers[l] = new HybridLayer(
                    AttentionHalf.Load(layer, layer.Below("attn"), architecture.Heads, shift, overlappingWindow: 0),
                    cab.Convolution("0"),
                    cab.Convolution("2"),
                    weights.Own(new ChannelAttentionWeights(
                        weights.Device,
                        cab.Values("3.attention.1.weight"),
                        cab.Values("3.attention.1.bias"),
                        cab.Values("3.attention.3.weight"),
                        cab.Values("3.attention.3.bias"))),
                    MlpWeights.Load(layer));
            }

            WeightReader overlap = weights.Below($"layers.{g}.residual_group.overlap_attn");
            _groups[g] = new Group(
                layers,
                AttentionHalf.Load(overlap, overlap, architecture.Heads, shift: 0, HatLArchitecture.OverlappingWindowSize),
                MlpWeights.Load(overlap),
                weights.Convolution($"layers.{g}.conv"));
        }

        _norm = weights.Norm("norm");
        _afterBody = weights.Convolution("conv_after_body");
        _beforeUpsample = weights.Convolution("conv_before_upsample.0");
    }

    /// <inheritdoc/>
    public override void Run(in Tensor image, in Tensor features, ForwardPass pass)
    {
        int channels = _architecture.Channels;
        using Arena.Scope scope = pass.Arena.BeginScope();
        Tensor shallow = pass.Arena.Allocate(image.Height, image.Width, channels);
        Tensor x = pass.Arena.Allocate(image.Height, image.Width, channels);
        Tensor groupInput = pass.Arena.Allocate(image.Height, image.Width, channels);
        Convolution.Run(image, _first, shallow);
        pass.Advance(image.Pixels * _first.MultiplyAddsPerPixel);
        LayerNorm.Run(shallow, _embedNorm.Gamma, _embedNorm.Beta, groupInput);
        foreach (Group group in _groups)
        {
            Tensor input = groupInput;
            foreach (HybridLayer layer in group.Layers)
            {
                RunHybridLayer(layer, input, x, pass);
                input = x;
            }

            using (pass.Arena.BeginScope())
            {
                Tensor normal = pass.Arena.Allocate(x.Height, x.Width, channels);
                group.Overlap.Run(x, normal, x, pass);
            }

            group.OverlapMlp.Run(x, pass.Arena);
            Convolution.Run(x, group.Convolution, groupInput, residual: groupInput);
            pass.Advance(image.Pixels * (group.OverlapMlp.MultiplyAddsPerPixel + group.Convolution.MultiplyAddsPerPixel));
        }

        LayerNorm.Run(groupInput, _norm.Gamma, _norm.Beta, x);
        Convolution.Run(x, _afterBody, groupInput, residual: shallow);
        Convolution.Run(groupInput, _beforeUpsample, features, Activation.LeakyRelu);
        pass.Advance(image.Pixels * (_afterBody.MultiplyAddsPerPixel + _beforeUpsample.MultiplyAddsPerPixel));
    }

    // x = input + attention(norm(input)) + 0.01 * cab(norm(input)), then the MLP half.
    private static void RunHybridLayer(HybridLayer layer, in Tensor input, in Tensor x, ForwardPass pass)
    {
        using (pass.Arena.BeginScope())
        {
            Tensor normal = pass.Arena.Allocate(x.Height, x.Width, x.Channels);
            Tensor branch = pass.Arena.Allocate(x.Height, x.Width, x.Channels);
            layer.Attention.Normalize(input, normal);
            using (pass.Arena.BeginScope())
            {
                Tensor compressed = pass.Arena.Allocate(x.Height, x.Width, layer.Compress.OutputChannels);
                Convolution.Run(normal, layer.Compress, compressed, Activation.Gelu);
                Convolution.Run(compressed, layer.Expand, branch);
            }

            layer.Attention.RunNormalized(normal, input, x, pass);
            ChannelAttention.AddScaled(branch, layer.ChannelAttention, ConvolutionBranchFactor, x, pass.Arena);
        }

        layer.Mlp.Run(x, pass.Arena);
        pass.Advance(x.Pixels * (layer.Compress.MultiplyAddsPerPixel + layer.Expand.MultiplyAddsPerPixel + layer.Mlp.MultiplyAddsPerPixel));
    }

    /// <summary>The first half of a layer: y = input + proj(attention(qkv(norm(input)))).</summary>
    private sealed record AttentionHalf(NormWeights Norm, ConvolutionWeights Qkv, WindowAttentionSettings Settings, ConvolutionWeights Projection)
    {
        public static AttentionHalf Load(WeightReader layer, WeightReader attention, int heads, int shift, int overlappingWindow)
        {
            int window = overlappingWindow == 0 ? HatLArchitecture.WindowSize : overlappingWindow;
            var settings = new WindowAttentionSettings(HatLArchitecture.WindowSize, heads)
            {
                QueryShift = shift,
                KeyShift = shift,
                OverlappingKeyWindowSize = overlappingWindow,
                Rotary = attention.Rotary("rope_freqs", window),
            };
            return new AttentionHalf(layer.Norm("norm1"), attention.Convolution("qkv"), settings, attention.Convolution("proj"));
        }

        public void Normalize(in Tensor input, in Tensor normal) => LayerNorm.Run(input, Norm.Gamma, Norm.Beta, normal);

        public void Run(in Tensor input, in Tensor normal, in Tensor y, ForwardPass pass)
        {
            Normalize(input, normal);
            RunNormalized(normal, input, y, pass);
        }

        // The normalised input is overwritten once it has been read.
        public void RunNormalized(in Tensor normal, in Tensor input, in Tensor y, ForwardPass pass)
        {
            int channels = y.Channels;
            using (pass.Arena.BeginScope())
            {
                Tensor qkv = pass.Arena.Allocate(y.Height, y.Width, 3 * channels);
                Convolution.Run(normal, Qkv, qkv);
                WindowAttention.Run(
                    qkv.SliceChannels(0, channels), qkv.SliceChannels(channels, channels), qkv.SliceChannels(2 * channels, channels), normal, Settings);
                Convolution.Run(normal, Projection, y, residual: input);
            }

            pass.Advance(y.Pixels * (Qkv.MultiplyAddsPerPixel + Settings.MultiplyAddsPerPixel(channels) + Projection.MultiplyAddsPerPixel));
        }
    }

    private sealed record HybridLayer(
        AttentionHalf Attention,
        ConvolutionWeights Compress,
        ConvolutionWeights Expand,
        ChannelAttentionWeights ChannelAttention,
        MlpWeights Mlp);

    private sealed record Group(HybridLayer[] Layers, AttentionHalf Overlap, MlpWeights OverlapMlp, ConvolutionWeights Convolution);
}
