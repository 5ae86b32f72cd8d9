using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Layers.Tests;

public sealed class ArenaTests : IDisposable
{
    // Tensors start on multiples of this many floats, and blocks have at least this many.
    private const int Alignment = 64;
    private const int SmallestBlock = 1 << 18;

    private readonly CpuDevice _device = new(1);

    public void Dispose() => _device.Dispose();

    [Fact]
    public void Tensors_that_live_together_do_not_overlap()
    {
        using var arena = new Arena(_device);
        using Arena.Scope scope = arena.BeginScope();
        List<(Tensor Tensor, float[] Values)> tensors = [];
        (int, int, int)[] shapes = [(1, 1, 1), (3, 5, 7), (600, 500, 1), (1, 64, 1), (2, 2, 180_000)];
        foreach ((int height, int width, int channels) in shapes)
        {
            Tensor tensor = arena.Allocate(height, width, channels);
            Assert.True(tensor.IsDense);
            Assert.Equal((height, width, channels), (tensor.Height, tensor.Width, tensor.Channels));
            Assert.Equal(0, tensor.Offset % Alignment);
            float[] values = Numbers.Of($"tensor {tensors.Count}", height * width * channels);
            tensor.Upload<float>(values);
            tensors.Add((tensor, values));
        }

        foreach ((Tensor tensor, float[] values) in tensors)
            Expect.SameBits(values, tensor.ToArray());
    }

    [Fact]
    public void The_end_of_a_scope_gives_back_what_was_allocated_in_it()
    {
        using var arena = new Arena(_device);
        using Arena.Scope outer = arena.BeginScope();
        Tensor kept = arena.Allocate(1, 1, 100);
        Tensor first;
        using (arena.BeginScope())
        {
            first = arena.Allocate(1, 1, 100);
            using (arena.BeginScope())
                Assert.NotEqual(first.Offset, arena.Allocate(1, 1, 10).Offset);
        }

        Tensor second = arena.Allocate(1, 1, 50);
        Assert.NotEqual(kept.Offset, first.Offset);
        Assert.Equal((first.Buffer, first.Offset), (second.Buffer, second.Offset));
    }

    [Fact]
    public void Peak_is_the_most_that_lived_at_once()
    {
        using var arena = new Arena(_device);
        Assert.Equal(0, arena.PeakBytes);
        using (arena.BeginScope())
        {
            arena.Allocate(1, 1, Alignment);
            using (arena.BeginScope())
                arena.Allocate(2, 5, Alignment);
            using (arena.BeginScope())
                arena.Allocate(1, 1, Alignment + 1);
            Assert.Equal(11 * Alignment * sizeof(float), arena.PeakBytes);
        }

        using (arena.BeginScope())
            arena.Allocate(1, 1, 1);
        Assert.Equal(11 * Alignment * sizeof(float), arena.PeakBytes);
        Assert.Equal(SmallestBlock * sizeof(float), arena.HeldBytes);
    }

    [Fact]
    public void After_the_first_pass_everything_lies_in_one_block_of_the_right_size()
    {
        using var arena = new Arena(_device);
        Pass();
        Assert.Equal(arena.PeakBytes, arena.HeldBytes);
        Assert.Equal((SmallestBlock * 3L + 2 * Alignment) * sizeof(float), arena.PeakBytes);
        DeviceBuffer block = Pass();
        Assert.Same(block, Pass());
        Assert.Equal(arena.PeakBytes, arena.HeldBytes);

        // Returns the block if all tensors lie in the same one.
        DeviceBuffer Pass()
        {
            using Arena.Scope scope = arena.BeginScope();
            Tensor small = arena.Allocate(1, 1, 1);
            Tensor large = arena.Allocate(2, 1, SmallestBlock);
            using Arena.Scope inner = arena.BeginScope();
            Tensor third = arena.Allocate(1, 1, SmallestBlock + 1);
            return small.Buffer == large.Buffer && small.Buffer == third.Buffer ? small.Buffer : null!;
        }
    }

    [Fact]
    public void Blocks_are_reused_after_a_scope_that_needed_several()
    {
        using var arena = new Arena(_device);
        using Arena.Scope outer = arena.BeginScope();
        long held = 0;
        for (int pass = 0; pass < 3; pass++)
        {
            using (arena.BeginScope())
            {
                for (int i = 0; i < 5; i++)
                    arena.Allocate(1, 1, SmallestBlock - Alignment);
            }

            held = pass == 0 ? arena.HeldBytes : held;
            Assert.Equal(held, arena.HeldBytes);
        }

        Assert.Equal(5L * SmallestBlock * sizeof(float), held);
    }

    [Fact]
    public void After_a_pass_that_did_not_fit_a_smaller_one_finds_the_memory_free()
    {
        using var device = new LimitedDevice(4L * SmallestBlock * sizeof(float));
        using var arena = new Arena(device);
        Assert.Throws<DeviceMemoryException>(() => Pass(5));
        Assert.Equal(0, arena.HeldBytes);
        Assert.Equal(0, device.UsedBytes);
        Pass(3);
        Pass(3);
        Assert.Equal(3L * SmallestBlock * sizeof(float), arena.HeldBytes);
        Assert.Equal(3L * SmallestBlock * sizeof(float), device.LargestBytes);
        // The statistic remembers the largest pass, in which four tensors lived at once.
        Assert.Equal(4L * SmallestBlock * sizeof(float), arena.PeakBytes);

        void Pass(int tensors)
        {
            using Arena.Scope scope = arena.BeginScope();
            for (int i = 0; i < tensors; i++)
                arena.Allocate(1, 1, SmallestBlock);
        }
    }

    [Fact]
    public void Emptied_it_is_as_large_as_the_next_pass_needs()
    {
        using var arena = new Arena(_device);
        Pass(5);
        Assert.Equal(5L * SmallestBlock * sizeof(float), arena.HeldBytes);
        arena.Release();
        Assert.Equal(0, arena.HeldBytes);
        Pass(2);
        Assert.Equal(2L * SmallestBlock * sizeof(float), arena.HeldBytes);

        void Pass(int tensors)
        {
            using Arena.Scope scope = arena.BeginScope();
            for (int i = 0; i < tensors; i++)
                arena.Allocate(1, 1, SmallestBlock);
        }
    }

    [Fact]
    public void After_its_end_it_holds_nothing_and_hands_out_nothing()
    {
        using var device = new LimitedDevice(4L * SmallestBlock * sizeof(float));
        var arena = new Arena(device);
        using (arena.BeginScope())
            arena.Allocate(1, 1, 1);
        arena.Dispose();
        arena.Dispose();
        Assert.Equal(0, device.UsedBytes);
        Assert.Throws<ObjectDisposedException>(() => arena.BeginScope());
        Assert.Equal(0, device.UsedBytes);
    }

    [Fact]
    public void Memory_in_use_is_given_back_at_the_end_of_the_scope()
    {
        using var device = new LimitedDevice(4L * SmallestBlock * sizeof(float));
        var arena = new Arena(device);
        using (arena.BeginScope())
        {
            arena.Allocate(1, 1, 1);
            Assert.Throws<InvalidOperationException>(arena.Release);
            arena.Dispose();
            Assert.Throws<ObjectDisposedException>(() => arena.Allocate(1, 1, 1));
            Assert.NotEqual(0, device.UsedBytes);
        }

        Assert.Equal(0, device.UsedBytes);
    }

    [Fact]
    public void Values_of_two_bytes_take_half_the_memory()
    {
        using var arena = new Arena(_device);
        using Arena.Scope scope = arena.BeginScope();
        arena.Allocate(1, 1, 10 * Alignment);
        Assert.Equal(10 * Alignment * sizeof(float), arena.PeakBytes);
        Tensor halves = arena.Allocate(1, 1, 10 * Alignment, ElementType.BFloat16);
        Assert.Equal(15 * Alignment * sizeof(float), arena.PeakBytes);
        Assert.Equal(10 * Alignment * sizeof(float), halves.ByteOffset);
        Assert.Equal(15 * Alignment * sizeof(float), arena.Allocate(1, 1, 1).ByteOffset);
    }

    [Fact]
    public void A_device_without_room_for_one_large_block_does_not_fail_a_pass_that_is_done()
    {
        using var device = new LimitedDevice(4L * SmallestBlock * sizeof(float)) { LargestBlockBytes = 2L * SmallestBlock * sizeof(float) };
        using var arena = new Arena(device);
        for (int pass = 0; pass < 3; pass++)
        {
            using (arena.BeginScope())
            {
                for (int i = 0; i < 3; i++)
                    arena.Allocate(1, 1, SmallestBlock);
            }
        }

        // The first pass took three blocks and gave them up for one; the second took three and kept them.
        Assert.Equal(6, device.Allocations);
        Assert.Equal(3L * SmallestBlock * sizeof(float), arena.HeldBytes);
    }

    [Fact]
    public void Tensors_too_large_for_a_block_are_refused()
    {
        using var arena = new Arena(_device);
        using Arena.Scope scope = arena.BeginScope();
        var refusal = Assert.Throws<DeviceMemoryException>(() => arena.Allocate(70_000, 70_000, 9));
        Assert.Contains("70000 x 70000 x 9", refusal.Message, StringComparison.Ordinal);
        Assert.Throws<DeviceMemoryException>(() => arena.Allocate(1, 1, int.MaxValue));
        Assert.Throws<DeviceMemoryException>(() => arena.Allocate(int.MaxValue, int.MaxValue, 4));
        Assert.Throws<DeviceMemoryException>(() => arena.Allocate(int.MaxValue, int.MaxValue, int.MaxValue));
        Assert.Throws<DeviceMemoryException>(() => arena.Allocate(1 << 30, 1 << 30, 16));
        Assert.Equal(0, arena.PeakBytes);
        Assert.Equal(0, arena.HeldBytes);
        arena.Allocate(1, 1, 1);
    }

    [Fact]
    public void Tensors_without_pixels_and_tensors_outside_of_a_scope_are_refused()
    {
        using var arena = new Arena(_device);
        Assert.Throws<InvalidOperationException>(() => arena.Allocate(1, 1, 1));
        using (arena.BeginScope())
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => arena.Allocate(0, 1, 1));
            Assert.Throws<ArgumentOutOfRangeException>(() => arena.Allocate(1, -1, 1));
            Assert.Throws<ArgumentOutOfRangeException>(() => arena.Allocate(1, 1, 0));
        }

        Assert.Throws<InvalidOperationException>(() => arena.Allocate(1, 1, 1));
    }
}
