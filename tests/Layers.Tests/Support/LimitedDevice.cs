using Gsasr.Tensors;

namespace Gsasr.Layers.Tests;

/// <summary>A device that counts its memory and has only so much of it. Nothing runs on it.</summary>
internal sealed class LimitedDevice(long memoryBytes) : Device
{
    public override DeviceKind Kind => DeviceKind.Cpu;

    public override string Name => "a limited device";

    public override long MemoryBytes { get; } = memoryBytes;

    /// <summary>The largest block that it hands out.</summary>
    public long LargestBlockBytes { get; init; } = memoryBytes;

    /// <summary>Bytes handed out and not given back.</summary>
    public long UsedBytes { get; private set; }

    /// <summary>The largest block that was handed out.</summary>
    public long LargestBytes { get; private set; }

    /// <summary>Blocks handed out.</summary>
    public int Allocations { get; private set; }

    internal override DeviceBuffer Allocate(long byteLength)
    {
        if (byteLength > LargestBlockBytes || byteLength > MemoryBytes - UsedBytes)
            throw new DeviceMemoryException($"{byteLength} bytes do not fit.");
        UsedBytes += byteLength;
        LargestBytes = Math.Max(LargestBytes, byteLength);
        Allocations++;
        return new Block(this, byteLength);
    }

    public override void Synchronize()
    {
    }

    protected override void Dispose(bool disposing)
    {
    }

    private sealed class Block(LimitedDevice device, long byteLength) : DeviceBuffer(device, byteLength)
    {
        protected override void UploadBytes(ReadOnlySpan<byte> source, long byteOffset) => throw new NotSupportedException();

        protected override void DownloadBytes(Span<byte> destination, long byteOffset) => throw new NotSupportedException();

        protected override void Dispose(bool disposing) => device.UsedBytes -= ByteLength;
    }
}
