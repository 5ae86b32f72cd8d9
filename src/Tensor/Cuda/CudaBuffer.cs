using Gsasr.Tensors.Cuda.Native;

namespace Gsasr.Tensors.Cuda;

/// <summary>Memory of an NVIDIA GPU.</summary>
internal sealed unsafe class CudaBuffer : GpuBuffer
{
    private readonly CudaDevice _device;
    private nint _address;

    public CudaBuffer(CudaDevice device, CuAddress address, long byteLength)
        : base(device, byteLength)
    {
        _device = device;
        _address = address.Value;
    }

    internal override nint Handle
    {
        get
        {
            nint address = _address;
            ObjectDisposedException.ThrowIf(address == 0, this);
            return address;
        }
    }

    protected override void UploadBytes(ReadOnlySpan<byte> source, long byteOffset)
    {
        var destination = new CuAddress((nint)(Handle + byteOffset));
        _device.MakeCurrent();
        _device.Staging.Upload(source, destination);
    }

    protected override void DownloadBytes(Span<byte> destination, long byteOffset)
    {
        var source = new CuAddress((nint)(Handle + byteOffset));
        _device.MakeCurrent();
        fixed (byte* p = destination)
        {
            CuResult result = CuNative.cuMemcpyDtoHAsync(p, source, (nuint)destination.Length, _device.Stream);
            _device.Check(result, "cuMemcpyDtoHAsync", "read values");
            _device.Check(CuNative.cuStreamSynchronize(_device.Stream), "cuStreamSynchronize", "read values");
        }
    }

    protected override void Dispose(bool disposing)
    {
        nint address = disposing ? Interlocked.Exchange(ref _address, 0) : 0;
        if (address == 0)
            return;

        // // Waits for the work that uses the memory. If that work failed, the next call that can report it does.
        _device.Free(new CuAddress(address));
        _device.Forget(this);
    }
}
