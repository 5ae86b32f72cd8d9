using System.Runtime.InteropServices;

namespace Gsasr.Tensors.Cpu;

/// <summary>The processor: threads of its own, scratch memory per thread, and memory outside the garbage-collected heap.</summary>
public sealed unsafe class CpuDevice : Device
{
    private readonly WorkerPool _pool;
    private CpuBuffer? _scratch;

    /// <summary>Starts the device with one thread per core.</summary>
    public CpuDevice()
        : this(Environment.ProcessorCount)
    {
    }

    /// <summary>Starts the device.</summary>
    /// <param name="threads">How many threads run at once, the caller's among them; at least 1. Results do not depend on it.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="threads"/> is less than 1.</exception>
    public CpuDevice(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        _pool = new WorkerPool(threads);
    }

    /// <inheritdoc/>
    public override DeviceKind Kind => DeviceKind.Cpu;

    /// <inheritdoc/>
    public override string Name => Describe(Threads);

    /// <inheritdoc/>
    public override long MemoryBytes => AvailableMemoryBytes;

    /// <summary>How many threads run a kernel at once.</summary>
    public int Threads => _pool.Threads;

    internal static long AvailableMemoryBytes => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <inheritdoc/>
    public override DeviceBuffer Allocate(long byteLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(byteLength, 1);
        return new CpuBuffer(this, byteLength);
    }

    /// <inheritdoc/>
    public override void Synchronize()
    {
        // Every operation is done when its call returns.
    }

    /// <summary>Runs all items of a kernel and returns when they are done. Nothing is allocated.</summary>
    /// <typeparam name="TKernel">The kernel.</typeparam>
    /// <param name="kernel">The kernel's sizes and pointers.</param>
    /// <param name="items">How many items there are.</param>
    public void Run<TKernel>(in TKernel kernel, int items)
        where TKernel : unmanaged, ICpuKernel => _pool.Run(kernel, items);

    /// <summary>Gives every thread a block of scratch memory, with undefined contents; valid until the next call.</summary>
    /// <param name="bytesPerWorker">Bytes for each thread, at least 1.</param>
    public CpuScratch Scratch(long bytesPerWorker)
    {
        long stride = (bytesPerWorker + 255) / 256 * 256;
        long needed = stride * Threads;
        if (_scratch is null || _scratch.ByteLength < needed)
        {
            _scratch?.Dispose();
            _scratch = null;
            _scratch = new CpuBuffer(this, needed);
        }

        return new CpuScratch((nint)_scratch.Memory, stride);
    }

    internal static string Describe(int threads) =>
        $"{RuntimeInformation.ProcessArchitecture} processor, {threads} thread{(threads == 1 ? "" : "s")}, {SimdWidth.Description}";

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (!disposing)
            return;
        _scratch?.Dispose();
        _pool.Dispose();
    }
}
