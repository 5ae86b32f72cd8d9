using System.Diagnostics.CodeAnalysis;
using System.IO.Compression;

namespace Gsasr.Imaging.Formats;

/// <summary>
/// Rows of a PNG that are filtered and deflated independently of the others. The result ends on a byte (a sync flush), so that bands can be
/// put one after the other. Matches do not reach from one band into another, which costs a fraction of 32 KiB in each.
/// </summary>
/// <param name="rowBytes">The bytes of a row.</param>
/// <param name="capacity">The most rows.</param>
/// <param name="pixelBytes">The bytes of a pixel.</param>
[SuppressMessage("Design", "CA1001", Justification = "A MemoryStream has nothing to be disposed of, and bands are used again.")]
internal sealed class PngBand(int rowBytes, int capacity, int pixelBytes)
{
    private readonly byte[] _above = new byte[rowBytes];
    private readonly byte[] _rows = new byte[capacity * rowBytes];
    private readonly MemoryStream _deflated = new();

    // Two filtered rows: the best one so far and the one being tried.
    private byte[] _best = new byte[1 + rowBytes];
    private byte[] _candidate = new byte[1 + rowBytes];
    private int _count;

    /// <summary>Whether the band has all its rows.</summary>
    public bool IsFull => _count == capacity;

    /// <summary>The last row, unfiltered.</summary>
    public ReadOnlySpan<byte> LastRow => Row(_count - 1);

    /// <summary>The compressed rows.</summary>
    public ReadOnlySpan<byte> Deflated => _deflated.GetBuffer().AsSpan(0, (int)_deflated.Length);

    /// <summary>The checksum of the filtered rows.</summary>
    public uint Checksum { get; private set; }

    /// <summary>The bytes of the filtered rows.</summary>
    public long Length => (long)_count * (1 + rowBytes);

    /// <summary>The most memory that a band takes: rows, compressed rows and the compressor.</summary>
    public static long EstimateBytes(long rowBytes, int rows) => (3 * rows + 4) * rowBytes + (1 << 19);

    /// <summary>Begins a new band.</summary>
    /// <param name="above">The row above the first one; nothing at the top of the image.</param>
    public void Begin(ReadOnlySpan<byte> above)
    {
        _count = 0;
        above.CopyTo(_above);
    }

    /// <summary>Memory for the next row.</summary>
    public Span<byte> NextRow() => Row(_count++);

    /// <summary>Filters and compresses the rows.</summary>
    /// <param name="level">zlib's level, 0 to 9.</param>
    /// <param name="isLast">Whether no other band follows.</param>
    /// <param name="cancellation">Stops the work.</param>
    public void Compress(int level, bool isLast, CancellationToken cancellation)
    {
        _deflated.SetLength(0);
        Checksum = Adler32.Empty;
        long flushedLength;
        using (var deflate = new DeflateStream(_deflated, new ZLibCompressionOptions { CompressionLevel = level }, leaveOpen: true))
        {
            for (int y = 0; y < _count; y++)
            {
                cancellation.ThrowIfCancellationRequested();
                Filter(Row(y), y == 0 ? _above : Row(y - 1));
                deflate.Write(_best);
                Checksum = Adler32.Append(Checksum, _best);
            }

            deflate.Flush();
            flushedLength = _deflated.Length;
        }

        // Closing wrote the final block. Only the last band may keep it.
        if (!isLast)
            _deflated.SetLength(flushedLength);
    }

    private void Filter(ReadOnlySpan<byte> row, ReadOnlySpan<byte> above)
    {
        long least = long.MaxValue;
        for (int filter = PngFilter.None; filter <= PngFilter.Paeth; filter++)
        {
            _candidate[0] = (byte)filter;
            long sum = PngFilter.Apply(filter, row, above, pixelBytes, _candidate.AsSpan(1));
            if (sum < least)
            {
                least = sum;
                (_best, _candidate) = (_candidate, _best);
            }
        }
    }

    private Span<byte> Row(int y) => _rows.AsSpan(y * rowBytes, rowBytes);
}
