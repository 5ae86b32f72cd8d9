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

    private readonly int _channels;
    private readonly ConvolutionWeights _first;
    private readonly NormWeights _embedNorm;
    private readonly Group[] _groups;
    private readonly NormWeights _norm;
    private readonly ConvolutionWeights _afterBody;
    private readonly ConvolutionWeights _beforeUpsample;

    public HatLEncoder(WeightReader weights, HatLArchitecture architecture)
        : base(weights, architecture.Features)
    {
        _channels = weights.Padded(architecture.Channels);
        _first = weights.Convolution("conv_first", elementType: ElementType.Float32);
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
                    AttentionHalf.Load(layer, layer.Below("attn"), architecture, shift, overlappingWindow: 0),
                    cab.Convolution("0"),
                    cab.Convolution("2"),
                    ChannelAttentionOf(cab.Below("3.attention"), architecture),
                    MlpWeights.Load(layer));
            }

            WeightReader overlap = weights.Below($"layers.{g}.residual_group.overlap_attn");
            _groups[g] = new Group(
                layers,
                AttentionHalf.Load(overlap, overlap, architecture, shift: 0, HatLArchitecture.OverlappingWindowSize),
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
            foreach (HybridLayer layer in group.Layers)
            {
                RunHybridLayer(layer, input, x, pass);
                input = x;
            }

            using (pass.Arena.BeginScope())
            {
                Tensor attended = group.Overlap.AllocateResult(x, pass.Arena);
                Tensor normal = attended.SliceChannels(0, x.Channels);
                group.Overlap.Normalize(x, normal);
                group.Overlap.RunNormalized(normal, attended, x, x, pass);
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

    private static ChannelAttentionWeights ChannelAttentionOf(WeightReader attention, HatLArchitecture architecture)
    {
        var filled = new PaddedChannels(1, architecture.Channels, attention.Padded(architecture.Channels));
        return attention.Own(new ChannelAttentionWeights(
            attention.Device,
            filled.Pad(attention.Values("1.weight"), outer: architecture.SqueezedChannels),
            attention.Values("1.bias"),
            filled.Pad(attention.Values("3.weight"), inner: architecture.SqueezedChannels),
            filled.Pad(attention.Values("3.bias"))));
    }

    // x = input + attention(norm(input)) + 0.01 * cab(norm(input)), then the MLP half, whose normalised input takes the place of the first one. The two branches
    // may run at the same time, so that no part of their memory is the same.
    private static void RunHybridLayer(HybridLayer layer, in Tensor input, in Tensor x, ForwardPass pass)
    {
        using (pass.Arena.BeginScope())
        {
            Tensor normal = pass.Arena.Allocate(x.Height, x.Width, x.Channels, x.ElementType);
            using (pass.Arena.BeginScope())
            {
                Tensor attended = layer.Attention.AllocateResult(x, pass.Arena);
                Tensor compressed = pass.Arena.Allocate(x.Height, x.Width, layer.Compress.OutputChannels, x.ElementType);
                Tensor branch = pass.Arena.Allocate(x.Height, x.Width, x.Channels, x.ElementType);
                Tensor gates = pass.Arena.Allocate(1, 1, x.Channels);
                layer.Attention.Normalize(input, normal);
                using (LaunchRecording.Beside(x.Device))
                {
                    Convolution.Run(normal, layer.Compress, compressed, Activation.Gelu);
                    Tensor sums = Convolution.RunWithSums(compressed, layer.Expand, branch, pass.Arena);
                    ChannelAttention.ComputeGates(sums, x.Pixels, layer.ChannelAttention, ConvolutionBranchFactor, gates, pass.Arena);
                }

                layer.Attention.RunNormalized(normal, attended, input, x, pass);
                LaunchRecording.Join(x.Device);
                ChannelAttention.AddAndNormalize(branch, gates, x, layer.Mlp.First.Gamma, layer.Mlp.First.Beta, normal);
            }

            layer.Mlp.RunNormalized(x, normal, pass.Arena);
        }

        pass.Advance(x.Pixels * (layer.Compress.MultiplyAddsPerPixel + layer.Expand.MultiplyAddsPerPixel + layer.Mlp.MultiplyAddsPerPixel));
    }

    /// <summary>The first half of a layer: y = input + proj(attention(qkv(norm(input)))).</summary>
    private sealed record AttentionHalf(NormWeights Norm, ConvolutionWeights Qkv, WindowAttentionSettings Settings, ConvolutionWeights Projection)
    {
        // Channels of all heads; where these are filled up, they are more than those of the state.
        private int Channels => Projection.InputChannels;

        public static AttentionHalf Load(
            WeightReader layer, WeightReader attention, HatLArchitecture architecture, int shift, int overlappingWindow)
        {
            var settings = new WindowAttentionSettings(HatLArchitecture.WindowSize, architecture.Heads)
            {
                QueryShift = shift,
                KeyShift = shift,
                OverlappingKeyWindowSize = overlappingWindow,
            };
            PaddedChannels heads = layer.Heads(architecture.Channels, settings, rotates: true);
            return new AttentionHalf(
                layer.Norm("norm1"),
                attention.Projection(heads, queries: true, "qkv"),
                settings with { Rotary = attention.Rotary("rope_freqs", settings.KeyWindowSize, heads) },
                attention.Convolution("proj", inputs: heads));
        }

        public Tensor AllocateResult(in Tensor x, Arena arena) => arena.Allocate(x.Height, x.Width, Channels, x.ElementType);

        public void Normalize(in Tensor input, in Tensor normal) => LayerNorm.Run(input, Norm.Gamma, Norm.Beta, normal);

        // The normalised input may be part of the memory for the attention's result.
        public void RunNormalized(in Tensor normal, in Tensor attended, in Tensor input, in Tensor y, ForwardPass pass)
        {
            int channels = Channels;
            using (pass.Arena.BeginScope())
            {
                Tensor qkv = pass.Arena.Allocate(y.Height, y.Width, 3 * channels, y.ElementType);
                Convolution.Run(normal, Qkv, qkv);
                WindowAttention.Run(
                    qkv.SliceChannels(0, channels), qkv.SliceChannels(channels, channels), qkv.SliceChannels(2 * channels, channels), attended, Settings);
                Convolution.Run(attended, Projection, y, residual: input);
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
