using Gsasr.Architecture;
using Gsasr.Layers;
using Gsasr.Tensors;
using Gsasr.Weights;

namespace Gsasr.Encoders;

/// <summary>
/// HAT-L with rotary position embedding, without its upsampler: groups of hybrid attention layers (shifted windows plus channel
/// attention), each group closed by overlapping cross attention and a 3x3 convolution.
/// </summary>
/// <param name="Features">Channels of the result.</param>
/// <param name="Channels">Channels inside, the embedding.</param>
/// <param name="Groups">Residual groups.</param>
/// <param name="Layers">Hybrid attention layers per group; every second one is shifted by half a window.</param>
/// <param name="Heads">Attention heads.</param>
/// <param name="MlpChannels">Channels inside the two-layer perceptrons.</param>
/// <param name="CompressedChannels">Channels between the two convolutions of the channel attention branch.</param>
/// <param name="SqueezedChannels">Channels between the two 1x1 convolutions of the channel attention itself.</param>
internal sealed record HatLArchitecture(
    int Features,
    int Channels,
    int Groups,
    int Layers,
    int Heads,
    int MlpChannels,
    int CompressedChannels,
    int SqueezedChannels) : EncoderArchitecture(Features)
{
    private const string FirstLayer = "layers.0.residual_group.blocks.0";

    /// <inheritdoc/>
    public override string Name => "hatl";

    /// <summary>
    /// Side of the attention window in pixels: 16. No shape of a weight depends on it; buffers whose shape does must agree.
    /// </summary>
    public static int WindowSize => 16;

    /// <summary>Side in pixels of the overlapping windows that keys and values of the cross attention come from: 24.</summary>
    public static int OverlappingWindowSize => WindowSize * 3 / 2;

    /// <inheritdoc/>
    public override int SizeMultiple => WindowSize;

    /// <summary>How such an encoder is recognised.</summary>
    internal static EncoderKind Kind { get; } = new("HAT-L", "conv_first.weight", TryRecognise);

    internal override string Description => $"HAT-L, {Channels} channels, {Groups} groups of {Layers} layers, {Heads} heads, window {WindowSize}";

    // Three states. Of a layer the normalised state, and either what both branches hold, or what its perceptron holds. The attention's branch holds queries,
    // keys and values, and its result; the convolution branch what it is compressed to, its result, and sums of at least 16 pixels each.
    internal override long WorkingFloatsPerPixel =>
        3L * Channels + Channels + Math.Max(3 * Channels + Channels + CompressedChannels + Channels + Channels / 16 + 1, MlpChannels);

    internal override bool HasMixedPrecision(GpuDevice device) =>
        TensorCores.Supports(Features) && TensorCores.SupportsAttention(device, Channels, OverlappingWindowSize * OverlappingWindowSize, Heads, rotates: true);

    internal override Encoder Load(WeightReader weights) => new HatLEncoder(weights, this);

    internal override void Describe(TensorPlan plan)
    {
        int tokens = WindowSize * WindowSize;
        int overlappingTokens = OverlappingWindowSize * OverlappingWindowSize;
        plan.Redundant("relative_position_index_SA", tokens, tokens);
        plan.Redundant("relative_position_index_OCA", tokens, overlappingTokens);
        plan.Convolution("conv_first", 3, Channels);
        plan.LayerNorm("patch_embed.norm", Channels);
        for (int group = 0; group < Groups; group++)
        {
            for (int layer = 0; layer < Layers; layer++)
            {
                string name = $"layers.{group}.residual_group.blocks.{layer}";
                DescribeAttention(plan, name, $"{name}.attn", tokens);
                plan.Convolution($"{name}.conv_block.cab.0", Channels, CompressedChannels);
                plan.Convolution($"{name}.conv_block.cab.2", CompressedChannels, Channels);
                plan.Convolution($"{name}.conv_block.cab.3.attention.1", Channels, SqueezedChannels, kernel: 1, perPixel: 0);
                plan.Convolution($"{name}.conv_block.cab.3.attention.3", SqueezedChannels, Channels, kernel: 1, perPixel: 0);
            }

            string overlapping = $"layers.{group}.residual_group.overlap_attn";
            DescribeAttention(plan, overlapping, overlapping, overlappingTokens);
            plan.Convolution($"layers.{group}.conv", Channels, Channels);
        }

        plan.LayerNorm("norm", Channels);
        plan.Convolution("conv_after_body", Channels, Channels);
        plan.Convolution("conv_before_upsample.0", Channels, Features);
    }

    private static HatLArchitecture? TryRecognise(TensorShapes shapes)
    {
        if (!shapes.Has("layers.0.residual_group.overlap_attn.rope_freqs"))
            return null;
        int channels = shapes.Extent("conv_first.weight", rank: 4, axis: 0);
        return new HatLArchitecture(
            shapes.Extent("conv_before_upsample.0.weight", rank: 4, axis: 0),
            channels,
            shapes.Repeats("layers"),
            shapes.Repeats("layers.0.residual_group.blocks"),
            shapes.HeadsOfRope($"{FirstLayer}.attn.rope_freqs", channels),
            shapes.Extent($"{FirstLayer}.mlp.fc1.weight", rank: 2, axis: 0),
            shapes.Extent($"{FirstLayer}.conv_block.cab.0.weight", rank: 4, axis: 0),
            shapes.Extent($"{FirstLayer}.conv_block.cab.3.attention.1.weight", rank: 4, axis: 0));
    }

    private void DescribeAttention(TensorPlan plan, string name, string attention, int positions)
    {
        plan.LayerNorm($"{name}.norm1", Channels);
        plan.WindowAttention(positions, Channels, Heads);
        plan.Rope(attention, Heads, Channels / Heads, positions);
        plan.Linear($"{attention}.qkv", Channels, 3 * Channels);
        plan.Linear($"{attention}.proj", Channels, Channels);
        plan.LayerNorm($"{name}.norm2", Channels);
        plan.Linear($"{name}.mlp.fc1", Channels, MlpChannels);
        plan.Linear($"{name}.mlp.fc2", MlpChannels, Channels);
    }
}
