using Gsasr.Layers;
using Gsasr.Pipeline;
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

    /// <summary>Computes the layer in place.</summary>
    /// <param name="x">[height, width, C], the Gaussian queries.</param>
    /// <param name="features">[height, width, C], the image's features.</param>
    /// <param name="scale">The vectors that depend on the scale.</param>
    /// <param name="pass">Memory and progress.</param>
    public void Run(in Tensor x, in Tensor features, ScaleConditioning scale, ForwardPass pass)
    {
        _afterScale.Run(x, pass.Arena, scale.Shift(_index), scale.FeedForwardBias(_index));
        using Arena.Scope memory = pass.Arena.BeginScope();
        Tensor attended = pass.Arena.Allocate(x.Height, x.Width, _projection.InputChannels, x.ElementType);
        Attend(x, features, attended, pass.Arena);
        _afterWindow.Run(x, pass.Arena, added: (attended, _projection));
        pass.Advance(
            x.Pixels * (_afterScale.MultiplyAddsPerPixel + AttentionMultiplyAddsPerPixel + _projection.MultiplyAddsPerPixel + _afterWindow.MultiplyAddsPerPixel));
    }

    /// <summary>The multiply-adds of <see cref="Attend"/> for a pixel.</summary>
    protected abstract double AttentionMultiplyAddsPerPixel { get; }

    /// <summary>Normalises x and attends within windows.</summary>
    /// <param name="x">[height, width, C].</param>
    /// <param name="features">[height, width, C].</param>
    /// <param name="attended">[height, width, channels of all heads], overwritten; these are more than C where heads are filled up.</param>
    /// <param name="arena">Memory.</param>
    protected abstract void Attend(in Tensor x, in Tensor features, in Tensor attended, Arena arena);
}
