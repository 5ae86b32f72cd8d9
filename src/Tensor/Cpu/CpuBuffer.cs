using System.Globalization;
using System.Runtime.InteropServices;

namespace Gsasr.Tensors.Cpu;

/// <summary>
/// Memory of the processor outside the garbage-collected heap. It does not move, and the garbage collector has no work with it.
/// </summary>
internal sealed unsafe class CpuBuffer : DeviceBuffer
{
    /// <summary>The boundary on which every buffer starts, in bytes.</summary>
    internal const int Alignment = 256;

    private nint _memory;

    internal CpuBuffer(CpuDevice device, long byteLength)
        : base(device, byteLength)
    {
        _memory = byteLength >= SystemPages.Least ? SystemPages.Allocate((nuint)byteLength) : AllocateFromHeap((nuint)byteLength);
        if (_memory == 0)
        {
            throw new DeviceMemoryException(string.Create(
                CultureInfo.InvariantCulture, $"There is no memory left for {byteLength / 1048576.0:0.0} MiB more, for all the computer has or a limit allows (ulimit -v)."));
        }

        GC.AddMemoryPressure(byteLength);
    }

    /// <summary>Releases memory that was not disposed of.</summary>
    ~CpuBuffer() => Dispose(false);

    /// <summary>The first byte; valid until the buffer is disposed of.</summary>
    /// <exception cref="ObjectDisposedException">The buffer was disposed of.</exception>
    internal byte* Memory
    {
        get
        {
            nint memory = _memory;
            ObjectDisposedException.ThrowIf(memory == 0, this);
            return (byte*)memory;
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
        nint memory = Interlocked.Exchange(ref _memory, 0);
        if (memory == 0)
            return;
        if (ByteLength >= SystemPages.Least)
            SystemPages.Free(memory, (nuint)ByteLength);
        else
            NativeMemory.AlignedFree((void*)memory);
        ((CpuDevice)Device).CountReleased(ByteLength);
        GC.RemoveMemoryPressure(ByteLength);
    }

    private static nint AllocateFromHeap(nuint bytes)
    {
        try
        {
            return (nint)NativeMemory.AlignedAlloc(bytes, Alignment);
        }
        catch (OutOfMemoryException)
        {
            return 0;
        }
    }
}
