using Gsasr.Checkpoints;
using Gsasr.Tensors;

namespace Gsasr.Architecture;

/// <summary>The network that turns features into Gaussians, with every size that its layers depend on.</summary>
/// <param name="Kind">Paper or enhanced.</param>
/// <param name="InputFeatures">Channels of the features that it takes.</param>
/// <param name="Channels">Channels inside.</param>
/// <param name="Heads">Attention heads.</param>
/// <param name="WindowSize">Side of the attention window in low-resolution pixels.</param>
/// <param name="CrossBlocks">Blocks in which the Gaussians attend to the features.</param>
/// <param name="CrossLayers">Layers per such block.</param>
/// <param name="SelfBlocks">Blocks in which the Gaussians attend to each other.</param>
/// <param name="SelfLayers">Layers per such block.</param>
internal sealed record DecoderArchitecture(
    DecoderKind Kind,
    int InputFeatures,
    int Channels,
    int Heads,
    int WindowSize,
    int CrossBlocks,
    int CrossLayers,
    int SelfBlocks,
    int SelfLayers)
{
    private const string CrossBlockName = "window_crossattn_blocks";
    private const string SelfBlockName = "gs_selfattn_blocks";

    /// <summary>Learned queries of one window, one per low-resolution pixel.</summary>
    public int Seeds => WindowSize * WindowSize;

    /// <summary>Channels of one attention head.</summary>
    public int HeadWidth => Channels / Heads;

    internal static DecoderArchitecture Recognise(TensorShapes shapes)
    {
        int channels = shapes.Extent("gs_embedding", rank: 2, axis: 1);
        int windowSize = shapes.Side("gs_embedding", shapes.Extent("gs_embedding", rank: 2, axis: 0));
        const string Attention = $"{SelfBlockName}.0.blocks.0.gs_self_attn";
        DecoderKind kind = shapes.Has($"{Attention}.rope_freqs") ? DecoderKind.Enhanced : DecoderKind.Paper;
        return new DecoderArchitecture(
            kind,
            shapes.Extent("img_feat_proj.0.weight", rank: 4, axis: 1),
            channels,
            kind == DecoderKind.Enhanced
                ? shapes.HeadsOfRope($"{Attention}.rope_freqs", channels)
                : shapes.HeadsOfBiasTable($"{Attention}.relative_position_bias_table", channels),
            windowSize,
            shapes.Repeats(CrossBlockName),
            shapes.Repeats($"{CrossBlockName}.0.blocks"),
            shapes.Repeats(SelfBlockName),
            shapes.Repeats($"{SelfBlockName}.0.blocks"));
    }

    internal void Describe(TensorPlan plan)
    {
        plan.Parameter("gs_embedding", Seeds, Channels);
        plan.Parameter("pos_embedding", Seeds, Channels);
        plan.Convolution("img_feat_proj.0", InputFeatures, Channels);
        plan.Convolution("img_feat_proj.2", Channels, Channels);
        for (int block = 0; block < CrossBlocks; block++)
            DescribeBlock(plan, $"{CrossBlockName}.{block}", CrossLayers, DescribeCrossLayer);
        for (int block = 0; block < SelfBlocks; block++)
            DescribeBlock(plan, $"{SelfBlockName}.{block}", SelfLayers, DescribeSelfLayer);
        plan.Part = NetworkPart.Heads;
        DescribeHead(plan, "mlp_block_sigma", 2);
        DescribeHead(plan, "mlp_block_rho", 1);
        DescribeHead(plan, "mlp_block_alpha", 1);
        DescribeHead(plan, "mlp_block_rgb", 3);
        DescribeHead(plan, "mlp_block_mean", 2);
        plan.GaussianHeads(Channels);
        plan.Linear("scale_mlp.0", 1, 4 * Channels, perPixel: 0);
        plan.Linear("scale_mlp.2", 4 * Channels, Channels, perPixel: 0);
        plan.Part = NetworkPart.Upsampling;
        plan.Convolution("UPNet.0", Channels, 4 * Channels);
        plan.Part = NetworkPart.Heads;
        plan.Convolution("UPNet.2", Channels, 4 * Channels, perPixel: 4);
        plan.Part = NetworkPart.Blocks;
        if (Kind == DecoderKind.Enhanced)
            plan.Convolution("conv_final", Channels, Channels);
    }

    private void DescribeBlock(TensorPlan plan, string name, int layers, Action<TensorPlan, string> describeLayer)
    {
        plan.Linear($"{name}.mlp.0", Channels, Channels);
        plan.Linear($"{name}.mlp.2", Channels, Channels);
        plan.LayerNorm($"{name}.norm", Channels);
        for (int layer = 0; layer < layers; layer++)
        {
            string layerName = $"{name}.blocks.{layer}";
            for (int norm = 1; norm <= 4; norm++)
                plan.LayerNorm($"{layerName}.norm{norm}", Channels);
            plan.Parameter($"{layerName}.gs_cross_attn_scale.in_proj_weight", 3 * Channels, Channels);
            plan.Parameter($"{layerName}.gs_cross_attn_scale.in_proj_bias", 3 * Channels);
            plan.Linear($"{layerName}.gs_cross_attn_scale.out_proj", Channels, Channels, perPixel: 0);
            describeLayer(plan, layerName);
        }

        if (Kind == DecoderKind.Enhanced)
            plan.Convolution($"{name}.conv", Channels, Channels);
    }

    private void DescribeCrossLayer(TensorPlan plan, string name)
    {
        DescribeWindowAttention(plan, $"{name}.window_cross_attn");
        DescribeMlp(plan, $"{name}.mlp_crossattn_scale");
        DescribeMlp(plan, $"{name}.mlp_crossattn_feature");
    }

    private void DescribeSelfLayer(TensorPlan plan, string name)
    {
        DescribeWindowAttention(plan, $"{name}.gs_self_attn");
        DescribeMlp(plan, $"{name}.mlp_selfattn");
        DescribeMlp(plan, $"{name}.mlp_crossattn");
    }

    private void DescribeWindowAttention(TensorPlan plan, string name)
    {
        plan.WindowAttention(Seeds, Channels, Heads);
        if (Kind == DecoderKind.Enhanced)
        {
            plan.Rope(name, Heads, HeadWidth, Seeds);
        }
        else
        {
            int offsets = (2 * WindowSize) - 1;
            plan.Parameter($"{name}.relative_position_bias_table", offsets * offsets, Heads);
            plan.IndexTable($"{name}.relative_position_index", Seeds, Seeds);
        }

        foreach (string projection in (string[])["qhead", "khead", "vhead", "proj"])
            plan.Linear($"{name}.{projection}", Channels, Channels);
    }

    private void DescribeMlp(TensorPlan plan, string name)
    {
        plan.Linear($"{name}.fc1", Channels, Channels);
        plan.Linear($"{name}.fc2", Channels, Channels);
    }

    private void DescribeHead(TensorPlan plan, string name, int outputs)
    {
        plan.Linear($"{name}.0", Channels, Channels, GaussianFormat.GaussiansPerPixel);
        plan.Linear($"{name}.2", Channels, 4 * Channels, GaussianFormat.GaussiansPerPixel);
        plan.Linear($"{name}.4", 4 * Channels, outputs, GaussianFormat.GaussiansPerPixel);
    }
}
