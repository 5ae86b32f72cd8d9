namespace Gsasr.Tensors;

/// <summary>Memory that kernels can use. Its device keeps track of it and releases it at the latest with itself.</summary>
internal abstract class GpuBuffer : DeviceBuffer
{
    private protected GpuBuffer(GpuDevice device, long byteLength)
        : base(device, byteLength)
    {
    }

    /// <summary>What the driver calls the memory by, as a kernel argument.</summary>
    /// <exception cref="ObjectDisposedException">The buffer was disposed of.</exception>
    internal abstract nint Handle { get; }
}
