namespace Gsasr.Tensors;

/// <summary>
/// Something that holds tensors and runs operations on them. Work is queued in order: an operation sees the results of all operations that
/// were started before it, and only <see cref="Synchronize"/> and downloads wait.
/// </summary>
/// <remarks>
/// Any number of threads may use a device at once; what they start is queued, and every operation has the bits that it would have alone. How
/// large the tiles of an image are depends on the memory that is free when it begins, unless the options of the upscaler give it a share
/// of its own. A device must outlive the buffers allocated on it.
/// </remarks>
public abstract class Device : IDisposable
{
    private int _disposals;

    internal Device()
    {
    }

    /// <summary>
    /// Raised once, on a thread that uses the device, when kernels have to be compiled because no earlier run left them in the cache. The
    /// work then waits for the driver's compiler, which can take a minute. The handler may wait for other threads that use the device.
    /// </summary>
    public event EventHandler? Compiling;

    /// <summary>The backend: how the device is reached.</summary>
    public abstract DeviceKind Kind { get; }

    /// <summary>The device's name as its driver gives it, for people to read.</summary>
    public abstract string Name { get; }

    /// <summary>Bytes of memory that the device has in total.</summary>
    public abstract long MemoryBytes { get; }

    /// <summary>
    /// Bytes of memory that work may take at the moment, beside what is allocated: what is free, less a part that is left to other
    /// programs.
    /// </summary>
    public virtual long AvailableMemoryBytes => MemoryBytes;

    /// <summary>
    /// The driver's work of opening the device; it fails if the device cannot be opened. Until it ends, memory can be allocated, and uploaded values
    /// are kept on the host. Everything else waits for it.
    /// </summary>
    internal virtual Task Opening => Task.CompletedTask;

    /// <summary>Waits until the device is open and has all memory and values that were asked for meanwhile.</summary>
    /// <exception cref="DeviceException">It cannot be opened, or has too little memory.</exception>
    /// <exception cref="ObjectDisposedException">It was disposed of.</exception>
    internal virtual void FinishOpening()
    {
    }

    /// <summary>Allocates uninitialised memory on the device.</summary>
    /// <param name="byteLength">The size in bytes, at least 1.</param>
    /// <exception cref="DeviceMemoryException">The device has not that much memory left.</exception>
    internal abstract DeviceBuffer Allocate(long byteLength);

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
    internal Tensor Upload(ReadOnlySpan<float> values, int height, int width, int channels)
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

    /// <summary>Whether the device was disposed of.</summary>
    public bool IsDisposed => Volatile.Read(ref _disposals) != 0;

    /// <summary>Releases what the device owns, after the work under way. Nothing can be started on it any more.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposals, 1) != 0)
            return;
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Raises <see cref="Compiling"/>, the first time.</summary>
    internal void OnCompiling()
    {
        EventHandler? handler = Interlocked.Exchange(ref Compiling, null);
        handler?.Invoke(this, EventArgs.Empty);
    }

    /// <summary>Throws if the device was disposed of.</summary>
    /// <exception cref="ObjectDisposedException">It was.</exception>
    internal void ThrowIfDisposed()
    {
        if (IsDisposed)
            throw new ObjectDisposedException(GetType().Name, $"The device {Name} was disposed of, and nothing can run on it any more.");
    }

    /// <summary>Releases what the device owns; called once.</summary>
    /// <param name="disposing">Whether the call comes from <see cref="Dispose()"/>.</param>
    protected abstract void Dispose(bool disposing);
}
