using System.Collections.Concurrent;
using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;
using Gsasr.Testing;

namespace Gsasr.Layers.Tests;

/// <summary>A device is used by any number of threads at once, and each gets what it would get alone.</summary>
public sealed unsafe class SharedDeviceTests
{
    private const int Callers = 6;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Threads_that_share_the_processor_get_the_same_bits_as_one(int threads)
    {
        using var device = new CpuDevice(threads);
        Check(device, rounds: 12, failures: true);
    }

    [Theory, EachGpu]
    public void Threads_that_share_a_GPU_get_the_same_bits_as_one(string name)
    {
        TestDevices.Get(name);
        using Device device = DeviceCatalog.Open(name);
        Check(device, rounds: 3, failures: false);
    }

    [Fact]
    public void A_kernels_exception_reaches_the_thread_that_ran_it()
    {
        using var device = new CpuDevice(3);
        var wrong = new ConcurrentQueue<string>();
        RunThreads(Callers, caller =>
        {
            for (int round = 0; round < 200; round++)
            {
                int failing = caller % 2 == 0 ? caller : -1;
                string? message = null;
                int sum = 0;
                try
                {
                    device.Run(new SumKernel { Failing = failing, Sum = &sum }, 20);
                }
                catch (InvalidTimeZoneException e)
                {
                    message = e.Message;
                }

                bool right = failing < 0 ? message is null && sum == 190 : message == $"item {failing}";
                if (!right)
                    wrong.Enqueue($"caller {caller}: {message ?? "no exception"}, sum {sum}");
            }
        });
        Assert.Empty(wrong);
    }

    [Fact]
    public void An_interrupted_thread_waits_for_the_workers_that_use_its_stack()
    {
        using var device = new CpuDevice(4);
        bool interruptedLater = false;
        int finished = 0;
        int seen = 0;
        var caller = new Thread(() =>
        {
            int done = 0;
            int started = 0;
            device.Run(new SlowKernel { Started = &started, Done = &done }, 4);
            seen = done;
            try
            {
                Thread.Sleep(Timeout.Infinite);
            }
            catch (ThreadInterruptedException)
            {
                interruptedLater = true;
            }

            finished = 1;
        });
        caller.Start();
        Thread.Sleep(30);
        caller.Interrupt();
        Assert.True(caller.Join(TimeSpan.FromSeconds(60)));
        Assert.Equal((1, 4, true), (finished, seen, interruptedLater));
    }

    [Fact]
    public void A_kernel_cannot_run_a_kernel()
    {
        using var device = new CpuDevice(1);
        NestingKernel.Device = device;
        Assert.Throws<InvalidOperationException>(() => device.Run(default(NestingKernel), 1));
        int sum = 0;
        device.Run(new SumKernel { Failing = -1, Sum = &sum }, 3);
        Assert.Equal(3, sum);
    }

    [Theory, EachDevice]
    public void A_device_that_was_disposed_of_is_refused_by_name(string name)
    {
        TestDevices.Get(name);
        Device device = DeviceCatalog.Open(name);
        Tensor tensor = device.Upload(new float[4], 1, 1, 4);
        string deviceName = device.Name;
        Assert.False(device.IsDisposed);
        device.Dispose();
        device.Dispose();
        Assert.True(device.IsDisposed);
        Refused(() => device.Allocate(4));
        Refused(() => device.Upload(new float[4], 1, 1, 4));
        if (device is CpuDevice cpu)
            Refused(() => cpu.Run(default(FillKernel), 1));
        else
            Refused(() => tensor.ToArray());
        Refused(device.Synchronize);
        tensor.Buffer.Dispose();

        void Refused(Action use) =>
            Assert.Contains(deviceName, Assert.Throws<ObjectDisposedException>(use).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_device_disposed_of_by_another_thread_finishes_its_kernel_first()
    {
        for (int round = 0; round < 20; round++)
        {
            var device = new CpuDevice(3);
            var outcomes = new ConcurrentQueue<int>();
            RunThreads(4, caller =>
            {
                if (caller == 0)
                {
                    Thread.SpinWait(1000 * round);
                    device.Dispose();
                    return;
                }

                try
                {
                    while (true)
                    {
                        int sum = 0;
                        device.Run(new SumKernel { Failing = -1, Sum = &sum }, 20);
                        outcomes.Enqueue(sum);
                    }
                }
                catch (ObjectDisposedException)
                {
                    outcomes.Enqueue(190);
                }
            });
            Assert.All(outcomes, sum => Assert.Equal(190, sum));
        }
    }

    [Theory, EachDevice]
    public void A_device_that_is_disposed_of_while_threads_use_it_gives_each_a_result_or_a_refusal_by_name(string name)
    {
        TestDevices.Get(name);
        const int Rounds = 10;
        float[] expected;
        using (Device alone = DeviceCatalog.Open(name))
            expected = Work(alone, 0);
        int refused = 0;
        for (int round = 0; round < Rounds; round++)
        {
            Device device = DeviceCatalog.Open(name);
            string deviceName = device.Name;
            int finished = 0;
            int wanted = round;
            RunThreads(Callers, caller =>
            {
                if (caller == 0)
                {
                    SpinWait.SpinUntil(() => Volatile.Read(ref finished) >= wanted, TimeSpan.FromMinutes(1));
                    device.Dispose();
                    return;
                }

                try
                {
                    while (true)
                    {
                        if (caller == 1)
                            Ask(device);
                        else
                            Assert.Equal(expected, Work(device, 0));
                        Interlocked.Increment(ref finished);
                    }
                }
                catch (ObjectDisposedException e)
                {
                    Assert.Contains(deviceName, e.Message, StringComparison.Ordinal);
                    Interlocked.Increment(ref refused);
                }
            });
        }

        Assert.Equal(Rounds * (Callers - 1), refused);
    }

    [Fact]
    public void A_limit_of_memory_holds_for_all_threads_together()
    {
        using var device = new CpuDevice(1, 1000);
        int most = 0;
        RunThreads(Callers, _ =>
        {
            for (int round = 0; round < 500; round++)
            {
                try
                {
                    using DeviceBuffer buffer = device.Allocate(300);
                    InterlockedMax(ref most, (int)device.AllocatedBytes);
                }
                catch (DeviceMemoryException)
                {
                    Thread.Yield();
                }
            }
        });
        Assert.InRange(most, 300, 900);
        Assert.Equal(0, device.AllocatedBytes);
    }

    // Every caller runs operations of its own sizes, which need more or less scratch memory, over and over.
    private static void Check(Device device, int rounds, bool failures)
    {
        float[][] expected = [.. Enumerable.Range(0, Callers).Select(caller => Work(device, caller))];
        var wrong = new ConcurrentQueue<string>();
        RunThreads(Callers, caller =>
        {
            for (int round = 0; round < rounds; round++)
            {
                int variant = (caller + round) % Callers;
                float[] result = Work(device, variant);
                if (!result.AsSpan().SequenceEqual(expected[variant]))
                    wrong.Enqueue($"caller {caller}, round {round}");
                if (!failures || device is not CpuDevice cpu)
                    continue;
                Assert.Throws<InvalidTimeZoneException>(() => cpu.Run(default(FailingKernel), 50));
            }
        });
        Assert.Empty(wrong);
    }

    // What is not an operation: waiting, the free memory, points in time, copies there and back.
    private static void Ask(Device device)
    {
        Assert.InRange(device.AvailableMemoryBytes, 1, long.MaxValue);
        device.Synchronize();
        Tensor tensor = device.Upload([1, 2, 3], 1, 1, 3);
        using DeviceBuffer buffer = tensor.Buffer;
        if (device is GpuDevice gpu)
        {
            using GpuEvent start = gpu.RecordEvent();
            using GpuEvent end = gpu.RecordEvent();
            Assert.InRange(end.MillisecondsSince(start), 0, double.MaxValue);
        }

        Assert.Equal([1, 2, 3], tensor.ToArray());
    }

    private static float[] Work(Device device, int variant)
    {
        int channels = 48 + 8 * (variant % 3);
        int height = 4 * (1 + variant);
        int width = 8 + 4 * variant;
        using ConvolutionWeights wide = ConvolutionWeights.Create(
            device, Numbers.Of("w3", channels * channels * 9), Numbers.Of("b", channels), channels, channels, 3);
        using ConvolutionWeights narrow = ConvolutionWeights.Create(
            device, Numbers.Of("w1", channels * channels), Numbers.Of("b", channels), channels, channels);
        using var arena = new Arena(device);
        using Arena.Scope scope = arena.BeginScope();
        Tensor x = arena.Allocate(height, width, channels);
        Tensor y = arena.Allocate(height, width, channels);
        Tensor z = arena.Allocate(height, width, channels);
        x.Upload<float>(Numbers.Of($"x {variant}", height * width * channels));
        Convolution.Run(x, wide, y, Activation.Relu);
        WindowAttention.Run(y, x, y, z, new WindowAttentionSettings(4, 4) { QueryShift = 2, KeyShift = 2 });
        Convolution.Run(z, narrow, y, residual: x);
        Convolution.Run(y, wide, z);
        return z.ToArray();
    }

    private static void RunThreads(int count, Action<int> work)
    {
        var failures = new ConcurrentQueue<Exception>();
        using var start = new Barrier(count);
        Thread[] threads = [.. Enumerable.Range(0, count).Select(index => new Thread(() =>
        {
            try
            {
                start.SignalAndWait();
                work(index);
            }
            catch (Exception e)
            {
                failures.Enqueue(e);
            }
        }))];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            Assert.True(thread.Join(TimeSpan.FromMinutes(2)), "A thread hangs.");
        if (!failures.IsEmpty)
            throw new AggregateException(failures);
    }

    private static void InterlockedMax(ref int target, int value)
    {
        int seen = Volatile.Read(ref target);
        while (value > seen && Interlocked.CompareExchange(ref target, value, seen) is var found && found != seen)
            seen = found;
    }

    private struct SumKernel : ICpuKernel
    {
        public int Failing;
        public int* Sum;

        public readonly void Execute(int item, byte* scratch)
        {
            if (item == Failing)
                throw new InvalidTimeZoneException($"item {item}");
            Interlocked.Add(ref *Sum, item);
        }
    }

    private struct FailingKernel : ICpuKernel
    {
        public readonly void Execute(int item, byte* scratch)
        {
            if (item == 3)
                throw new InvalidTimeZoneException("item 3");
        }
    }

    private struct SlowKernel : ICpuKernel
    {
        public int* Started;
        public int* Done;

        // The first item to start, on whatever thread, ends at once, so that the caller comes to wait for the others.
        public readonly void Execute(int item, byte* scratch)
        {
            if (Interlocked.Increment(ref *Started) > 1)
            {
                for (long until = Environment.TickCount64 + 200; Environment.TickCount64 < until;)
                    Thread.SpinWait(1000);
            }

            Interlocked.Increment(ref *Done);
        }
    }

    private struct NestingKernel : ICpuKernel
    {
        public static CpuDevice? Device;

        public readonly void Execute(int item, byte* scratch) => Device!.Run(default(NestingKernel), 1);
    }

    private struct FillKernel : ICpuKernel
    {
        public readonly void Execute(int item, byte* scratch)
        {
        }
    }
}
