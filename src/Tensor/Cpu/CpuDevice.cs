using System.Globalization;
using System.Runtime.InteropServices;

namespace Gsasr.Tensors.Cpu;

/// <summary>The processor: threads of its own, scratch memory per thread, and memory outside the garbage-collected heap.</summary>
public sealed unsafe class CpuDevice : Device
{
    private readonly WorkerPool _pool;
    private readonly long _memoryLimit;
    private long _allocatedBytes;
    private CpuBuffer? _scratch;

    /// <summary>Starts the device with one thread per core.</summary>
    public CpuDevice()
        : this(Environment.ProcessorCount)
    {
    }

    /// <summary>Starts the device.</summary>
    /// <param name="threads">How many threads run at once, the caller's among them; at least 1. Results do not depend on it.</param>
    /// <param name="memoryLimit">The most bytes that its buffers may take together; all that there are unless set.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is less than 1.</exception>
    public CpuDevice(int threads, long memoryLimit = long.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(memoryLimit, 1);
        _memoryLimit = memoryLimit;
        _pool = new WorkerPool(threads);
    }

    /// <inheritdoc/>
    public override DeviceKind Kind => DeviceKind.Cpu;

    /// <inheritdoc/>
    public override string Name => Describe(Threads);

    /// <inheritdoc/>
    public override long MemoryBytes => Math.Min(TotalMemoryBytes, _memoryLimit);

    /// <inheritdoc/>
    public override long AvailableMemoryBytes => Math.Max(
        0, Math.Min(_memoryLimit - AllocatedBytes, (FreeMemoryBytes() ?? TotalMemoryBytes - AllocatedBytes) / 2));

    /// <summary>Bytes of memory in its buffers.</summary>
    public long AllocatedBytes => Interlocked.Read(ref _allocatedBytes);

    /// <summary>How many threads run a kernel at once.</summary>
    public int Threads => _pool.Threads;

    /// <summary>Bytes of memory that the computer has, or that its container allows.</summary>
    internal static long TotalMemoryBytes => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <inheritdoc/>
    public override DeviceBuffer Allocate(long byteLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(byteLength, 1);
        if (byteLength > _memoryLimit - AllocatedBytes)
        {
            throw new DeviceMemoryException(
                $"The limit of {_memoryLimit >> 20} MiB of memory leaves no room for {byteLength >> 20} MiB beside {AllocatedBytes >> 20} MiB.");
        }

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
            _scratch = (CpuBuffer)Allocate(needed);
        }

        return new CpuScratch((nint)_scratch.Memory, stride);
    }

    /// <summary>Counts memory that a buffer took, or, negative, gave back; finalizers call it from their own thread.</summary>
    internal void CountBytes(long byteLength) => Interlocked.Add(ref _allocatedBytes, byteLength);

    internal static string Describe(int threads) =>
        $"{RuntimeInformation.ProcessArchitecture} processor, {threads} thread{(threads == 1 ? "" : "s")}, {SimdWidth.Description}";

    // What Linux can hand out without swapping, caches of files included; null on other systems, where there is no such number.
    private static long? FreeMemoryBytes()
    {
        if (!OperatingSystem.IsLinux())
            return null;
        try
        {
            const string Name = "MemAvailable:";
            string? line = File.ReadLines("/proc/meminfo").FirstOrDefault(line => line.StartsWith(Name, StringComparison.Ordinal));
            string[] words = line?[Name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
            return words is [string kibibytes, "kB"]
                && long.TryParse(kibibytes, NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value << 10 : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (!disposing)
            return;
        _scratch?.Dispose();
        _pool.Dispose();
    }
}
