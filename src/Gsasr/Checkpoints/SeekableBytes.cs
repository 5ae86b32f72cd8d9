namespace Gsasr.Checkpoints;

/// <summary>The bytes of a file, read at any offset from any thread, with every access checked against its length.</summary>
internal sealed class SeekableBytes : IDisposable
{
    private readonly Stream _stream;
    private readonly Lock _lock = new();

    private SeekableBytes(Stream stream, string source)
    {
        _stream = stream;
        Source = source;
        Length = stream.Length;
    }

    /// <summary>The file's name, for messages.</summary>
    public string Source { get; }

    public long Length { get; }

    /// <summary>Opens a file without a buffer of its own: tensors are read in one piece.</summary>
    public static SeekableBytes Open(string path)
    {
        if (Directory.Exists(path))
            throw new CheckpointFormatException($"{path} is a folder, not a checkpoint file.");
        return new SeekableBytes(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0), path);
    }

    /// <summary>Takes over a seekable stream.</summary>
    public static SeekableBytes Open(Stream stream, string source)
    {
        if (!stream.CanSeek || !stream.CanRead)
            throw new ArgumentException("A checkpoint is read from a stream that can seek.", nameof(stream));
        return new SeekableBytes(stream, source);
    }

    /// <summary>Fills the destination from the offset on.</summary>
    /// <exception cref="CheckpointFormatException">The file ends before.</exception>
    public void Read(long offset, Span<byte> destination)
    {
        if (offset < 0 || offset > Length - destination.Length)
            throw Truncated(offset, destination.Length);
        lock (_lock)
        {
            _stream.Position = offset;
            if (_stream.ReadAtLeast(destination, destination.Length, throwOnEndOfStream: false) < destination.Length)
                throw Truncated(offset, destination.Length);
        }
    }

    public void Dispose() => _stream.Dispose();

    private CheckpointFormatException Truncated(long offset, long count) => new(
        $"{Source} is cut short: bytes {offset} to {offset + count} are needed and the file has {Length}. Copy or download it again.");
}
