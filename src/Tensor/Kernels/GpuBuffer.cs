namespace Gsasr.Tensors;

/// <summary>
/// Memory that kernels can use. Its device keeps track of it and releases it when the device is disposed of, if nobody did before.
/// </summary>
internal abstract class GpuBuffer : DeviceBuffer
{
    private readonly GpuDevice _device;
    private int _releases;

    private protected GpuBuffer(GpuDevice device, long byteLength)
        : base(device, byteLength) => _device = device;

    /// <summary>The driver's handle of the memory, as a kernel argument.</summary>
    /// <exception cref="ObjectDisposedException">The buffer was disposed of, or its device, which the message then names.</exception>
    internal nint Handle
    {
        get
        {
            if (Volatile.Read(ref _releases) != 0)
            {
                _device.ThrowIfDisposed();
                throw new ObjectDisposedException(GetType().Name);
            }

            return DriverHandle;
        }
    }

    /// <summary>The driver's handle of the memory, until it is released.</summary>
    private protected abstract nint DriverHandle { get; }

    /// <summary>Releases the memory, unless that was done before.</summary>
    /// <returns>Whether it was not.</returns>
    internal bool ReleaseOnce()
    {
        if (Interlocked.Exchange(ref _releases, 1) != 0)
            return false;
        Release();
        return true;
    }

    /// <summary>Gives the memory back to the driver, within a use of the device or when nobody uses it any more.</summary>
    private protected abstract void Release();

    /// <inheritdoc/>
    protected sealed override void Dispose(bool disposing)
    {
        if (!disposing || !_device.TryBeginUse())
            return;
        try
        {
            _device.FlushAll();
            if (ReleaseOnce())
                _device.Forget(this);
        }
        finally
        {
            _device.EndUse();
        }
    }
}
