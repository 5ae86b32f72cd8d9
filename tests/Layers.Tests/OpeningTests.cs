using Gsasr.Tensors;

namespace Gsasr.Layers.Tests;

/// <summary>Memory and values for a device may come while its driver opens it.</summary>
public sealed class OpeningTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly ManualResetEventSlim _mayOpen = new();

    [Fact]
    public async Task Values_that_come_before_a_device_is_open_arrive_in_order()
    {
        using ReplayingGpu device = Opening();
        DeviceBuffer buffer = device.Allocate(4 * sizeof(float));
        Upload(buffer, [1, 2, 3, 4], 0);
        Upload(buffer, [5, 6], sizeof(float));
        Assert.Equal((false, 0, 4 * sizeof(float)), (device.Opening.IsCompleted, device.Blocks, device.AllocatedBytes));

        Task<float[]> stored = Task.Run(() => Values(buffer), TestContext.Current.CancellationToken);
        Task<float[]> doubled = Task.Run(() => Double(device, buffer), TestContext.Current.CancellationToken);
        await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.Equal((false, false, 0), (stored.IsCompleted, doubled.IsCompleted, device.SingleLaunches));
        _mayOpen.Set();
        Assert.Equal(5, (await stored)[1]);
        float[] values = await doubled;
        Assert.Equal([2, 5, 6, 4], values);
    }

    [Fact]
    public void What_comes_when_a_device_is_open_comes_after_what_came_before()
    {
        using ReplayingGpu device = Opening();
        DeviceBuffer early = device.Allocate(sizeof(float));
        early.Upload<float>([1], 0);
        Open(device);
        early.Upload<float>([2], 0);
        Assert.Equal(1, device.Blocks);
        using DeviceBuffer late = device.Allocate(sizeof(float));
        Assert.Equal(2, device.Blocks);
        Assert.Equal([4], Double(device, early)[..1]);
    }

    [Fact]
    public void What_is_allocated_when_a_device_is_open_follows_what_waits()
    {
        using ReplayingGpu device = Opening();
        DeviceBuffer early = device.Allocate(sizeof(float));
        early.Upload<float>([1], 0);
        Open(device);
        device.Allocate(sizeof(float));
        Assert.Equal(2, device.Blocks);
        var value = new float[1];
        early.Download(value.AsSpan(), 0);
        Assert.Equal([1], value);
    }

    [Fact]
    public void A_buffer_that_is_gone_before_a_device_is_open_takes_no_memory()
    {
        using ReplayingGpu device = Opening();
        DeviceBuffer gone = BufferOf(device, 1);
        DeviceBuffer kept = BufferOf(device, 2);
        gone.Dispose();
        Assert.Equal(sizeof(float), device.AllocatedBytes);
        Assert.Throws<ObjectDisposedException>(() => gone.Upload<float>([1], 0));
        _mayOpen.Set();
        device.FinishOpening();
        Assert.Throws<ObjectDisposedException>(() => gone.Upload<float>([1], 0));
        Assert.Throws<ObjectDisposedException>(() => gone.Download(new float[1].AsSpan(), 0));
        Assert.Throws<ObjectDisposedException>(() => ((GpuBuffer)gone).Handle);
        Assert.Equal(1, device.Blocks);
        Assert.Equal([4], Double(device, kept)[..1]);
    }

    [Fact]
    public void A_device_that_cannot_be_opened_says_so_whenever_it_is_used()
    {
        var device = new ReplayingGpu(() =>
        {
            Assert.True(_mayOpen.Wait(s_patience));
            throw new DeviceException("It belongs to another program.");
        });
        DeviceBuffer buffer = device.Allocate(sizeof(float));
        buffer.Upload<float>([1], 0);
        _mayOpen.Set();
        Action[] uses =
        [
            device.FinishOpening,
            () => device.Double(buffer),
            () => device.Use().Dispose(),
            () => buffer.Upload<float>([1], 0),
            () => device.Allocate(1),
        ];
        foreach (Action use in uses)
            Assert.Equal("It belongs to another program.", Assert.Throws<DeviceException>(use).Message);
        Assert.True(device.Opening.IsFaulted);
        buffer.Dispose();
        device.Dispose();
        Assert.Equal((0, 0), (device.Closings, device.Blocks));
    }

    [Fact]
    public void Memory_that_is_short_when_a_device_is_open_is_reported_and_asked_for_again()
    {
        using ReplayingGpu device = Opening();
        DeviceBuffer first = BufferOf(device, 1);
        DeviceBuffer second = BufferOf(device, 2);
        device.FailingAllocations = 1;
        device.FailingUploads = 1;
        _mayOpen.Set();
        Assert.Equal("Nothing is left.", Assert.Throws<DeviceMemoryException>(device.FinishOpening).Message);
        Assert.Equal("Nothing is left for uploads.", Assert.Throws<DeviceMemoryException>(device.FinishOpening).Message);
        Assert.False(device.Opening.IsFaulted);
        device.FinishOpening();
        Assert.Equal(2, device.Blocks);
        Assert.Equal([2], Double(device, first)[..1]);
        Assert.Equal([4], Double(device, second)[..1]);
    }

    [Fact]
    public async Task A_device_that_is_disposed_of_while_it_is_opened_is_closed_when_it_is_open()
    {
        ReplayingGpu device = Opening();
        DeviceBuffer buffer = device.Allocate(sizeof(float));
        buffer.Upload<float>([1], 0);
        Task disposing = Task.Run(device.Dispose, TestContext.Current.CancellationToken);
        await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.Equal((false, 0), (disposing.IsCompleted, device.Closings));
        _mayOpen.Set();
        await disposing;
        Assert.Equal((1, 0), (device.Closings, device.Blocks));
        Assert.Throws<ObjectDisposedException>(() => buffer.Upload<float>([1], 0));
        Assert.Throws<ObjectDisposedException>(device.FinishOpening);
    }

    [Fact]
    public async Task A_buffer_that_goes_while_its_handle_is_waited_for_has_none()
    {
        using ReplayingGpu device = Opening();
        DeviceBuffer buffer = device.Allocate(sizeof(float));
        Task<nint> handle = Task.Run(() => ((GpuBuffer)buffer).Handle, TestContext.Current.CancellationToken);
        await Task.Delay(50, TestContext.Current.CancellationToken);
        buffer.Dispose();
        _mayOpen.Set();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => handle);
        Assert.Equal(0, device.Blocks);
    }

    public void Dispose() => _mayOpen.Dispose();

    private ReplayingGpu Opening() => new(() => Assert.True(_mayOpen.Wait(s_patience)));

    private void Open(Device device)
    {
        _mayOpen.Set();
        Task.WaitAny(device.Opening);
    }

    private static DeviceBuffer BufferOf(ReplayingGpu device, float value)
    {
        DeviceBuffer buffer = device.Allocate(sizeof(float));
        Upload(buffer, [value], 0);
        return buffer;
    }

    // The values change as soon as they have been taken.
    private static void Upload(DeviceBuffer buffer, float[] values, long byteOffset)
    {
        buffer.Upload<float>(values, byteOffset);
        Array.Fill(values, 9);
    }

    private static float[] Double(ReplayingGpu device, DeviceBuffer buffer)
    {
        device.Double(buffer);
        return Values(buffer);
    }

    private static float[] Values(DeviceBuffer buffer)
    {
        var values = new float[buffer.ByteLength / sizeof(float)];
        buffer.Download(values.AsSpan(), 0);
        return values;
    }
}
