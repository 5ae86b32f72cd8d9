using System.Runtime.InteropServices;

namespace Gsasr.Imaging;

/// <summary>
/// A picture in memory: rows from the top, pixels from the left, channels interleaved, no padding between rows;
/// 8 bits (0..255) or 16 bits (0..65535) a sample.
/// </summary>
public sealed class Image
{
    private readonly byte[]? _samples8;
    private readonly ushort[]? _samples16;

    /// <summary>Wraps 8-bit samples; the array is used as it is, not copied.</summary>
    /// <param name="width">Pixels in a row, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="layout">The channels.</param>
    /// <param name="samples">height * width * channels samples.</param>
    /// <exception cref="ArgumentException">The size is not positive, or the array has another length.</exception>
    public Image(int width, int height, ChannelLayout layout, byte[] samples)
        : this(width, height, layout)
    {
        ArgumentNullException.ThrowIfNull(samples);
        CheckLength(samples.Length);
        _samples8 = samples;
        BitDepth = 8;
    }

    /// <summary>Wraps 16-bit samples; the array is used as it is, not copied.</summary>
    /// <inheritdoc cref="Image(int, int, ChannelLayout, byte[])"/>
    public Image(int width, int height, ChannelLayout layout, ushort[] samples)
        : this(width, height, layout)
    {
        ArgumentNullException.ThrowIfNull(samples);
        CheckLength(samples.Length);
        _samples16 = samples;
        BitDepth = 16;
    }

    private Image(int width, int height, ChannelLayout layout)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        Width = width;
        Height = height;
        Layout = layout;
        ChannelCount = layout.ChannelCount();
    }

    /// <summary>Pixels in a row.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>The channels and their order.</summary>
    public ChannelLayout Layout { get; }

    /// <summary>Samples in a pixel, alpha included: 1 to 4.</summary>
    public int ChannelCount { get; }

    /// <summary>Bits in a sample: 8 or 16.</summary>
    public int BitDepth { get; }

    /// <summary>The samples of an 8-bit image, [height, width, channels].</summary>
    /// <exception cref="InvalidOperationException">The image has 16 bits a sample.</exception>
    public byte[] Samples8 => _samples8 ?? throw new InvalidOperationException("The image has 16 bits a sample: use Samples16.");

    /// <summary>The samples of a 16-bit image, [height, width, channels].</summary>
    /// <exception cref="InvalidOperationException">The image has 8 bits a sample.</exception>
    public ushort[] Samples16 => _samples16 ?? throw new InvalidOperationException("The image has 8 bits a sample: use Samples8.");

    /// <summary>What the file says about the picture besides its samples; codecs write what their format can hold.</summary>
    public ImageMetadata Metadata { get; set; } = ImageMetadata.None;

    /// <summary>What a person should know about the reading, as sentences: that it was the first of several pictures, that metadata were damaged.</summary>
    public IReadOnlyList<string> Notes { get; set; } = [];

    /// <summary>The samples of a row as bytes, whatever their depth.</summary>
    internal Span<byte> RowBytes(int y)
    {
        int samples = Width * ChannelCount;
        return _samples8 is null ? MemoryMarshal.AsBytes(_samples16.AsSpan(y * samples, samples)) : _samples8.AsSpan(y * samples, samples);
    }

    /// <summary>The image at a place on a larger one, which is transparent around it.</summary>
    internal Image OnCanvas(int left, int top, int width, int height)
    {
        Image canvas = Create(width, height, Layout, BitDepth);
        for (int y = 0; y < Height; y++)
            RowBytes(y).CopyTo(canvas.RowBytes(top + y)[(left * ChannelCount * BitDepth / 8)..]);
        return canvas;
    }

    /// <summary>An image of zeros.</summary>
    internal static Image Create(int width, int height, ChannelLayout layout, int bitDepth)
    {
        long samples = (long)width * height * layout.ChannelCount();
        return bitDepth == 8 ? new Image(width, height, layout, new byte[samples]) : new Image(width, height, layout, new ushort[samples]);
    }

    private void CheckLength(int length)
    {
        long expected = (long)Width * Height * ChannelCount;
        if (length != expected)
            throw new ArgumentException($"{length} samples cannot fill {Width} x {Height} pixels of {ChannelCount} channels.");
    }
}
