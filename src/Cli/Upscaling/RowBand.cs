using System.Buffers;

namespace Gsasr.Cli.Upscaling;

/// <summary>Some rows of a picture, as the encoder takes them; in memory that is used again once they are written.</summary>
/// <param name="length">Bytes of the rows.</param>
internal sealed class RowBand(int length) : IDisposable
{
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(length);

    /// <summary>The rows, one behind the other.</summary>
    public Span<byte> Bytes => _buffer.AsSpan(0, length);

    /// <inheritdoc/>
    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);
}
