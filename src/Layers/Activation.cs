namespace Gsasr.Layers;

/// <summary>The function applied to each value of a product after its bias.</summary>
internal enum Activation
{
    /// <summary>The value itself.</summary>
    None,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>x * (1 + erf(x / sqrt 2)) / 2, the exact form, not the tanh approximation.</summary>
    Gelu,

    /// <summary>x for positive x, else 0.01 * x.</summary>
    LeakyRelu,
}
