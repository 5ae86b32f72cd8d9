using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Devices.Tests;

public sealed class BufferTests
{
    [Theory, EachDevice]
    public void Values_come_back_from_where_they_were_put(string name)
    {
        Device device = TestDevices.Get(name);
        var random = new Random(1);
        foreach (int length in (int[])[1, 255, 256, 257, 1 << 20])
        {
            var values = new byte[length];
            random.NextBytes(values);
            using DeviceBuffer buffer = device.Allocate(length);
            buffer.Upload<byte>(values, 0);
            int offset = length / 3;
            byte[] patch = [1, 2, 3, 4, 5];
            int patched = Math.Min(patch.Length, length - offset);
            buffer.Upload<byte>(patch.AsSpan(0, patched), offset);
            patch.AsSpan(0, patched).CopyTo(values.AsSpan(offset));
            Array.Clear(patch);

            var all = new byte[length];
            buffer.Download<byte>(all, 0);
            Assert.Equal(values, all);
            var tail = new byte[length - offset];
            buffer.Download<byte>(tail, offset);
            Assert.Equal(values[offset..], tail);
            buffer.Download<byte>([], length);
        }
    }

    [Theory, EachDevice]
    public void What_was_uploaded_may_be_overwritten_at_once(string name)
    {
        // Larger than what a device stages at once, and many small ones in a row.
        const int Large = 20_000_001;
        const int Small = 1000;
        Device device = TestDevices.Get(name);
        using DeviceBuffer large = device.Allocate(Large);
        using DeviceBuffer small = device.Allocate(100 * Small);
        var source = new byte[Large];
        new Random(2).NextBytes(source);
        byte[] expected = [.. source];
        large.Upload<byte>(source, 0);
        Array.Clear(source);
        for (int i = 0; i < 100; i++)
        {
            source.AsSpan(0, Small).Fill((byte)i);
            small.Upload<byte>(source.AsSpan(0, Small), i * Small);
        }

        source.AsSpan(0, Small).Clear();
        large.Download<byte>(source, 0);
        Assert.True(expected.AsSpan().SequenceEqual(source));
        var back = new byte[100 * Small];
        small.Download<byte>(back, 0);
        Assert.All(Enumerable.Range(0, back.Length), i => Assert.Equal((byte)(i / Small), back[i]));
    }

    [Theory, EachDevice]
    public void Copies_outside_a_buffer_are_refused(string name)
    {
        using DeviceBuffer buffer = TestDevices.Get(name).Allocate(16);
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Upload<int>([1, 2, 3], 8));
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Upload<int>([1], -4));
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Download<int>(new int[5], 0));
    }

    [Theory, EachDevice]
    public void A_disposed_buffer_is_refused(string name)
    {
        DeviceBuffer buffer = TestDevices.Get(name).Allocate(16);
        buffer.Dispose();
        buffer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => buffer.Upload<int>([1], 0));
        Assert.Throws<ObjectDisposedException>(() => buffer.Download<int>(new int[1], 0));
    }

    [Theory, EachGpu]
    public void More_memory_than_there_is_is_refused_and_the_device_goes_on(string name)
    {
        GpuDevice gpu = TestDevices.GetGpu(name);
        long before = gpu.AllocatedBytes;
        var exception = Assert.Throws<DeviceMemoryException>(() => gpu.Allocate(gpu.MemoryBytes + 1));
        Assert.Contains("MiB", exception.Message, StringComparison.Ordinal);
        Assert.Throws<DeviceMemoryException>(() => gpu.Allocate(long.MaxValue));
        Assert.Throws<ArgumentOutOfRangeException>(() => gpu.Allocate(0));
        Assert.Equal(before, gpu.AllocatedBytes);

        using DeviceBuffer buffer = gpu.Allocate(4);
        Assert.Equal(before + 4, gpu.AllocatedBytes);
        buffer.Upload<int>([7], 0);
        var back = new int[1];
        buffer.Download<int>(back, 0);
        Assert.Equal(7, back[0]);
    }

    [Theory, EachDevice]
    public void An_arena_reuses_its_memory(string name)
    {
        using var arena = new Arena(TestDevices.Get(name));
        float[] values = [.. Enumerable.Range(0, 5 * 7 * 3).Select(i => (float)i)];
        long held = 0;
        for (int pass = 0; pass < 4; pass++)
        {
            using (arena.BeginScope())
            {
                Tensor large = arena.Allocate(512, 512, 2);
                Tensor small = arena.Allocate(5, 7, 3);
                small.Upload<float>(values);
                Assert.Equal(values, small.ToArray());
                Assert.Equal([3f, 4f, 5f], small.SliceRows(0, 1).ToArray()[3..6]);
                Assert.NotEqual((large.Buffer, large.Offset), (small.Buffer, small.Offset));
            }

            if (pass == 1)
                held = arena.HeldBytes;
            if (pass > 1)
                Assert.Equal(held, arena.HeldBytes);
        }
    }

    [Fact]
    public void A_device_releases_what_was_left_on_it()
    {
        Device device = OpenClOrSkip();
        DeviceBuffer left = device.Allocate(1 << 20);
        device.Dispose();
        device.Dispose();
        Assert.Throws<ObjectDisposedException>(() => left.Upload<int>([1], 0));
        left.Dispose();
    }

    private static Device OpenClOrSkip()
    {
        TestDevices.Get("opencl");
        return DeviceCatalog.Open("opencl");
    }
}
