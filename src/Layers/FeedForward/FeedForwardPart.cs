using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary>x += second * activation(first * norm(x + shift) + its bias) + bias.</summary>
/// <param name="First">The normalisation, and C -> hidden.</param>
/// <param name="Activation">Between the layers.</param>
/// <param name="Second">hidden -> C.</param>
/// <param name="Shift">[1, 1, C], added before the normalisation; not part of what the result is added to. Null for nothing.</param>
/// <param name="Bias">[1, 1, C] in place of the second layer's; null for that one.</param>
internal readonly record struct FeedForwardPart(
    NormalizedWeights First, Activation Activation, ConvolutionWeights Second, Tensor? Shift = null, Tensor? Bias = null);
