namespace Gsasr.Tensors;

/// <summary>
/// Something that holds tensors and runs operations on them. Work is queued in order: an operation sees the results of
/// all that were started before it, and only <see cref="Synchronize"/> and downloads wait.
/// </summary>
/// <remarks>A device is used by one thread at a time. It must outlive the buffers allocated on it.</remarks>
public abstract class Device : IDisposable
{
    /// <summary>The road by which the device is reached.</summary>
    public abstract DeviceKind Kind { get; }

    /// <summary>The device's name as its driver gives it, for people to read.</summary>
    public abstract string Name { get; }

    /// <summary>Bytes of memory that the device has in total.</summary>
    public abstract long MemoryBytes { get; }

    /// <summary>
    /// Bytes of memory that work may count on: all that the device has, or, where other programs share it, what is free at the moment.
    /// </summary>
    public virtual long AvailableMemoryBytes => MemoryBytes;

    /// <summary>Allocates uninitialised memory on the device.</summary>
    /// <param name="byteLength">The size in bytes, at least 1.</param>
    /// <exception cref="DeviceMemoryException">The device has not that much memory left.</exception>
    public abstract DeviceBuffer Allocate(long byteLength);

    /// <summary>Waits until everything started so far is done.</summary>
    /// <exception cref="DeviceException">An operation started earlier failed.</exception>
    public abstract void Synchronize();

    /// <summary>Uploads values into a new tensor of shape [height, width, channels] that lives until it is disposed of with its buffer.</summary>
    /// <param name="values">height * width * channels values, channels fastest.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="width">Columns, at least 1.</param>
    /// <param name="channels">Channels, at least 1.</param>
    /// <exception cref="ArgumentException">There is another number of values.</exception>
    /// <exception cref="DeviceMemoryException">The device has not that much memory left.</exception>
    public Tensor Upload(ReadOnlySpan<float> values, int height, int width, int channels)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
        var count = (Int128)height * width * channels;
        if (values.Length != count)
            throw new ArgumentException($"{values.Length} values cannot fill a tensor of {height} x {width} x {channels}.", nameof(values));
        DeviceBuffer buffer = Allocate((long)count * sizeof(float));
        try
        {
            var tensor = new Tensor(buffer, 0, height, width, channels, channels);
            tensor.Upload(values);
            return tensor;
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases what the device owns.</summary>
    /// <param name="disposing">Whether the call comes from <see cref="Dispose()"/>.</param>
    protected abstract void Dispose(bool disposing);
}
