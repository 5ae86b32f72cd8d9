using Gsasr.Tensors;

namespace Gsasr.Layers.Tests;

/// <summary>Kernels are compiled once, side by side, and out of the way of other work.</summary>
public sealed class KernelPreparationTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly ReplayingGpu _device = new();

    [Fact]
    public async Task A_launch_waits_for_a_kernel_that_another_thread_compiles()
    {
        Tensor number = _device.Upload([1], 1, 1, 1);
        using var compiles = new ManualResetEvent(false);
        using var mayEnd = new ManualResetEvent(false);
        _device.OnCompile = _ =>
        {
            compiles.Set();
            Assert.True(mayEnd.WaitOne(s_patience));
        };
        Task first = Started(() => _device.Double(number.Buffer));
        Assert.True(compiles.WaitOne(s_patience));
        Task second = Started(() => _device.Double(number.Buffer));
        await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.Equal((false, 0), (second.IsCompleted, _device.SingleLaunches));
        mayEnd.Set();
        await Task.WhenAll(first, second);
        Assert.Equal(1, _device.Loads);
        Assert.Equal([4], number.ToArray());
    }

    [Fact]
    public async Task Other_kernels_are_launched_while_one_is_compiled()
    {
        Tensor number = _device.Upload([1], 1, 1, 1);
        _device.Double(number.Buffer);
        using var compiles = new ManualResetEvent(false);
        using var mayEnd = new ManualResetEvent(false);
        _device.OnCompile = _ =>
        {
            compiles.Set();
            Assert.True(mayEnd.WaitOne(s_patience));
        };
        Task slow = Started(() => _device.Prepare(ReplayingGpu.KernelNamed("Slow")));
        Assert.True(compiles.WaitOne(s_patience));
        Task other = Started(() => _device.Double(number.Buffer));
        Assert.Same(other, await Task.WhenAny(other, Task.Delay(s_patience, TestContext.Current.CancellationToken)));
        mayEnd.Set();
        await slow;
        Assert.Equal([4], number.ToArray());
    }

    [Fact]
    public void Kernels_are_compiled_side_by_side()
    {
        if (Environment.ProcessorCount < 2)
            Assert.Skip("There is one processor.");

        // The first two wait for each other.
        using var two = new Barrier(2);
        int compiled = 0;
        _device.OnCompile = _ =>
        {
            if (Interlocked.Increment(ref compiled) <= 2)
                Assert.True(two.SignalAndWait(s_patience));
        };
        Kernel[] kernels = Kernels(6);
        _device.Prepare(kernels, CancellationToken.None);
        Assert.Equal((6, 6), (_device.Loads, _device.KernelsLoaded.Count));
        _device.Prepare(kernels, CancellationToken.None);
        Assert.Equal(6, _device.Loads);
    }

    [Fact]
    public void A_kernel_that_cannot_be_compiled_is_reported_whenever_it_is_needed()
    {
        Kernel<ReplayingGpu.Arguments> wrong = ReplayingGpu.KernelNamed("Wrong");
        Tensor number = _device.Upload([1], 1, 1, 1);
        _device.OnCompile = kernel =>
        {
            if (kernel == wrong)
                throw new DeviceException("Line 1 is wrong.");
        };
        for (int i = 0; i < 2; i++)
        {
            _device.Prepare([.. Kernels(3), wrong], CancellationToken.None);
            Assert.Equal(3 * (i + 1), _device.KernelsLoaded.Count);
            Assert.Equal("Line 1 is wrong.", Assert.Throws<DeviceException>(() => _device.Prepare(wrong)).Message);
            Assert.Equal("Line 1 is wrong.", Assert.Throws<DeviceException>(() => _device.Double(number.Buffer, wrong)).Message);
        }

        _device.OnCompile = null;
        _device.Double(number.Buffer, wrong);
        Assert.Equal([2], number.ToArray());
    }

    [Fact]
    public async Task A_thread_that_waited_for_a_kernel_that_failed_is_told_so_too()
    {
        using var compiles = new ManualResetEvent(false);
        using var mayEnd = new ManualResetEvent(false);
        _device.OnCompile = _ =>
        {
            compiles.Set();
            Assert.True(mayEnd.WaitOne(s_patience));
            throw new DeviceException("Line 1 is wrong.");
        };
        Kernel wrong = ReplayingGpu.KernelNamed("Wrong");
        Task first = Started(() => _device.Prepare(wrong));
        Assert.True(compiles.WaitOne(s_patience));
        Task second = Started(() => _device.Prepare(wrong));
        mayEnd.Set();
        await Assert.ThrowsAsync<DeviceException>(() => first);
        await Assert.ThrowsAsync<DeviceException>(() => second);
    }

    [Fact]
    public async Task A_device_closes_when_what_is_being_compiled_is_ready_and_compiles_no_more()
    {
        using var compiles = new ManualResetEvent(false);
        using var mayEnd = new ManualResetEvent(false);
        _device.OnCompile = _ =>
        {
            compiles.Set();
            Assert.True(mayEnd.WaitOne(s_patience));
        };
        Task preparation = Started(() => _device.Prepare(Kernels(100), CancellationToken.None));
        Assert.True(compiles.WaitOne(s_patience));
        Task disposal = Started(_device.Dispose);
        Assert.True(SpinWait.SpinUntil(() => _device.IsDisposed, s_patience));
        await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.False(_device.IsClosed);
        mayEnd.Set();
        await disposal;
        Assert.True(_device.IsClosed);
        Assert.Contains(_device.Name, (await Assert.ThrowsAsync<ObjectDisposedException>(() => preparation)).Message, StringComparison.Ordinal);
        Assert.InRange(_device.Loads, 1, Environment.ProcessorCount);
    }

    [Fact]
    public void Compiling_stops_before_the_next_kernel()
    {
        using var stop = new CancellationTokenSource();
        _device.OnCompile = _ => stop.Cancel();
        Assert.Throws<OperationCanceledException>(() => _device.Prepare(Kernels(100), stop.Token));
        Assert.InRange(_device.Loads, 1, Environment.ProcessorCount);
    }

    [Fact]
    public void Who_waits_for_compilers_is_told_so_once()
    {
        int told = 0;
        _device.Compiling += (_, _) =>
        {
            Assert.False(_device.LaunchLock.IsHeldByCurrentThread);
            Interlocked.Increment(ref told);
        };
        _device.Prepare(Kernels(3), CancellationToken.None);
        Assert.Equal(0, told);
        _device.OnCompile = _ => { };
        _device.Prepare(Kernels(6), CancellationToken.None);
        Assert.Equal(1, told);
    }

    [Fact]
    public void Launches_that_are_rehearsed_are_not_made()
    {
        Tensor number = _device.Upload([1], 1, 1, 1);
        Kernel<ReplayingGpu.Arguments> kernel = ReplayingGpu.KernelNamed("Rehearsed");
        Kernel other = ReplayingGpu.KernelNamed("Other");
        var kernels = new HashSet<Kernel>();
        using (_device.BeginRecording())
        {
            _device.Double(number.Buffer);
            using (_device.BeginRehearsal(kernels))
            {
                // Comes after the launch before.
                number.Upload<float>([5]);
                using (LaunchRecording.Beside(_device))
                    _device.Double(number.Buffer, kernel);
                LaunchRecording.Join(_device);
                lock (_device.LaunchLock)
                    _device.Double(number.Buffer, kernel);
                _device.Prepare(other);
            }

            Assert.Equal([kernel, other], kernels);
            Assert.Equal((1, LaunchOrder.Next), (_device.Loads, LaunchRecording.Of(_device)!.Order));
            Assert.Equal([5], number.ToArray());
            _device.Double(number.Buffer);
        }

        Assert.Equal([10], number.ToArray());
    }

    public void Dispose() => _device.Dispose();

    private static Kernel[] Kernels(int count) => [.. Enumerable.Range(0, count).Select(i => ReplayingGpu.KernelNamed($"Kernel{i}"))];

    // On a thread of its own, as those of the pool may be busy.
    private static Task Started(Action work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
