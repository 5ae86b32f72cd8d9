using System.Runtime.InteropServices;

namespace Gsasr.Tensors.Cpu;

/// <summary>Memory of the processor outside the garbage-collected heap: it does not move, and large blocks cost nothing to collect.</summary>
public sealed unsafe class CpuBuffer : DeviceBuffer
{
    private const nuint Alignment = 256;

    private byte* _memory;

    internal CpuBuffer(CpuDevice device, long byteLength)
        : base(device, byteLength)
    {
        try
        {
            _memory = (byte*)NativeMemory.AlignedAlloc((nuint)byteLength, Alignment);
        }
        catch (OutOfMemoryException e)
        {
            throw new DeviceMemoryException($"The computer has no {byteLength / (1 << 20)} MiB of memory left.", e);
        }

        device.CountBytes(byteLength);
        GC.AddMemoryPressure(byteLength);
    }

    /// <summary>Releases memory that was not disposed of.</summary>
    ~CpuBuffer() => Dispose(false);

    /// <summary>The first byte; valid until the buffer is disposed of.</summary>
    /// <exception cref="ObjectDisposedException">The buffer was disposed of.</exception>
    public byte* Memory
    {
        get
        {
            ObjectDisposedException.ThrowIf(_memory is null, this);
            return _memory;
        }
    }

    /// <inheritdoc/>
    protected override void UploadBytes(ReadOnlySpan<byte> source, long byteOffset) =>
        source.CopyTo(new Span<byte>(Memory + byteOffset, source.Length));

    /// <inheritdoc/>
    protected override void DownloadBytes(Span<byte> destination, long byteOffset) =>
        new ReadOnlySpan<byte>(Memory + byteOffset, destination.Length).CopyTo(destination);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (_memory is null)
            return;
        NativeMemory.AlignedFree(_memory);
        _memory = null;
        ((CpuDevice)Device).CountBytes(-ByteLength);
        GC.RemoveMemoryPressure(ByteLength);
    }
}
