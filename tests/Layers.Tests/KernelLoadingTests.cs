using Gsasr.Tensors;

namespace Gsasr.Layers.Tests;

/// <summary>A kernel is compiled once, and whoever needs one that cannot be compiled is told so.</summary>
public sealed class KernelLoadingTests : IDisposable
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
    public void A_kernel_that_cannot_be_compiled_is_reported_whenever_it_is_needed()
    {
        Kernel<ReplayingGpu.Arguments> wrong = ReplayingGpu.KernelNamed("Wrong");
        Tensor number = _device.Upload([1], 1, 1, 1);
        _device.OnCompile = kernel =>
        {
            if (kernel == wrong)
                throw new DeviceException("Line 1 is wrong.");
        };
        _device.Double(number.Buffer);
        for (int i = 0; i < 2; i++)
        {
            Assert.Equal("Line 1 is wrong.", Assert.Throws<DeviceException>(() => _device.Prepare(wrong)).Message);
            Assert.Equal("Line 1 is wrong.", Assert.Throws<DeviceException>(() => _device.Double(number.Buffer, wrong)).Message);
        }

        Assert.Equal(1, _device.KernelsLoaded.Count);
        _device.OnCompile = null;
        _device.Double(number.Buffer, wrong);
        Assert.Equal([4], number.ToArray());
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
    public void The_time_that_compilers_take_is_added_up()
    {
        var pause = TimeSpan.FromMilliseconds(20);
        _device.OnCompile = _ => Thread.Sleep(pause);
        Kernel[] kernels = [.. Enumerable.Range(0, 3).Select(i => ReplayingGpu.KernelNamed($"Kernel{i}"))];
        foreach (Kernel kernel in (Kernel[])[.. kernels, .. kernels])
            _device.Prepare(kernel);
        (int count, TimeSpan time) = _device.KernelsLoaded;
        Assert.Equal((3, 3), (count, _device.Loads));
        Assert.InRange(time, 3 * pause, s_patience);
    }

    public void Dispose() => _device.Dispose();

    // On a thread of its own, as those of the pool may be busy.
    private static Task Started(Action work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
