using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Gsasr.Imaging.Formats;

/// <summary>
/// Writes PNG as rows come, not interlaced, each row with the filter that leaves the smallest residuals. The library's encoder needs the
/// whole picture and works on one processor. Here bands of rows are filtered and deflated on all of them (<see cref="PngBand"/>); what is
/// written does not depend on their number.
/// </summary>
internal sealed class PngWriter : ImageWriter
{
    private const int BandBytes = 1 << 20;
    private const int CompressionLevel = 6;

    private readonly Stream _stream;
    private readonly CancellationToken _cancellation;
    private readonly Queue<(PngBand Band, Task Work)> _inWork = [];
    private readonly Stack<PngBand> _free = [];
    private readonly int _rowBytes;
    private readonly int _pixelBytes;
    private PngBand _band;
    private uint _checksum = Adler32.Empty;

    public PngWriter(Stream stream, ImageHeader header, ImageMetadata metadata, CancellationToken cancellation)
        : base(header, cancellation)
    {
        (_stream, _cancellation) = (stream, cancellation);
        _pixelBytes = header.Layout.ChannelCount() * header.BitDepth / 8;
        _rowBytes = header.Width * _pixelBytes;
        _band = NewBand();
        _band.Begin([]);
        stream.Write(PngFile.Signature);
        Span<byte> data = stackalloc byte[13];
        BinaryPrimitives.WriteInt32BigEndian(data, header.Width);
        BinaryPrimitives.WriteInt32BigEndian(data[4..], header.Height);
        data[8] = (byte)header.BitDepth;
        data[9] = header.Layout switch { ChannelLayout.Grey => 0, ChannelLayout.GreyAlpha => 4, ChannelLayout.Rgb => 2, _ => 6 };
        PngChunks.Write(stream, "IHDR"u8, data);
        PngChunks.WriteMetadata(stream, metadata, header.Layout);
        // The header of a zlib stream with a window of 32 KiB.
        PngChunks.Write(stream, "IDAT"u8, [0x78, 0x9C]);
    }

    private static int BandsAtOnce => Environment.ProcessorCount + 1;

    /// <summary>The most memory that a writer takes.</summary>
    /// <param name="rowBytes">The bytes of a row.</param>
    /// <param name="height">Rows.</param>
    public static long EstimateBytes(long rowBytes, int height) =>
        Math.Min(BandsAtOnce, height) * PngBand.EstimateBytes(rowBytes, RowsPerBand(rowBytes, height));

    private protected override void WriteRow(ReadOnlySpan<byte> row)
    {
        Span<byte> target = _band.NextRow();
        row.CopyTo(target);
        if (Header.BitDepth == 16 && BitConverter.IsLittleEndian)
        {
            Span<ushort> samples = MemoryMarshal.Cast<byte, ushort>(target);
            BinaryPrimitives.ReverseEndianness(samples, samples);
        }

        if (_band.IsFull || HasAllRows)
            Submit();
    }

    private protected override void End()
    {
        while (_inWork.Count > 0)
            WriteOldest();
        Span<byte> checksum = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(checksum, _checksum);
        PngChunks.Write(_stream, "IDAT"u8, checksum);
        PngChunks.Write(_stream, "IEND"u8, []);
    }

    private static int RowsPerBand(long rowBytes, int height) => (int)Math.Clamp(BandBytes / rowBytes, 1, height);

    private PngBand NewBand() => new(_rowBytes, RowsPerBand(_rowBytes, Header.Height), _pixelBytes);

    private void Submit()
    {
        PngBand band = _band;
        bool isLast = HasAllRows;
        _inWork.Enqueue((band, Task.Run(() => band.Compress(CompressionLevel, isLast, _cancellation), _cancellation)));
        if (isLast)
            return;
        if (_inWork.Count == BandsAtOnce - 1)
            WriteOldest();
        _band = _free.Count > 0 ? _free.Pop() : NewBand();
        _band.Begin(band.LastRow);
    }

    private void WriteOldest()
    {
        (PngBand band, Task work) = _inWork.Dequeue();
        work.GetAwaiter().GetResult();
        PngChunks.Write(_stream, "IDAT"u8, band.Deflated);
        _checksum = Adler32.Combine(_checksum, band.Checksum, band.Length);
        _free.Push(band);
    }
}
