namespace Gsasr.Raster;

/// <summary>How Adam's settings of a channel lie in memory, for processors and kernels.</summary>
internal static class AdamNumbers
{
    public const int Rate = 0;
    public const int Minimum = 1;
    public const int Maximum = 2;
    public const int Logarithmic = 3;

    /// <summary>Floats of a channel.</summary>
    public const int Count = 4;

    /// <summary>The share of the running mean of gradients that a step keeps.</summary>
    public const float MeanDecay = 0.9f;

    /// <summary>The share of the running mean of squares that a step keeps.</summary>
    public const float SquareDecay = 0.999f;

    /// <summary>Added to the root, so that nothing is divided by zero.</summary>
    public const float Epsilon = 1e-15f;
}
