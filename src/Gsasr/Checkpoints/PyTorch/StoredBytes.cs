using System.IO.Hashing;

namespace Gsasr.Checkpoints.PyTorch;

/// <summary>A stretch of a file that holds one thing, and the CRC-32 that the file states for it.</summary>
/// <param name="name">What the file calls it.</param>
/// <param name="offset">Its first byte.</param>
/// <param name="length">Its bytes; they lie within the file.</param>
/// <param name="checksum">
/// The stated CRC-32; 0 where none is stated. PyTorch writes zeros after set_crc32_options(False), so that bytes whose true checksum is 0
/// (one file in four thousand million) go unchecked.
/// </param>
internal sealed class StoredBytes(string name, long offset, long length, uint checksum)
{
    private const int PieceBytes = 64 * 1024;

    private volatile bool _isVerified = checksum == 0;

    public long Offset => offset;

    public long Length => length;

    /// <summary>Reads all of it, which is known to be short.</summary>
    /// <exception cref="CheckpointFormatException">The bytes have another checksum than the file states.</exception>
    public byte[] Read(SeekableBytes file)
    {
        var content = new byte[length];
        file.Read(offset, content);
        Verify(file, content);
        return content;
    }

    /// <summary>Verifies all of the bytes, which the caller has read.</summary>
    /// <exception cref="CheckpointFormatException">They have another checksum than the file states.</exception>
    public void Verify(SeekableBytes file, ReadOnlySpan<byte> content)
    {
        if (!_isVerified)
            Finish(file, Crc32.HashToUInt32(content));
    }

    /// <summary>Verifies the bytes by reading through them, at the first call only.</summary>
    /// <exception cref="CheckpointFormatException">They have another checksum than the file states.</exception>
    public void Verify(SeekableBytes file)
    {
        if (_isVerified)
            return;
        var hash = new Crc32();
        var piece = new byte[Math.Min(length, PieceBytes)];
        for (long done = 0; done < length; done += piece.Length)
        {
            Span<byte> part = piece.AsSpan(0, (int)Math.Min(piece.Length, length - done));
            file.Read(offset + done, part);
            hash.Append(part);
        }

        Finish(file, hash.GetCurrentHashAsUInt32());
    }

    private void Finish(SeekableBytes file, uint actual)
    {
        if (actual != checksum)
        {
            throw new CheckpointFormatException(
                $"{file.Source} is damaged: its entry {Quote.Name(name)} has the checksum {actual:x8}, not {checksum:x8} as the archive states. "
                + "Copy or download it again.");
        }

        _isVerified = true;
    }
}
