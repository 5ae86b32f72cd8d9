using Gsasr.Checkpoints.PyTorch;
using Gsasr.Tensors;

namespace Gsasr.Checkpoints;

/// <summary>
/// A checkpoint written by PyTorch's torch.save, in its ZIP format or the one before. The pickle inside is read as data, never
/// executed: names other than those of plain tensors are refused. Values stay in the file until they are read.
/// </summary>
internal sealed class PyTorchCheckpoint : Checkpoint
{
    /// <summary>
    /// Tensors may share values, and repeat them; together they may be this many times as long as the file, plus
    /// <see cref="SpareBytes"/>.
    /// </summary>
    private const int MaxExpansion = 4;
    private const long SpareBytes = 64 * 1024 * 1024;

    private readonly SeekableBytes _bytes;
    private readonly IReadOnlyDictionary<string, StoredBytes> _storages;
    private readonly Dictionary<string, StoredTensor> _stored;
    private readonly Dictionary<string, TensorInfo> _tensors = new(StringComparer.Ordinal);

    private PyTorchCheckpoint(SeekableBytes bytes)
    {
        _bytes = bytes;
        PyTorchArchive archive = PyTorchArchive.Read(bytes);
        _storages = archive.Storages;
        _stored = StateDictionary.Unwrap(archive.Root, bytes.Source);
        long totalBytes = 0;
        foreach ((string name, StoredTensor stored) in _stored)
        {
            var tensor = new TensorInfo(name, stored.Storage.ElementType, stored.Shape);
            totalBytes += tensor.ByteCount;
            _tensors.Add(name, tensor);
        }

        if (totalBytes > (MaxExpansion * bytes.Length) + SpareBytes)
        {
            throw new CheckpointFormatException(
                $"{bytes.Source} has {bytes.Length} bytes and claims tensors of {totalBytes} bytes by repeating values; refused.");
        }
    }

    /// <inheritdoc/>
    public override string Source => _bytes.Source;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, TensorInfo> Tensors => _tensors;

    /// <summary>Opens a file; it stays open until the checkpoint is disposed.</summary>
    /// <param name="path">The file's path.</param>
    /// <exception cref="CheckpointFormatException">The file is no checkpoint, or holds more than plain tensors.</exception>
    /// <exception cref="IOException">The file cannot be opened or read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static PyTorchCheckpoint Open(string path) => Open(SeekableBytes.Open(path));

    /// <summary>Reads from a seekable stream, which the checkpoint takes over and disposes.</summary>
    /// <param name="stream">The stream; the file starts at its beginning.</param>
    /// <param name="source">What to call it in messages.</param>
    /// <exception cref="ArgumentException">The stream cannot seek.</exception>
    /// <exception cref="CheckpointFormatException">The stream holds no checkpoint, or more than plain tensors.</exception>
    public static PyTorchCheckpoint Open(Stream stream, string source) => Open(SeekableBytes.Open(stream, source));

    internal static PyTorchCheckpoint Open(SeekableBytes bytes)
    {
        try
        {
            return new PyTorchCheckpoint(bytes);
        }
        catch
        {
            bytes.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    protected override void ReadElementBytes(TensorInfo tensor, Span<byte> destination)
    {
        if (destination.IsEmpty)
            return;
        StoredTensor stored = _stored[tensor.Name];
        StoredBytes storage = _storages[stored.Storage.Key];
        if (stored.IsContiguous && destination.Length == storage.Length)
        {
            _bytes.Read(storage.Offset, destination);
            storage.Verify(_bytes, destination);
            return;
        }

        storage.Verify(_bytes);
        if (stored.IsContiguous)
            _bytes.Read(storage.Offset + (stored.Offset * tensor.ElementType.Size()), destination);
        else
            StridedReader.Read(_bytes, storage.Offset, stored, destination);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _bytes.Dispose();
        base.Dispose(disposing);
    }
}
