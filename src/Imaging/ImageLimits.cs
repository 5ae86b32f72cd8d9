namespace Gsasr.Imaging;

/// <summary>What a file may ask of its reader. Everything is checked before memory is allocated.</summary>
public sealed record ImageLimits
{
    /// <summary>The limits used where none are given.</summary>
    public static ImageLimits Default { get; } = new();

    /// <summary>The largest width times height that is read. 2^28 (16384 x 16384) unless set.</summary>
    public long MaximumPixels { get; init; } = 1L << 28;

    /// <summary>The longest file, in bytes, that is read. 2^30 (1 GiB) unless set; at most about 2^31.</summary>
    public long MaximumFileBytes { get; init; } = 1L << 30;

    /// <summary>
    /// Called with what the header says before memory is taken for the pixels; what it throws ends the reading. For limits of the
    /// reader's own, such as those of what is to be made of the picture.
    /// </summary>
    public Action<ImageHeader>? Inspect { get; init; }

    /// <summary>Refuses a size that is empty, above the limits, or longer than an array can be.</summary>
    internal void Check(string format, int width, int height, ChannelLayout layout, int bitDepth)
    {
        int channels = layout.ChannelCount();
        if (width < 1 || height < 1)
            throw new ImageFormatException($"{format}: the header gives a size of {width} x {height} pixels.");
        long pixels = (long)width * height;
        if (pixels > MaximumPixels)
        {
            throw new ImageFormatException(
                $"{format}: {width} x {height} is {pixels} pixels, more than the limit of {MaximumPixels} pixels.");
        }
        if (pixels * channels > Array.MaxLength)
            throw new ImageFormatException($"{format}: {width} x {height} pixels of {channels} channels do not fit in one array.");
        Inspect?.Invoke(new ImageHeader(width, height, layout, bitDepth));
    }
}
