using System.Buffers.Text;
using System.Runtime.InteropServices;

namespace Gsasr.Tensors.Cpu;

/// <summary>The processor: threads of its own, scratch memory per thread, and memory outside the garbage-collected heap.</summary>
public sealed class CpuDevice : Device
{
    private static readonly SystemFile s_memoryInformation = new("/proc/meminfo");

    // Asking the runtime allocates, and every image asks for the free memory.
    private static readonly long s_totalMemoryBytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    private readonly WorkerPool _pool;
    private readonly long _memoryLimit;
    private long _allocatedBytes;

    /// <summary>Starts the device with one thread per core.</summary>
    public CpuDevice()
        : this(Environment.ProcessorCount)
    {
    }

    /// <summary>Starts the device.</summary>
    /// <param name="threads">How many threads run at once, the caller's among them; at least 1. Results do not depend on it.</param>
    /// <param name="memoryLimit">The most bytes that its buffers may take together; without it the computer's memory is the limit.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is less than 1.</exception>
    public CpuDevice(int threads, long memoryLimit = long.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(memoryLimit, 1);
        _memoryLimit = memoryLimit;
        _pool = new WorkerPool(this, threads);
    }

    /// <inheritdoc/>
    public override DeviceKind Kind => DeviceKind.Cpu;

    /// <inheritdoc/>
    public override string Name => Describe(Threads);

    /// <inheritdoc/>
    public override long MemoryBytes => Math.Min(TotalMemoryBytes, _memoryLimit);

    /// <inheritdoc/>
    public override long AvailableMemoryBytes => Math.Max(
        0, Math.Min(_memoryLimit - AllocatedBytes, Math.Min(Math.Min(FreeMemoryBytes() ?? long.MaxValue, UnusedMemoryBytes) / 2, FreeAddresses())));

    /// <summary>Bytes of memory in its buffers.</summary>
    internal long AllocatedBytes => Interlocked.Read(ref _allocatedBytes);

    /// <summary>Called before each allocation, kernel and wait. Tests let the device fail in it, as a GPU's driver may at any call.</summary>
    internal Action? BeforeCall { get; set; }

    /// <summary>How many threads run a kernel at once.</summary>
    public int Threads => _pool.Threads;

    /// <summary>Bytes of memory that the computer has, or that its container allows.</summary>
    internal static long TotalMemoryBytes => s_totalMemoryBytes;

    // What a container or the runtime's own limit leaves to this process, which the computer's free memory says nothing about. Buffers
    // that were never written to are not resident yet.
    private long UnusedMemoryBytes => TotalMemoryBytes - Math.Max(AllocatedBytes, ProcessMemory.ResidentBytes());

    /// <inheritdoc/>
    internal override DeviceBuffer Allocate(long byteLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(byteLength, 1);
        ThrowIfDisposed();
        BeforeCall?.Invoke();
        if (!TryCountBytes(byteLength))
        {
            throw new DeviceMemoryException(
                $"The limit of {_memoryLimit >> 20} MiB of memory leaves no room for {byteLength >> 20} MiB beside {AllocatedBytes >> 20} MiB.");
        }

        try
        {
            return new CpuBuffer(this, byteLength);
        }
        catch
        {
            CountReleased(byteLength);
            throw;
        }
    }

    /// <inheritdoc/>
    public override void Synchronize()
    {
        // Every operation is done when its call returns.
        ThrowIfDisposed();
        BeforeCall?.Invoke();
    }

    /// <summary>
    /// Runs all items of a kernel and returns when they are done. If other threads run kernels, it waits for them first. Only scratch
    /// memory is allocated, and it is kept.
    /// </summary>
    /// <typeparam name="TKernel">The kernel.</typeparam>
    /// <param name="kernel">The kernel's sizes and pointers.</param>
    /// <param name="items">How many items there are.</param>
    /// <param name="scratchBytes">Bytes of scratch memory for each thread; 0 for none.</param>
    /// <exception cref="DeviceMemoryException">There is too little memory for the scratch memory.</exception>
    /// <exception cref="ObjectDisposedException">The device was disposed of.</exception>
    internal void Run<TKernel>(in TKernel kernel, int items, long scratchBytes = 0)
        where TKernel : unmanaged, ICpuKernel
    {
        BeforeCall?.Invoke();
        _pool.Run(kernel, items, scratchBytes);
    }

    /// <summary>Counts memory that a buffer gave back; finalizers call it from their own thread.</summary>
    internal void CountReleased(long byteLength) => Interlocked.Add(ref _allocatedBytes, -byteLength);

    internal static string Describe(int threads) =>
        $"{RuntimeInformation.ProcessArchitecture} processor, {threads} thread{(threads == 1 ? "" : "s")}, {SimdWidth.Description}";

    /// <summary>Bytes in the line "MemAvailable:   23313000 kB" of Linux's /proc/meminfo; null if there is no such line.</summary>
    /// <param name="text">The file.</param>
    internal static long? ParseFreeMemory(ReadOnlySpan<byte> text)
    {
        ReadOnlySpan<byte> name = "MemAvailable:"u8;
        int start = text.StartsWith(name) ? 0 : text.IndexOf("\nMemAvailable:"u8) + 1;
        if (start == 0 && !text.StartsWith(name))
            return null;
        ReadOnlySpan<byte> value = text[(start + name.Length)..].TrimStart((byte)' ');
        return Utf8Parser.TryParse(value, out long kibibytes, out int length) && kibibytes >= 0 && value[length..].StartsWith(" kB"u8)
            ? kibibytes << 10
            : null;
    }

    // Other programs do not share a limit of address space. This one needs some of it for other things.
    private static long FreeAddresses() => AddressSpace.FreeBytes() is long free ? free / 4 * 3 : long.MaxValue;

    // What Linux can hand out without swapping, including caches of files; null on other systems, which have no such number.
    private static long? FreeMemoryBytes() => ParseFreeMemory(s_memoryInformation.Read(stackalloc byte[1024]));

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _pool.Dispose();
    }

    private bool TryCountBytes(long byteLength)
    {
        long allocated = AllocatedBytes;
        while (byteLength <= _memoryLimit - allocated)
        {
            long seen = Interlocked.CompareExchange(ref _allocatedBytes, allocated + byteLength, allocated);
            if (seen == allocated)
                return true;
            allocated = seen;
        }

        return false;
    }
}
