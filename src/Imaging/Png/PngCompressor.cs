using System.Buffers.Binary;
using System.IO.Compression;

namespace Gsasr.Imaging.Png;

/// <summary>
/// Filters and compresses rows into one zlib stream (RFC 1950) on all processors. Bands of rows are deflated apart and end on
/// a byte (a sync flush), so that they can be put one after the other; their size does not depend on the machine, and so
/// neither does the file.
/// </summary>
internal static class PngCompressor
{
    // Matches do not reach across bands, which costs a fraction of 32 KiB in each.
    private const int BandBytes = 1 << 20;

    /// <summary>Writes all rows of an image.</summary>
    /// <param name="stream">Where the zlib stream goes.</param>
    /// <param name="image">The image.</param>
    /// <param name="level">0 (stored, not filtered) to 9.</param>
    public static void Compress(Stream stream, Image image, int level)
    {
        int rowBytes = image.Width * image.ChannelCount * (image.BitDepth / 8);
        int rowsPerBand = Math.Max(1, BandBytes / rowBytes);
        int bandCount = (image.Height + rowsPerBand - 1) / rowsPerBand;
        int atOnce = Math.Min(bandCount, Environment.ProcessorCount);
        var bands = new Band[atOnce];

        // Deflate with a window of 32 KiB, no dictionary.
        stream.Write([0x78, 0x9C]);
        uint checksum = Adler32.Empty;
        for (int first = 0; first < bandCount; first += atOnce)
        {
            int count = Math.Min(atOnce, bandCount - first);
            Parallel.For(0, count, i =>
            {
                int firstRow = (first + i) * rowsPerBand;
                bands[i] = CompressBand(image, firstRow, Math.Min(image.Height, firstRow + rowsPerBand), level);
            });
            for (int i = 0; i < count; i++)
            {
                stream.Write(bands[i].Deflated.GetBuffer(), 0, (int)bands[i].Deflated.Length);
                checksum = Adler32.Combine(checksum, bands[i].Checksum, bands[i].Length);
            }
        }
        Span<byte> tail = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(tail, checksum);
        stream.Write(tail);
    }

    private static Band CompressBand(Image image, int firstRow, int endRow, int level)
    {
        var deflated = new MemoryStream();
        uint checksum = Adler32.Empty;
        long length = 0;
        long flushedLength;
        using (var deflate = new DeflateStream(deflated, new ZLibCompressionOptions { CompressionLevel = level }, leaveOpen: true))
        {
            var rows = new PngRowFilter(image, firstRow, isAdaptive: level > 0);
            for (int y = firstRow; y < endRow; y++)
            {
                ReadOnlySpan<byte> row = rows.Next();
                deflate.Write(row);
                checksum = Adler32.Append(checksum, row);
                length += row.Length;
            }
            deflate.Flush();
            flushedLength = deflated.Length;
        }
        // Closing wrote the final block, which only the last band may keep.
        if (endRow < image.Height)
            deflated.SetLength(flushedLength);
        return new Band(deflated, checksum, length);
    }

    private readonly record struct Band(MemoryStream Deflated, uint Checksum, long Length);
}
