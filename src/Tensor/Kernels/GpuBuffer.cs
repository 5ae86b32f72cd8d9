namespace Gsasr.Tensors;

/// <summary>
/// Memory that kernels can use. Its device keeps track of it and releases it when the device is disposed of, if nobody did before.
/// </summary>
internal abstract class GpuBuffer : DeviceBuffer
{
    private protected GpuBuffer(GpuDevice device, long byteLength)
        : base(device, byteLength)
    {
    }

    /// <summary>The driver's handle of the memory, as a kernel argument.</summary>
    /// <exception cref="ObjectDisposedException">The buffer was disposed of.</exception>
    internal abstract nint Handle { get; }
}
