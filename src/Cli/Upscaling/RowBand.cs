using System.Buffers;
using System.Runtime.InteropServices;
using Gsasr.Imaging;

namespace Gsasr.Cli.Upscaling;

/// <summary>Some rows of a picture, as the encoder takes them. Their memory is used again when they are written.</summary>
/// <param name="length">Bytes of the rows.</param>
internal sealed class RowBand(int length) : IDisposable
{
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(length);

    /// <summary>The rows, one behind the other.</summary>
    public Span<byte> Bytes => _buffer.AsSpan(0, length);

    /// <summary>Writes the rows.</summary>
    /// <param name="writer">The writer of the picture.</param>
    public void WriteTo(ImageWriter writer)
    {
        if (writer.Header.BitDepth == 8)
            writer.WriteRows(Bytes);
        else
            writer.WriteRows(MemoryMarshal.Cast<byte, ushort>(Bytes));
    }

    /// <inheritdoc/>
    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);
}
