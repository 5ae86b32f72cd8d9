using Gsasr.Tensors;

namespace Gsasr.Weights;

/// <summary>The weights of a layer normalisation. Where activations are filled up with zeros, zeros lie behind these too.</summary>
/// <param name="Gamma">[1, 1, channels].</param>
/// <param name="Beta">[1, 1, channels].</param>
internal readonly record struct NormWeights(Tensor Gamma, Tensor Beta);
