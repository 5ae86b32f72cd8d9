namespace Gsasr;

/// <summary>How an <see cref="Upscaler"/> works; the defaults suit almost everyone.</summary>
public sealed record UpscalerOptions
{
    /// <summary>
    /// Options with which every pixel is the published code's, for comparisons: even areas are not kept, sizes are those of <see
    /// cref="PublishedGeometry"/>, and everything is computed in float32.
    /// </summary>
    public static UpscalerOptions AsPublished { get; } = new() { KeepEvenAreas = false, PublishedGeometry = true, Precision = Precision.Float32 };

    /// <summary>
    /// The paper's ratio r: a Gaussian reaches at most this share of half the padded output image from its centre. The published code uses
    /// 0.1; larger values change only small images. Where a smaller value would cut Gaussians off it is not used, unless <see
    /// cref="PublishedGeometry"/> is set.
    /// </summary>
    public double DMax { get; init; } = 0.1;

    /// <summary>How precisely the networks compute.</summary>
    public Precision Precision { get; init; }

    /// <summary>
    /// The most input pixels that go through the network at once; larger images are run in overlapping tiles. With 0 the memory of the
    /// device decides.
    /// </summary>
    public long MaximumTilePixels { get; init; }

    /// <summary>
    /// How many pixels around its own a tile sees at least; rounded up to the model's padding. A smaller overlap is faster, a larger one
    /// comes closer to the result without tiles.
    /// </summary>
    public int TileOverlap { get; init; } = 32;

    /// <summary>
    /// The most bytes of memory that an image may take, weights not counted: memory of the device, and on the processor also what the
    /// upscaler keeps of pixels on the host. What the caller holds does not count. Tiles are chosen to fit; if not even the smallest do,
    /// there is a <see cref="Tensors.DeviceMemoryException"/>. If less than the limit is free, that decides, and so it does with 0.
    /// </summary>
    public long MemoryLimitBytes { get; init; }

    /// <summary>
    /// Whether the image is a texture that is laid side by side with itself. It is then upscaled as if it stood among its own repetitions,
    /// so that its edges fit together. That takes the work and the memory of an image with <see cref="TileOverlap"/> more pixels on each
    /// side and 36 more at two.
    /// </summary>
    public bool Wrap { get; init; }

    /// <summary>
    /// Whether even areas of the input stay exactly as they are: where all pixels within two of a pixel, of colour or of alpha, are
    /// equal, that colour takes the place of the network's, fading out over one pixel of the input. The input alone decides.
    /// </summary>
    public bool KeepEvenAreas { get; init; } = true;

    /// <summary>
    /// Whether an RGB image whose pixels are all grey is drawn in greys, the mean of the three channels that the network makes. Without
    /// that the channels differ by a level or two. Images of one channel always stay grey.
    /// </summary>
    public bool KeepGrey { get; init; }

    /// <summary>
    /// Whether sizes are taken as in the published code. If the size of an output was rounded down, the published code draws it with the
    /// rounded scale, but takes the widths of Gaussians from the scale asked for. That makes the picture up to some percent too bright and
    /// lets it drift. And <see cref="DMax"/> cuts off the Gaussians of images of one or two dozen pixels. Without this option both axes are
    /// drawn with the ratio of the output's size to the input's, and such images are padded to at least 36 pixels, so that every Gaussian
    /// reaches far enough. At whole scales and from 25 pixels a side on (33 for models that pad to 16, 25 for those that pad to 24) there
    /// is no difference.
    /// </summary>
    public bool PublishedGeometry { get; init; }

    /// <summary>Checks every value's range.</summary>
    /// <param name="argument">What the options are called where they were given.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
    internal void Validate(string argument)
    {
        if (!(DMax > 0) || double.IsInfinity(DMax))
            throw new ArgumentOutOfRangeException(argument, DMax, "DMax is a finite number above 0.");
        ArgumentOutOfRangeException.ThrowIfNegative(MaximumTilePixels, argument);
        ArgumentOutOfRangeException.ThrowIfNegative(TileOverlap, argument);
        ArgumentOutOfRangeException.ThrowIfNegative(MemoryLimitBytes, argument);
        if (Wrap && PublishedGeometry)
            throw new ArgumentOutOfRangeException(argument, Wrap, "The published code wraps nothing: Wrap goes without PublishedGeometry.");
    }
}
