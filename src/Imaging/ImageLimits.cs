namespace Gsasr.Imaging;

/// <summary>What a file may ask of its reader. All of it is checked before memory is allocated for pixels.</summary>
public sealed record ImageLimits
{
    // Up to this size an image may be compressed as far as it likes: a flat picture of 4096 x 4096 is no attack.
    private const long AlwaysAllowedPixels = 1 << 24;

    /// <summary>The limits that are used if none are given.</summary>
    public static ImageLimits Default { get; } = new();

    /// <summary>The largest width times height that is read. 2^28 (16384 x 16384) unless set.</summary>
    public long MaximumPixels { get; init; } = 1L << 28;

    /// <summary>
    /// The most pixels for each byte of the file, for images of more than 2^24 pixels. 256 unless set. Few real pictures are compressed so
    /// far; files that are meant to fill the memory are.
    /// </summary>
    public double MaximumPixelsPerByte { get; init; } = 256;

    /// <summary>The longest file, in bytes, that is read. 2^30 (1 GiB) unless set; at most about 2^31.</summary>
    public long MaximumFileBytes { get; init; } = 1L << 30;

    /// <summary>
    /// Called with the header, turned as the EXIF orientation asks, before memory is allocated for the pixels. If it throws, the reading ends. It is meant for limits of the
    /// caller's own, for example on what is to be made of the picture.
    /// </summary>
    public Action<ImageHeader>? Inspect { get; init; }

    /// <summary>Limits for somebody who vouches for a file: a number of pixels, however few bytes they come from.</summary>
    /// <param name="pixels">The largest width times height, or null for the usual limits.</param>
    public static ImageLimits ForPixels(long? pixels) =>
        pixels is long maximum ? new ImageLimits { MaximumPixels = maximum, MaximumPixelsPerByte = double.PositiveInfinity } : Default;

    /// <summary>Refuses a size that is empty, above the limits, or longer than an array can be.</summary>
    /// <param name="format">The format, for messages.</param>
    /// <param name="header">The picture as it is stored.</param>
    internal void CheckSize(string format, ImageHeader header)
    {
        (int width, int height, ChannelLayout layout, _) = header;
        if (width < 1 || height < 1)
            throw new ImageFormatException($"{format}: the header gives a size of {width} x {height} pixels.");
        long pixels = (long)width * height;
        if (pixels > MaximumPixels)
            throw TooMany($"{format}: {width} x {height} is {pixels} pixels, more than the limit of {MaximumPixels} pixels.");
        if (pixels * layout.ChannelCount() > Array.MaxLength)
            throw new ImageFormatException($"{format}: {width} x {height} pixels of {layout.ChannelCount()} channels do not fit in one array.");
    }

    /// <summary>Checks the size and its ratio to the length of the file, and shows the caller the picture's header.</summary>
    /// <param name="format">The format, for messages.</param>
    /// <param name="header">The picture as it is stored.</param>
    /// <param name="fileBytes">How long the file is.</param>
    /// <param name="orientation">The EXIF orientation, 1 to 8.</param>
    internal void Check(string format, ImageHeader header, long fileBytes, int orientation = 1)
    {
        CheckSize(format, header);
        Inspect?.Invoke(Orientation.IsTransposed(orientation) ? header with { Width = header.Height, Height = header.Width } : header);
        (int width, int height, _, _) = header;
        long pixels = (long)width * height;
        if (pixels > AlwaysAllowedPixels && pixels > MaximumPixelsPerByte * fileBytes)
        {
            throw TooMany(
                $"{format}: {width} x {height} pixels in a file of {fileBytes} bytes are more than the limit of {MaximumPixelsPerByte} pixels a byte.");
        }
    }

    private static ImageFormatException TooMany(string message) => new(message) { IsAboutLimits = true };
}
