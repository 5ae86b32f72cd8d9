namespace Gsasr;

/// <summary>How an <see cref="Upscaler"/> works; the defaults suit almost everyone.</summary>
public sealed record UpscalerOptions
{
    /// <summary>
    /// The paper's ratio r: a Gaussian reaches at most this share of half the padded output image from its centre. The
    /// published code uses 0.1; larger values change only small images.
    /// </summary>
    public double DMax { get; init; } = 0.1;

    /// <summary>
    /// The most input pixels that go through the network at once; larger images are run in overlapping tiles. 0 chooses by
    /// the memory of the device.
    /// </summary>
    public long MaximumTilePixels { get; init; }

    /// <summary>
    /// How many pixels around its own a tile sees, at least; rounded up to the model's padding. Less is faster, more is
    /// closer to the result without tiles.
    /// </summary>
    public int TileOverlap { get; init; } = 32;

    /// <summary>
    /// Whether cubic interpolation takes the network's place where the image is even, and where the network leaves the range of
    /// the pixels around so far that it must have gone astray. Without it pixels are the network's own, whatever they are; sums
    /// that are drawn as floats always are.
    /// </summary>
    public bool KeepSmoothAreas { get; init; } = true;
}
