using System.Buffers.Binary;

namespace Gsasr.Checkpoints;

/// <summary>
/// A checkpoint in a safetensors file: an 8-byte little-endian header length, a JSON header with the names, element types, shapes
/// and places of the tensors, then their data. The whole header is validated when the file is opened; see <c>docs/checkpoints.md</c>.
/// </summary>
internal sealed class SafetensorsCheckpoint : Checkpoint
{
    /// <summary>The longest header that is read, in bytes; a network of 4,000 tensors needs half a million.</summary>
    public const int MaxHeaderBytes = 16 * 1024 * 1024;

    private const int LengthBytes = 8;

    private readonly SeekableBytes _bytes;
    private readonly SafetensorsHeader _header;
    private readonly long _dataStart;

    private SafetensorsCheckpoint(SeekableBytes bytes, SafetensorsHeader header, long dataStart)
    {
        _bytes = bytes;
        _header = header;
        _dataStart = dataStart;
    }

    /// <inheritdoc/>
    public override string Source => _bytes.Source;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, TensorInfo> Tensors => _header.Tensors;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    /// <summary>Opens a file; it stays open until the checkpoint is disposed.</summary>
    /// <param name="path">The file's path.</param>
    /// <exception cref="CheckpointFormatException">The file is no valid safetensors file.</exception>
    /// <exception cref="IOException">The file cannot be opened or read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static SafetensorsCheckpoint Open(string path) => Open(SeekableBytes.Open(path));

    /// <summary>Reads from a seekable stream, such as an embedded resource, which the checkpoint takes over and disposes.</summary>
    /// <param name="stream">The stream; the file starts at its beginning.</param>
    /// <param name="source">What to call it in messages.</param>
    /// <exception cref="ArgumentException">The stream cannot seek.</exception>
    /// <exception cref="CheckpointFormatException">The stream holds no valid safetensors file.</exception>
    public static SafetensorsCheckpoint Open(Stream stream, string source) => Open(SeekableBytes.Open(stream, source));

    /// <summary>Whether a file begins as this format does: a length, then a JSON object.</summary>
    internal static bool IsLikely(SeekableBytes bytes)
    {
        if (bytes.Length <= LengthBytes)
            return false;
        Span<byte> first = stackalloc byte[1];
        bytes.Read(LengthBytes, first);
        return first[0] == (byte)'{';
    }

    internal static SafetensorsCheckpoint Open(SeekableBytes bytes)
    {
        try
        {
            if (bytes.Length < LengthBytes)
                throw new CheckpointFormatException($"{bytes.Source} is no safetensors file: it has {bytes.Length} bytes.");
            Span<byte> lengthBytes = stackalloc byte[LengthBytes];
            bytes.Read(0, lengthBytes);
            ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(lengthBytes);
            if (headerLength > MaxHeaderBytes)
            {
                throw new CheckpointFormatException(
                    $"{bytes.Source} is no safetensors file: its first 8 bytes claim a header of {headerLength} bytes; "
                    + $"at most {MaxHeaderBytes} are read.");
            }

            if ((long)headerLength > bytes.Length - LengthBytes)
            {
                throw new CheckpointFormatException(
                    $"{bytes.Source} is no safetensors file, or cut short: it claims a header of {headerLength} bytes "
                    + $"and has {bytes.Length} in all.");
            }

            var json = new byte[(int)headerLength];
            bytes.Read(LengthBytes, json);
            long dataStart = LengthBytes + (long)headerLength;
            SafetensorsHeader header = SafetensorsHeader.Parse(json, bytes.Length - dataStart, bytes.Source);
            return new SafetensorsCheckpoint(bytes, header, dataStart);
        }
        catch
        {
            bytes.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    protected override void ReadElementBytes(TensorInfo tensor, Span<byte> destination) =>
        _bytes.Read(_dataStart + _header.Offsets[tensor.Name], destination);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _bytes.Dispose();
        base.Dispose(disposing);
    }
}
