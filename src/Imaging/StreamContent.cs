namespace Gsasr.Imaging;

/// <summary>Reads the rest of a stream into memory, allocating only as data arrive.</summary>
internal static class StreamContent
{
    private const int FirstBlock = 1 << 16;

    /// <summary>The bytes already taken from the stream, followed by all that is left in it.</summary>
    public static ReadOnlyMemory<byte> ReadToEnd(Stream stream, ReadOnlySpan<byte> start, ImageLimits limits)
    {
        long limit = Math.Min(limits.MaximumFileBytes, Array.MaxLength);
        // The length of a seekable stream is what is on the disk, so it can be trusted. One byte more shows the end.
        long capacity = stream.CanSeek ? start.Length + Math.Max(0, stream.Length - stream.Position) + 1 : FirstBlock;
        if (capacity - 1 > limit)
            throw TooLong(limit);
        byte[] buffer = new byte[Math.Max((int)Math.Min(capacity, Array.MaxLength), start.Length + 1)];
        start.CopyTo(buffer);
        int length = start.Length;
        while (true)
        {
            int read = stream.Read(buffer, length, buffer.Length - length);
            if (read == 0)
                return buffer.AsMemory(0, length);
            length += read;
            if (length > limit)
                throw TooLong(limit);
            if (length == buffer.Length)
            {
                if (length == Array.MaxLength)
                    throw TooLong(limit);
                Array.Resize(ref buffer, (int)Math.Min(Math.Min(2L * length, limit + 1), Array.MaxLength));
            }
        }
    }

    private static ImageFormatException TooLong(long limit) =>
        new($"The file is longer than the limit of {limit} bytes.");
}
