namespace Gsasr.Tensors;

/// <summary>A block of memory on a device, without a type of its own. Starts on a boundary of at least 128 bytes.</summary>
internal abstract class DeviceBuffer : IDisposable
{
    /// <summary>Creates the base of a buffer.</summary>
    /// <param name="device">The device that holds the memory.</param>
    /// <param name="byteLength">The size in bytes.</param>
    protected DeviceBuffer(Device device, long byteLength)
    {
        Device = device;
        ByteLength = byteLength;
    }

    /// <summary>The device that holds the memory.</summary>
    public Device Device { get; }

    /// <summary>The size in bytes.</summary>
    public long ByteLength { get; }

    /// <summary>Copies values from the host to the device. The source may be changed as soon as the call returns.</summary>
    /// <typeparam name="T">The type of a value.</typeparam>
    /// <param name="source">The values.</param>
    /// <param name="byteOffset">Where the first of them goes, in bytes from the start of the buffer.</param>
    /// <exception cref="ArgumentOutOfRangeException">The values do not lie inside the buffer.</exception>
    public void Upload<T>(ReadOnlySpan<T> source, long byteOffset)
        where T : unmanaged
    {
        ReadOnlySpan<byte> bytes = System.Runtime.InteropServices.MemoryMarshal.AsBytes(source);
        CheckRange(byteOffset, bytes.Length);
        if (!bytes.IsEmpty)
            UploadBytes(bytes, byteOffset);
    }

    /// <summary>Copies values from the device to the host, after all work started so far.</summary>
    /// <typeparam name="T">The type of a value.</typeparam>
    /// <param name="destination">Where the values go.</param>
    /// <param name="byteOffset">Where the first of them lies, in bytes from the start of the buffer.</param>
    /// <exception cref="ArgumentOutOfRangeException">The values do not lie inside the buffer.</exception>
    public void Download<T>(Span<T> destination, long byteOffset)
        where T : unmanaged
    {
        Span<byte> bytes = System.Runtime.InteropServices.MemoryMarshal.AsBytes(destination);
        CheckRange(byteOffset, bytes.Length);
        if (!bytes.IsEmpty)
            DownloadBytes(bytes, byteOffset);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Copies bytes to the device; the range was checked.</summary>
    /// <param name="source">The bytes, at least one.</param>
    /// <param name="byteOffset">Where they go.</param>
    protected abstract void UploadBytes(ReadOnlySpan<byte> source, long byteOffset);

    /// <summary>Copies bytes from the device; the range was checked.</summary>
    /// <param name="destination">Where they go, at least one.</param>
    /// <param name="byteOffset">Where they lie.</param>
    protected abstract void DownloadBytes(Span<byte> destination, long byteOffset);

    /// <summary>Releases the memory.</summary>
    /// <param name="disposing">Whether the call comes from <see cref="Dispose()"/>.</param>
    protected abstract void Dispose(bool disposing);

    private void CheckRange(long byteOffset, long byteCount)
    {
        if (byteOffset < 0 || byteCount > ByteLength - byteOffset)
            throw new ArgumentOutOfRangeException(nameof(byteOffset), $"Bytes {byteOffset} to {byteOffset + byteCount} lie outside a buffer of {ByteLength} bytes.");
    }
}
