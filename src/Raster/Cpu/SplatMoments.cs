namespace Gsasr.Raster.Cpu;

/// <summary>
/// The sums over a splat's pixels that its gradient is made of, with the weight w, the upstream gradient g of each colour c, and t = w *
/// sum of g * c.
/// </summary>
internal unsafe struct SplatMoments
{
    /// <summary>Sums of w * g.</summary>
    public fixed double Colours[ActivatedGaussian.MaximumColours];

    /// <summary>Sum of t * a.</summary>
    public double A;

    /// <summary>Sum of t * b.</summary>
    public double B;

    /// <summary>Sum of t * a * a.</summary>
    public double AA;

    /// <summary>Sum of t * a * b.</summary>
    public double AB;

    /// <summary>Sum of t * b * b.</summary>
    public double BB;
}
