using Gsasr.Tensors.OpenCl.Native;

namespace Gsasr.Tensors.OpenCl;

/// <summary>Memory of an OpenCL device.</summary>
/// <remarks>
/// Drivers should allow calls from several threads at once, and do not always. So one call at a time goes to the queue, as with launches.
/// </remarks>
internal sealed unsafe class OpenClBuffer : GpuBuffer
{
    private readonly OpenClDevice _device;
    private readonly ClMemory _memory;

    public OpenClBuffer(OpenClDevice device, ClMemory memory, long byteLength)
        : base(device, byteLength)
    {
        _device = device;
        _memory = memory;
    }

    private protected override nint DriverHandle => _memory.DangerousGetHandle();

    protected override void UploadBytes(ReadOnlySpan<byte> source, long byteOffset)
    {
        using GpuDevice.UseScope use = _device.Use();
        fixed (byte* p = source)
        {
            ClResult result;
            lock (_device.LaunchLock)
            {
                result = ClNative.clEnqueueWriteBuffer(
                    _device.Queue, _memory, 1, (nuint)byteOffset, (nuint)source.Length, p, 0, null, null);
            }

            if (result != ClResult.CL_SUCCESS)
                ClCheck.Check(result, "clEnqueueWriteBuffer", $"store {source.Length} bytes on {_device.Name}");
        }
    }

    protected override void DownloadBytes(Span<byte> destination, long byteOffset)
    {
        using GpuDevice.UseScope use = _device.Use();
        fixed (byte* p = destination)
        {
            ClResult result;
            lock (_device.LaunchLock)
            {
                result = ClNative.clEnqueueReadBuffer(
                    _device.Queue, _memory, 1, (nuint)byteOffset, (nuint)destination.Length, p, 0, null, null);
            }

            _device.CheckCompletion(result, "clEnqueueReadBuffer");
        }
    }

    private protected override void Release()
    {
        // The driver keeps the memory until the work that uses it is done.
        lock (_device.LaunchLock)
            _memory.Dispose();
    }
}
