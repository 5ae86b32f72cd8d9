using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Gsasr.Imaging.Formats;

/// <summary>Writes binary PGM (P5) or PPM (P6) as rows come.</summary>
internal sealed class PnmWriter : ImageWriter
{
    private readonly Stream _stream;
    private readonly ushort[] _swapped;

    public PnmWriter(Stream stream, ImageHeader header, CancellationToken cancellation)
        : base(header, cancellation)
    {
        _stream = stream;
        _swapped = new ushort[header.BitDepth == 8 ? 0 : header.Width * header.Layout.ChannelCount()];
        stream.Write(Encoding.ASCII.GetBytes($"P{(header.Layout.IsGrey() ? 5 : 6)}\n{header.Width} {header.Height}\n{(header.BitDepth == 8 ? 255 : 65535)}\n"));
    }

    private protected override void WriteRow(ReadOnlySpan<byte> row)
    {
        if (Header.BitDepth == 16 && BitConverter.IsLittleEndian)
        {
            BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<byte, ushort>(row), _swapped);
            row = MemoryMarshal.AsBytes(_swapped.AsSpan());
        }

        _stream.Write(row);
    }

    private protected override void End()
    {
    }
}
