namespace Gsasr.Fitting;

/// <summary>How <see cref="FieldFitter"/> works.</summary>
public sealed record FitOptions
{
    /// <summary>How many Gaussians describe the image in the end, 1 to <see cref="MaximumGaussians"/>.</summary>
    public required int Gaussians { get; init; }

    /// <summary>Where random numbers start: the same seed on the same device gives the same field.</summary>
    public int Seed { get; init; }

    /// <summary>The most Gaussians of a field.</summary>
    public const int MaximumGaussians = 1 << 26;
}
