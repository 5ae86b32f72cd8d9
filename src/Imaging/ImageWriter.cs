using System.Runtime.InteropServices;
using Gsasr.Imaging.Formats;

namespace Gsasr.Imaging;

/// <summary>
/// Writes an image file from rows that come from top to bottom, any number at a time. PNG and PNM are written as the rows come (<see
/// cref="IsStreaming"/>). The encoders of the other formats need the whole picture, so rows are gathered and encoded at the end. A writer
/// is used by one thread at a time.
/// </summary>
public abstract class ImageWriter
{
    private readonly CancellationToken _cancellation;
    private int _rows;
    private bool _isComplete;

    private protected ImageWriter(ImageHeader header, CancellationToken cancellation)
    {
        Header = header;
        _cancellation = cancellation;
    }

    /// <summary>The size and the samples of the image.</summary>
    public ImageHeader Header { get; }

    /// <summary>Whether all rows have been given.</summary>
    private protected bool HasAllRows => _rows == Header.Height;

    /// <summary>Begins a file.</summary>
    /// <param name="stream">A writable stream. It is left open, and nobody else may use it until the file is complete.</param>
    /// <param name="format">The format.</param>
    /// <param name="header">The size and the samples.</param>
    /// <param name="metadata">What to write besides the pixels, as far as the format holds it; null for nothing.</param>
    /// <param name="options">How to write; null for <see cref="ImageWriteOptions.Default"/>.</param>
    /// <exception cref="ImageFormatException">The format cannot hold such an image (<see cref="ImageFile.CheckCanWrite"/>).</exception>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public static ImageWriter Create(Stream stream, ImageFormat format, ImageHeader header, ImageMetadata? metadata = null, ImageWriteOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentOutOfRangeException.ThrowIfLessThan(header.Width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(header.Height, 1);
        if (header.BitDepth is not (8 or 16))
            throw new ArgumentOutOfRangeException(nameof(header), header.BitDepth, "An image has 8 or 16 bits a sample.");
        ImageFile.CheckCanWrite(format, header.Width, header.Height, header.Layout, header.BitDepth);
        metadata ??= ImageMetadata.None;
        options ??= ImageWriteOptions.Default;
        return format switch
        {
            ImageFormat.Png => new PngWriter(stream, header, metadata, options.Cancellation),
            ImageFormat.Pnm => new PnmWriter(stream, header, options.Cancellation),
            _ => new WholeImageWriter(stream, format, header, metadata, options),
        };
    }

    /// <summary>Whether a format is written as the rows come, in memory that does not grow with the picture.</summary>
    /// <param name="format">The format.</param>
    public static bool IsStreaming(ImageFormat format) => format is ImageFormat.Png or ImageFormat.Pnm;

    /// <summary>
    /// The most bytes of memory that a writer takes, including the rows that it gathers. Limits can be checked with it beforehand.
    /// </summary>
    /// <param name="format">The format.</param>
    /// <param name="header">The size and the samples.</param>
    /// <param name="options">How to write; null for <see cref="ImageWriteOptions.Default"/>.</param>
    public static long EstimateBytes(ImageFormat format, ImageHeader header, ImageWriteOptions? options = null)
    {
        long rowBytes = (long)header.Width * header.Layout.ChannelCount() * (header.BitDepth / 8), pictureBytes = rowBytes * header.Height;
        return format switch
        {
            ImageFormat.Png => PngWriter.EstimateBytes(rowBytes, header.Height),
            ImageFormat.Pnm => rowBytes,
            _ => pictureBytes + ImageEncoding.EstimateBytes(format, header, options ?? ImageWriteOptions.Default),
        };
    }

    /// <summary>Writes rows of an image of 8 bits.</summary>
    /// <param name="samples">Whole rows, channels interleaved.</param>
    /// <exception cref="ArgumentException">
    /// The samples are no whole number of rows, or there are more rows than the image has left.
    /// </exception>
    /// <exception cref="InvalidOperationException">The image has 16 bits a sample.</exception>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    /// <exception cref="OperationCanceledException">The options asked to stop.</exception>
    public void WriteRows(ReadOnlySpan<byte> samples) => WriteRows(samples, bitDepth: 8);

    /// <summary>Writes rows of an image of 16 bits.</summary>
    /// <inheritdoc cref="WriteRows(ReadOnlySpan{byte})"/>
    /// <exception cref="InvalidOperationException">The image has 8 bits a sample.</exception>
    public void WriteRows(ReadOnlySpan<ushort> samples)
    {
        int rowSamples = Header.Width * Header.Layout.ChannelCount();
        // A span of bytes cannot be as long as the longest span of 16-bit samples.
        for (; samples.Length > rowSamples; samples = samples[rowSamples..])
            WriteRows(MemoryMarshal.AsBytes(samples[..rowSamples]), bitDepth: 16);
        WriteRows(MemoryMarshal.AsBytes(samples), bitDepth: 16);
    }

    /// <summary>Writes the end of the file. Call it once, after all rows.</summary>
    /// <exception cref="InvalidOperationException">Rows are missing, or the file is complete already.</exception>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    /// <exception cref="OperationCanceledException">The options asked to stop.</exception>
    public void Complete()
    {
        if (!HasAllRows || _isComplete)
            throw new InvalidOperationException(_isComplete ? "The file is complete already." : $"Only {_rows} of {Header.Height} rows were written.");
        _isComplete = true;
        End();
    }


    /// <summary>Takes a row as it lies in memory.</summary>
    private protected abstract void WriteRow(ReadOnlySpan<byte> row);

    /// <summary>Writes what follows the rows.</summary>
    private protected abstract void End();

    private void WriteRows(ReadOnlySpan<byte> rows, int bitDepth)
    {
        if (bitDepth != Header.BitDepth)
            throw new InvalidOperationException($"The image has {Header.BitDepth} bits a sample, not {bitDepth}.");
        int rowBytes = checked(Header.Width * Header.Layout.ChannelCount() * (bitDepth / 8));
        if (rows.Length % rowBytes != 0 || rows.Length / rowBytes > Header.Height - _rows)
            throw new ArgumentException($"{rows.Length} bytes are not rows of {rowBytes} bytes, of which {Header.Height - _rows} are missing.", nameof(rows));
        for (; rows.Length > 0; rows = rows[rowBytes..])
        {
            _cancellation.ThrowIfCancellationRequested();
            _rows++;
            WriteRow(rows[..rowBytes]);
        }
    }
}
