using Gsasr.Tensors.OpenCl.Native;

namespace Gsasr.Tensors.OpenCl;

/// <summary>Memory of an OpenCL device.</summary>
/// <remarks>
/// Drivers should allow calls from several threads at once, and do not always. So one call at a time goes to the queue, as with launches.
/// </remarks>
internal sealed unsafe class OpenClBuffer : GpuBuffer
{
    private readonly OpenClDevice _device;
    private ClMemory _memory = null!;

    public OpenClBuffer(OpenClDevice device, long byteLength)
        : base(device, byteLength) => _device = device;

    private protected override nint DriverHandle => _memory.DangerousGetHandle();

    private protected override void Store(ReadOnlySpan<byte> source, long byteOffset)
    {
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

    private protected override void Fetch(Span<byte> destination, long byteOffset)
    {
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

    private protected override void AllocateMemory() => _memory = _device.AllocateMemory(ByteLength);

    // The driver keeps the memory until the work that uses it is done.
    private protected override void Release() => _memory.Dispose();
}
