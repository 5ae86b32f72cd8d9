namespace Gsasr.Imaging;

/// <summary>How much of its colour resolution a JPEG keeps.</summary>
public enum JpegSubsampling
{
    /// <summary>4:2:0 below quality 90, 4:4:4 from there on.</summary>
    ByQuality,

    /// <summary>4:4:4: a colour sample for every pixel.</summary>
    None,

    /// <summary>4:2:0: a colour sample for every 2 x 2 pixels.</summary>
    TwoByTwo,
}

/// <summary>How an image is written.</summary>
public sealed record ImageWriteOptions
{
    private readonly int _pngCompressionLevel = 6;
    private readonly int _jpegQuality = 95;

    /// <summary>The options used where none are given.</summary>
    public static ImageWriteOptions Default { get; } = new();

    /// <summary>The zlib level of a PNG: 0 (stored) to 9 (smallest). 6 unless set.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not in 0..9.</exception>
    public int PngCompressionLevel
    {
        get => _pngCompressionLevel;
        init => _pngCompressionLevel = value is >= 0 and <= 9
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "The PNG compression level is a number from 0 to 9.");
    }

    /// <summary>The quality of a JPEG on libjpeg's scale, 1 to 100. 95 unless set.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not in 1..100.</exception>
    public int JpegQuality
    {
        get => _jpegQuality;
        init => _jpegQuality = value is >= 1 and <= 100
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "The JPEG quality is a number from 1 to 100.");
    }

    /// <summary>Stops the writing, with an <see cref="OperationCanceledException"/>; a file written by its path is not there then.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>How a JPEG stores colour.</summary>
    public JpegSubsampling JpegSubsampling { get; init; }
}
