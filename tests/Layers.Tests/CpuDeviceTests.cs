using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Layers.Tests;

public sealed unsafe class CpuDeviceTests
{
    public static TheoryData<int> ThreadCounts => new(1, 2, 3, 7);

    [Theory]
    [MemberData(nameof(ThreadCounts))]
    public void Every_item_runs_exactly_once(int threads)
    {
        using var device = new CpuDevice(threads);
        Assert.Equal(threads, device.Threads);
        int* counts = stackalloc int[1000];
        foreach (int items in (int[])[0, 1, 2, 3, threads - 1, threads, threads + 1, 100, 999])
        {
            for (int repetition = 0; repetition < 50; repetition++)
            {
                new Span<int>(counts, 1000).Clear();
                device.Run(new CountKernel { Counts = counts }, items);
                for (int i = 0; i < 1000; i++)
                    Assert.Equal(i < items ? 1 : 0, counts[i]);
            }
        }
    }

    [Theory]
    [MemberData(nameof(ThreadCounts))]
    public void A_kernels_exception_reaches_the_caller_and_the_device_stays_usable(int threads)
    {
        using var device = new CpuDevice(threads);
        int* counts = stackalloc int[100];
        foreach (int failing in (int[])[0, 50, 99])
        {
            var failure = Assert.Throws<InvalidTimeZoneException>(() => device.Run(new FailingKernel { Failing = failing }, 100));
            Assert.Equal($"item {failing}", failure.Message);
            new Span<int>(counts, 100).Clear();
            device.Run(new CountKernel { Counts = counts }, 100);
            Assert.All(new Span<int>(counts, 100).ToArray(), count => Assert.Equal(1, count));
        }
    }

    [Fact]
    public void Waiting_for_a_slow_thread_allocates_nothing()
    {
        long least = long.MaxValue;
        int* counts = stackalloc int[2];
        for (int attempt = 0; attempt < 5 && least > 0; attempt++)
        {
            using var device = new CpuDevice(2);
            device.Run(new CountKernel { Counts = counts }, 2);
            int begun = 0;
            var kernel = new SlowThreadKernel { Caller = Environment.CurrentManagedThreadId, Begun = &begun };
            long before = GC.GetAllocatedBytesForCurrentThread();
            device.Run(kernel, 2);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }

    [Fact]
    public void Scratch_memory_of_the_threads_is_aligned_and_apart()
    {
        using var device = new CpuDevice(3);
        foreach (int bytes in (int[])[1, 256, 257, 100_000, 10])
        {
            int misuses = 0;
            device.Run(new ScratchKernel { Bytes = bytes, Misuses = &misuses }, 500, bytes);
            Assert.Equal(0, misuses);
        }
    }

    [Fact]
    public void Buffers_are_aligned()
    {
        using var device = new CpuDevice(1);
        foreach (long bytes in (long[])[1, 4, 255, 257, 1_000_003])
        {
            using var buffer = (CpuBuffer)device.Allocate(bytes);
            Assert.Equal(bytes, buffer.ByteLength);
            Assert.Same(device, buffer.Device);
            Assert.Equal(0, (nint)buffer.Memory % 256);
        }
    }

    [Fact]
    public void More_memory_than_there_is_is_refused_in_words()
    {
        using var device = new CpuDevice(1);
        Assert.Contains("memory", Assert.Throws<DeviceMemoryException>(() => device.Allocate(1L << 60)).Message, StringComparison.Ordinal);
        Assert.Throws<DeviceMemoryException>(() => device.Allocate(long.MaxValue));
        Assert.Throws<ArgumentOutOfRangeException>(() => device.Allocate(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => device.Allocate(-1));
    }

    [Fact]
    public void Copies_outside_of_a_buffer_are_refused()
    {
        using var device = new CpuDevice(1);
        using DeviceBuffer buffer = device.Allocate(16);
        buffer.Upload<float>([1, 2, 3, 4], 0);
        var values = new float[2];
        buffer.Download(values.AsSpan(), 8);
        Assert.Equal([3f, 4f], values);
        buffer.Upload(ReadOnlySpan<float>.Empty, 16);
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Upload<float>([1, 2], 12));
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Upload<float>([1], -4));
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Download(new float[5].AsSpan(), 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Download(new float[1].AsSpan(), long.MaxValue));
    }

    [Fact]
    public void A_buffer_that_was_disposed_of_is_refused()
    {
        using var device = new CpuDevice(1);
        DeviceBuffer buffer = device.Allocate(16);
        buffer.Dispose();
        buffer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => buffer.Upload<float>([1], 0));
        Assert.Throws<ObjectDisposedException>(() => buffer.Download(new float[1].AsSpan(), 0));
    }

    [Fact]
    public void A_device_has_at_least_one_thread()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new CpuDevice(0));
        using var device = new CpuDevice();
        Assert.Equal(Environment.ProcessorCount, device.Threads);
        Assert.Equal(DeviceKind.Cpu, device.Kind);
        Assert.True(device.MemoryBytes > 0);
        Assert.Contains(SimdWidth.Description, device.Name, StringComparison.Ordinal);
        device.Dispose();
    }

    [Fact]
    public void Slices_show_the_right_values()
    {
        using var device = new CpuDevice(1);
        float[] values = Numbers.Of("values", 3 * 4 * 5);
        Tensor tensor = device.Upload(values, 3, 4, 5);
        using DeviceBuffer buffer = tensor.Buffer;
        Assert.Equal(values, tensor.ToArray());
        Assert.Equal(values[20..60], tensor.SliceRows(1, 2).ToArray());
        Tensor slice = tensor.SliceRows(1, 1).SliceChannels(2, 3);
        Assert.False(slice.IsDense);
        Assert.Equal("1 x 4 x 3", slice.ToString());
        Assert.Equal(values[20..40].Where((_, i) => i % 5 >= 2), slice.ToArray());
        foreach ((int first, int count) in ((int, int)[])[(-1, 1), (0, 0), (0, 6), (5, 1), (4, 2), (int.MaxValue, 1), (1, int.MaxValue)])
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => tensor.SliceChannels(first, count));
            Assert.Throws<ArgumentOutOfRangeException>(() => tensor.SliceRows(first, count));
        }

        Assert.Throws<ArgumentException>(() => device.Upload(values, 3, 4, 4));
    }

    private struct CountKernel : ICpuKernel
    {
        public int* Counts;

        public readonly void Execute(int item, byte* scratch) => Interlocked.Increment(ref Counts[item]);
    }

    /// <summary>One item is the caller's and quick; the other is a worker's and takes long.</summary>
    private struct SlowThreadKernel : ICpuKernel
    {
        public int Caller;
        public int* Begun;

        public readonly void Execute(int item, byte* scratch)
        {
            if (Environment.CurrentManagedThreadId == Caller)
            {
                while (Volatile.Read(ref *Begun) == 0)
                    Thread.Yield();
                return;
            }

            Volatile.Write(ref *Begun, 1);
            Thread.Sleep(100);
        }
    }

    /// <summary>Fills its thread's scratch memory, and looks whether another thread wrote there meanwhile.</summary>
    private struct ScratchKernel : ICpuKernel
    {
        public int Bytes;
        public int* Misuses;

        public readonly void Execute(int item, byte* scratch)
        {
            var memory = new Span<byte>(scratch, Bytes);
            memory.Fill((byte)item);
            Thread.SpinWait(20);
            if ((nint)scratch % 256 != 0 || memory.ContainsAnyExcept((byte)item))
                Interlocked.Increment(ref *Misuses);
        }
    }

    private struct FailingKernel : ICpuKernel
    {
        public int Failing;

        public readonly void Execute(int item, byte* scratch)
        {
            if (item == Failing)
                throw new InvalidTimeZoneException($"item {item}");
        }
    }

    [Fact]
    public void A_limit_of_memory_holds_for_all_buffers_together()
    {
        using var device = new CpuDevice(1, 1000);
        using (device.Allocate(600))
        {
            Assert.Throws<DeviceMemoryException>(() => device.Allocate(401));
            using (device.Allocate(400))
                Assert.Equal(1000, device.AllocatedBytes);
        }

        Assert.Equal(0, device.AllocatedBytes);
        Assert.Throws<ArgumentOutOfRangeException>(() => new CpuDevice(1, 0));
    }
}
