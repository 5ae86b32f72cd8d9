using Gsasr.Architecture;
using Gsasr.Layers;
using Gsasr.Tensors;
using Gsasr.Weights;

namespace Gsasr.Encoders;

/// <summary>SwinIR without its upsampler: groups of shifted-window attention layers with a relative position bias.</summary>
/// <param name="Features">Channels of the result.</param>
/// <param name="Channels">Channels inside, the embedding.</param>
/// <param name="Groups">Residual groups, each closed by a 3x3 convolution.</param>
/// <param name="Layers">Attention layers per group; every second one is shifted by half a window.</param>
/// <param name="Heads">Attention heads.</param>
/// <param name="WindowSize">Side of the attention window in pixels.</param>
/// <param name="MlpChannels">Channels inside the two-layer perceptrons.</param>
internal sealed record SwinIrArchitecture(
    int Features, int Channels, int Groups, int Layers, int Heads, int WindowSize, int MlpChannels) : EncoderArchitecture(Features)
{
    private const string FirstLayer = "layers.0.residual_group.blocks.0";

    /// <inheritdoc/>
    public override string Name => "swin";

    /// <inheritdoc/>
    public override int SizeMultiple => WindowSize;

    /// <summary>How such an encoder is recognised.</summary>
    internal static EncoderKind Kind { get; } = new("SwinIR", "conv_first.weight", TryRecognise);

    internal override string Description => $"SwinIR, {Channels} channels, {Groups} groups of {Layers} layers, {Heads} heads, window {WindowSize}";

    // Three states. Of a layer the normalised state, with either queries, keys and values or what its perceptron holds.
    internal override long WorkingFloatsPerPixel => 3L * Channels + Channels + Math.Max(3 * Channels, MlpChannels);

    internal override bool HasMixedPrecision(GpuDevice device) =>
        TensorCores.Supports(Features) && TensorCores.SupportsAttention(device, Channels, WindowSize * WindowSize, Heads, rotates: false);

    internal override Encoder Load(WeightReader weights) => new SwinIrEncoder(weights, this);

    internal override void Describe(TensorPlan plan)
    {
        int tokens = WindowSize * WindowSize;
        int offsets = (2 * WindowSize) - 1;
        plan.Convolution("conv_first", 3, Channels);
        plan.LayerNorm("patch_embed.norm", Channels);
        for (int group = 0; group < Groups; group++)
        {
            for (int layer = 0; layer < Layers; layer++)
            {
                string name = $"layers.{group}.residual_group.blocks.{layer}";
                plan.LayerNorm($"{name}.norm1", Channels);
                plan.Parameter($"{name}.attn.relative_position_bias_table", offsets * offsets, Heads);
                plan.Redundant($"{name}.attn.relative_position_index", tokens, tokens);
                plan.WindowAttention(tokens, Channels, Heads);
                plan.Linear($"{name}.attn.qkv", Channels, 3 * Channels);
                plan.Linear($"{name}.attn.proj", Channels, Channels);
                plan.LayerNorm($"{name}.norm2", Channels);
                plan.Linear($"{name}.mlp.fc1", Channels, MlpChannels);
                plan.Linear($"{name}.mlp.fc2", MlpChannels, Channels);

                // The mask in the file is that of the training images; every other size needs another one.
                if (layer % 2 == 1)
                    plan.Redundant($"{name}.attn_mask", -1, tokens, tokens);
            }

            plan.Convolution($"layers.{group}.conv", Channels, Channels);
        }

        plan.LayerNorm("norm", Channels);
        plan.Convolution("conv_after_body", Channels, Channels);
        plan.Convolution("conv_before_upsample.0", Channels, Features);
    }

    private static SwinIrArchitecture? TryRecognise(TensorShapes shapes)
    {
        const string BiasTable = $"{FirstLayer}.attn.relative_position_bias_table";
        if (!shapes.Has(BiasTable))
            return null;
        int channels = shapes.Extent("conv_first.weight", rank: 4, axis: 0);
        return new SwinIrArchitecture(
            shapes.Extent("conv_before_upsample.0.weight", rank: 4, axis: 0),
            channels,
            shapes.Repeats("layers"),
            shapes.Repeats("layers.0.residual_group.blocks"),
            shapes.HeadsOfBiasTable(BiasTable, channels),
            shapes.WindowOfBiasTable(BiasTable),
            shapes.Extent($"{FirstLayer}.mlp.fc1.weight", rank: 2, axis: 0));
    }
}
