using Gsasr.Layers;
using Gsasr.Tensors;
using Gsasr.Weights;

namespace Gsasr.Decoder;

/// <summary>
/// One layer of the decoder: attention to the scale token, a feed-forward network, attention within windows (to the image's
/// features in a cross layer, of the Gaussian queries to each other in a self layer), and another feed-forward network.
/// </summary>
internal abstract class DecoderLayer
{
    private readonly int _index;
    private readonly FeedForward _afterScale;
    private readonly FeedForward _afterWindow;
    private readonly ConvolutionWeights _projection;

    protected DecoderLayer(int index, FeedForward afterScale, FeedForward afterWindow, ConvolutionWeights projection)
    {
        _index = index;
        _afterScale = afterScale;
        _afterWindow = afterWindow;
        _projection = projection;
    }

    /// <summary>Channels of all heads; these are more than those of the queries where heads are filled up.</summary>
    public int AttentionChannels => _projection.InputChannels;

    /// <summary>The multiply-adds of the layer for a pixel.</summary>
    public double MultiplyAddsPerPixel =>
        _afterScale.MultiplyAddsPerPixel + AttentionMultiplyAddsPerPixel + _projection.MultiplyAddsPerPixel + _afterWindow.MultiplyAddsPerPixel;

    /// <summary>The multiply-adds of attention for a pixel, without its projection.</summary>
    protected abstract double AttentionMultiplyAddsPerPixel { get; }

    /// <summary>The linear layer on normalised queries that attention begins with; null where it begins otherwise.</summary>
    protected virtual NormalizedWeights? QueryKeyValue => null;

    /// <summary>The layer's beginning, where no layer comes before it (<see cref="End"/>).</summary>
    /// <param name="x">[height, width, C], the Gaussian queries, in place.</param>
    /// <param name="memory">Memory.</param>
    /// <param name="scale">The vectors that depend on the scale.</param>
    public void Begin(in Tensor x, in AttentionMemory memory, ScaleConditioning scale) =>
        FeedForwardNetwork.AddTo(x, AfterScale(scale), memory.RoomFor(x), linear: LinearOf(x, memory));

    /// <summary>Attends within windows.</summary>
    /// <param name="x">[height, width, C], the Gaussian queries.</param>
    /// <param name="features">[height, width, C], the image's features.</param>
    /// <param name="memory">Memory, with queries, keys and values if the layer begins with them; in the end with the result.</param>
    public abstract void Attend(in Tensor x, in Tensor features, in AttentionMemory memory);

    /// <summary>The layer's end, and the beginning of the next one: both go on with each pixel by itself.</summary>
    /// <param name="x">[height, width, C], the Gaussian queries, in place.</param>
    /// <param name="memory">Memory, with the result of attention.</param>
    /// <param name="scale">The vectors that depend on the scale.</param>
    /// <param name="next">The next layer; null if it is not to be begun.</param>
    public void End(in Tensor x, in AttentionMemory memory, ScaleConditioning scale, DecoderLayer? next) => FeedForwardNetwork.AddTo(
        x, _afterWindow.With(), memory.RoomFor(x), added: (memory.Attended, _projection), next: next?.AfterScale(scale), linear: next?.LinearOf(x, memory));

    private FeedForwardPart AfterScale(ScaleConditioning scale) => _afterScale.With(scale.Shift(_index), scale.FeedForwardBias(_index));

    private NormalizedLinear? LinearOf(in Tensor x, in AttentionMemory memory) =>
        QueryKeyValue is NormalizedWeights weights ? new NormalizedLinear(weights, memory.QueryKeyValue, memory.Attended.SliceChannels(0, x.Channels)) : null;
}
