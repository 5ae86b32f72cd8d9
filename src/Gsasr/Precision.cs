using System.Diagnostics.CodeAnalysis;

namespace Gsasr;

/// <summary>How precisely an <see cref="Upscaler"/>'s networks compute.</summary>
[SuppressMessage("Naming", "CA1720:Identifier contains type name", Justification = "float32 is what it is called.")]
public enum Precision
{
    /// <summary>
    /// <see cref="Mixed"/> on NVIDIA GPUs from Ampere on, reached by CUDA, where the model's networks stay near to float32 with it (the enhanced decoder behind
    /// EDSR or RDN), else <see cref="Float32"/>.
    /// </summary>
    Auto,

    /// <summary>Everything in float32.</summary>
    Float32,

    /// <summary>
    /// Weights and activations in float16, multiplied on tensor cores with float32 sums; normalisation, softmax, the scale, the last layer
    /// of the heads, means and drawing in float32. Where values leave float16's range, the work is done again in float32.
    /// </summary>
    Mixed,
}
