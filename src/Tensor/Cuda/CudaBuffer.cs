using Gsasr.Tensors.Cuda.Native;

namespace Gsasr.Tensors.Cuda;

/// <summary>Memory of an NVIDIA GPU.</summary>
internal sealed unsafe class CudaBuffer : GpuBuffer
{
    private readonly CudaDevice _device;
    private CuAddress _address;

    public CudaBuffer(CudaDevice device, long byteLength)
        : base(device, byteLength) => _device = device;

    private protected override nint DriverHandle => _address.Value;

    private protected override void Store(ReadOnlySpan<byte> source, long byteOffset)
    {
        var destination = new CuAddress(_address.Value + (nint)byteOffset);
        _device.Flush();
        _device.MakeCurrent();
        _device.Staging.Upload(source, destination);
    }

    private protected override void Fetch(Span<byte> destination, long byteOffset)
    {
        var source = new CuAddress(_address.Value + (nint)byteOffset);
        _device.Flush();
        _device.MakeCurrent();
        _device.Staging.Download(source, destination);
    }

    private protected override void AllocateMemory() => _address = _device.AllocateMemory(ByteLength);

    // Waits for the work that uses the memory. If that work failed, the next call that can report it does.
    private protected override void Release() => _device.Free(_address);
}
