namespace Gsasr.Tensors;

/// <summary>
/// Memory that kernels can use. Its device keeps track of it and releases it when the device is disposed of, if nobody did before. While the driver
/// still opens the device, a buffer has no memory yet, and what is uploaded is kept.
/// </summary>
internal abstract class GpuBuffer : DeviceBuffer
{
    private readonly GpuDevice _device;
    private bool _hasMemory;
    private bool _isReleased;

    private protected GpuBuffer(GpuDevice device, long byteLength)
        : base(device, byteLength) => _device = device;

    /// <summary>The driver's handle of the memory, as a kernel argument. Waits until there is memory.</summary>
    /// <exception cref="ObjectDisposedException">The buffer was disposed of, or its device, which the message then names.</exception>
    /// <exception cref="DeviceException">The device cannot be opened, or has too little memory.</exception>
    internal nint Handle
    {
        get
        {
            ThrowIfReleased();
            if (!Volatile.Read(ref _hasMemory))
                _device.Use().Dispose();
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

    /// <summary>Copies bytes to the memory, within a use of the device, in the order of its work.</summary>
    /// <param name="source">The bytes, at least one. They may change as soon as this returns.</param>
    /// <param name="byteOffset">Where they go.</param>
    internal abstract void Store(ReadOnlySpan<byte> source, long byteOffset);

    /// <summary>Gives the memory back, unless that was done before. Called under the lock of the launches, or when nobody uses the device any more.</summary>
    /// <returns>Whether it was not.</returns>
    internal bool ReleaseOnce()
    {
        if (_isReleased)
            return false;
        Volatile.Write(ref _isReleased, true);
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
        ThrowIfReleased();
        if (!_device.TryKeep(this, source, byteOffset))
            Store(source, byteOffset);
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
