namespace Gsasr.Tensors;

/// <summary>
/// Memory that kernels can use. Its device keeps track of it and releases it when the device is disposed of, if nobody did before. While the driver
/// still opens the device, a buffer has no memory yet, and what is uploaded is kept.
/// </summary>
internal abstract class GpuBuffer : DeviceBuffer
{
    private readonly GpuDevice _device;

    // Changed under the lock of the launches.
    private bool _hasMemory;
    private bool _isReleased;
    private List<(byte[] Values, long ByteOffset)>? _kept;

    private protected GpuBuffer(GpuDevice device, long byteLength)
        : base(device, byteLength) => _device = device;

    /// <summary>The driver's handle of the memory, as a kernel argument. Waits until there is memory.</summary>
    /// <exception cref="ObjectDisposedException">The buffer was disposed of, or its device, which the message then names.</exception>
    /// <exception cref="DeviceException">The device cannot be opened, or has too little memory.</exception>
    internal nint Handle
    {
        get
        {
            if (!IsReleased && !Volatile.Read(ref _hasMemory))
                _device.FinishOpening();
            ThrowIfReleased();
            return DriverHandle;
        }
    }

    /// <summary>Whether the memory was given back, or is not wanted any more.</summary>
    internal bool IsReleased => Volatile.Read(ref _isReleased);

    /// <summary>The driver's handle of the memory, until it is released.</summary>
    private protected abstract nint DriverHandle { get; }

    /// <summary>Takes the memory from the driver, unless that was done before. Called under the lock of the launches.</summary>
    /// <exception cref="DeviceMemoryException">The device has not that much memory left.</exception>
    internal void EnsureMemory()
    {
        if (_hasMemory)
            return;
        AllocateMemory();
        Volatile.Write(ref _hasMemory, true);
    }

    /// <summary>Keeps a copy of values until there is memory for them. Called under the lock of the launches.</summary>
    /// <param name="values">The values.</param>
    /// <param name="byteOffset">Where the first of them goes.</param>
    internal void Keep(ReadOnlySpan<byte> values, long byteOffset) => (_kept ??= []).Add((values.ToArray(), byteOffset));

    /// <summary>Stores the values that were kept, in the order in which they came. What cannot be stored stays. Called under the lock of the launches.</summary>
    internal void StoreKept()
    {
        while (_kept is [(byte[] values, long byteOffset), ..])
        {
            Store(values, byteOffset);
            _kept.RemoveAt(0);
        }

        _kept = null;
    }

    /// <summary>Copies bytes to the memory, in the order of the device's work. Called within a use of the device, or when it was just opened.</summary>
    /// <param name="source">The bytes, at least one. They may change as soon as this returns.</param>
    /// <param name="byteOffset">Where they go.</param>
    private protected abstract void Store(ReadOnlySpan<byte> source, long byteOffset);

    /// <summary>Copies bytes from the memory, after all work started so far. Called within a use of the device.</summary>
    /// <param name="destination">Where they go, at least one.</param>
    /// <param name="byteOffset">Where they lie.</param>
    private protected abstract void Fetch(Span<byte> destination, long byteOffset);

    /// <summary>Gives the memory back, unless that was done before. Called under the lock of the launches, or when nobody uses the device any more.</summary>
    /// <returns>Whether it was not.</returns>
    internal bool ReleaseOnce()
    {
        if (_isReleased)
            return false;
        Volatile.Write(ref _isReleased, true);
        _kept = null;
        if (_hasMemory)
            Release();
        return true;
    }

    /// <summary>Takes the memory from the driver; called once.</summary>
    private protected abstract void AllocateMemory();

    /// <summary>Gives the memory back to the driver, within a use of the device or when nobody uses it any more.</summary>
    private protected abstract void Release();

    /// <inheritdoc/>
    protected sealed override void UploadBytes(ReadOnlySpan<byte> source, long byteOffset)
    {
        using GpuDevice.UseScope use = _device.UseWhileOpening();
        if (_device.TryKeep(this, source, byteOffset))
            return;
        ThrowIfReleased();
        Store(source, byteOffset);
    }

    /// <inheritdoc/>
    protected sealed override void DownloadBytes(Span<byte> destination, long byteOffset)
    {
        using GpuDevice.UseScope use = _device.Use();
        ThrowIfReleased();
        Fetch(destination, byteOffset);
    }

    /// <inheritdoc/>
    protected sealed override void Dispose(bool disposing)
    {
        if (!disposing || !_device.TryBeginUse())
            return;
        try
        {
            _device.FlushAll();
            _device.Release(this);
        }
        finally
        {
            _device.EndUse();
        }
    }

    private void ThrowIfReleased()
    {
        if (IsReleased)
        {
            _device.ThrowIfDisposed();
            throw new ObjectDisposedException(GetType().Name);
        }
    }
}
