using Gsasr.Layers;
using Gsasr.Tensors;
using Gsasr.Weights;

namespace Gsasr.Decoder;

/// <summary>A layer in which the Gaussian queries of a window attend to each other; odd layers shift the windows by half.</summary>
internal sealed class SelfLayer : DecoderLayer
{
    private readonly NormalizedWeights _queryKeyValue;
    private readonly WindowAttentionSettings _attention;

    /// <summary>Loads the layer.</summary>
    /// <param name="weights">The layer's weights.</param>
    /// <param name="index">Its number over the whole decoder.</param>
    /// <param name="attention">Windows and the kind of position encoding.</param>
    /// <param name="heads">Channels of the heads.</param>
    public SelfLayer(WeightReader weights, int index, WindowAttentionSettings attention, in PaddedChannels heads)
        : base(
            index,
            FeedForward.Load(weights, "norm4", "mlp_crossattn"),
            FeedForward.Load(weights, "norm2", "mlp_selfattn"),
            weights.Convolution("gs_self_attn.proj", inputs: heads))
    {
        _queryKeyValue = weights.NormalizedProjection("norm1", heads, queries: true, "gs_self_attn.qhead", "gs_self_attn.khead", "gs_self_attn.vhead");
        _attention = attention;
    }

    /// <inheritdoc/>
    protected override double AttentionMultiplyAddsPerPixel =>
        _queryKeyValue.MultiplyAddsPerPixel + _attention.MultiplyAddsPerPixel(_queryKeyValue.Layer.OutputChannels / 3);

    /// <inheritdoc/>
    protected override NormalizedWeights QueryKeyValue => _queryKeyValue;

    /// <inheritdoc/>
    public override void Attend(in Tensor x, in Tensor features, in AttentionMemory memory) =>
        WindowAttention.Run(memory.Part(0), memory.Part(1), memory.Part(2), memory.Attended, _attention);
}
