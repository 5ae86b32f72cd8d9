namespace Gsasr.Imaging;

/// <summary>How an image is written.</summary>
public sealed record ImageWriteOptions
{
    private readonly int _quality = 95;

    /// <summary>The options that are used if none are given.</summary>
    public static ImageWriteOptions Default { get; } = new();

    /// <summary>
    /// The quality of a JPEG or a lossy WebP, 1 to 100. 95 unless set. A JPEG below 90 halves the resolution of colours (4:2:0).
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not in 1..100.</exception>
    public int Quality
    {
        get => _quality;
        init => _quality = value is >= 1 and <= 100
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "The quality is a number from 1 to 100.");
    }

    /// <summary>Whether a WebP keeps every sample exactly; it changes nothing for other formats.</summary>
    public bool Lossless { get; init; }

    /// <summary>
    /// Stops the writing, with an <see cref="OperationCanceledException"/>. A file that was to be written to a path is then not there.
    /// </summary>
    public CancellationToken Cancellation { get; init; }
}
