using Gsasr.Layers;
using Gsasr.Tensors;
using Gsasr.Weights;

namespace Gsasr.Decoder;

/// <summary>
/// A layer in which the Gaussian queries attend to the image's features of their window. In odd layers the features, not the
/// queries, are rolled by half a window.
/// </summary>
internal sealed class CrossLayer : DecoderLayer
{
    private readonly NormWeights _norm;
    private readonly Tensor _positions;
    private readonly ConvolutionWeights _query;
    private readonly ConvolutionWeights _keyValue;
    private readonly WindowAttentionSettings _attention;

    /// <summary>Loads the layer.</summary>
    /// <param name="weights">The layer's weights.</param>
    /// <param name="index">Its number over the whole decoder.</param>
    /// <param name="positions">[s, s, C], added to the queries.</param>
    /// <param name="attention">Windows and the kind of position encoding.</param>
    /// <param name="heads">Channels of the heads.</param>
    public CrossLayer(WeightReader weights, int index, in Tensor positions, WindowAttentionSettings attention, in PaddedChannels heads)
        : base(
            index,
            FeedForward.Load(weights, "norm2", "mlp_crossattn_scale"),
            FeedForward.Load(weights, "norm4", "mlp_crossattn_feature"),
            weights.Convolution("window_cross_attn.proj", inputs: heads))
    {
        _norm = weights.Norm("norm3");
        _positions = positions;
        _query = weights.Projection(heads, queries: true, "window_cross_attn.qhead");
        _keyValue = weights.Projection(heads, queries: false, "window_cross_attn.khead", "window_cross_attn.vhead");
        _attention = attention;
    }

    /// <inheritdoc/>
    protected override double AttentionMultiplyAddsPerPixel =>
        _query.MultiplyAddsPerPixel + _keyValue.MultiplyAddsPerPixel + _attention.MultiplyAddsPerPixel(_query.OutputChannels);

    /// <inheritdoc/>
    public override void Attend(in Tensor x, in Tensor features, in AttentionMemory memory)
    {
        int channels = memory.Attended.Channels;
        Tensor query = memory.Part(0);
        Tensor normal = memory.Attended.SliceChannels(0, x.Channels);
        LayerNorm.Run(x, _norm.Gamma, _norm.Beta, normal, windowTable: _positions);
        Convolution.Run(normal, _query, query);
        Convolution.Run(features, _keyValue, memory.QueryKeyValue.SliceChannels(channels, 2 * channels));
        WindowAttention.Run(query, memory.Part(1), memory.Part(2), memory.Attended, _attention);
    }
}
