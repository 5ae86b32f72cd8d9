using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Devices.Tests;

public sealed class KernelTests
{
    [Theory, EachGpu]
    public void Parts_of_tensors_and_numbers_reach_a_kernel(string name)
    {
        GpuDevice gpu = TestDevices.GetGpu(name);
        const int Count = 1000;
        float[] x = [.. Enumerable.Range(0, Count * 3).Select(i => i * 0.25f)];
        float[] y = [.. Enumerable.Range(0, Count).Select(i => 1000f - i)];
        Tensor xTensor = gpu.Upload(x, 1, Count, 3);
        Tensor yTensor = gpu.Upload(y, 1, Count, 1);
        Tensor z = gpu.Upload(new float[Count * 2], 1, Count, 2);

        gpu.Launch(SampleKernels.AddScaled.Kernel, SampleKernels.AddScaled.Kernel.GroupsFor(Count), new()
        {
            X = xTensor.SliceChannels(2, 1).View,
            XPitch = 3,
            Y = yTensor.View,
            YPitch = 1,
            Z = z.SliceChannels(1, 1).View,
            ZPitch = 2,
            Count = Count - 1,
            Factor = 0.5f,
        });

        float[] values = z.ToArray();
        for (int i = 0; i < Count; i++)
        {
            Assert.Equal(0f, values[2 * i]);
            Assert.Equal(i == Count - 1 ? 0f : 1.5f * x[3 * i + 2] + y[i], values[2 * i + 1]);
        }

        xTensor.Buffer.Dispose();
        yTensor.Buffer.Dispose();
        z.Buffer.Dispose();
    }

    [Theory, EachGpu]
    public void Shared_memory_and_barriers_sum_every_group(string name)
    {
        GpuDevice gpu = TestDevices.GetGpu(name);
        foreach (int count in (int[])[1, 63, 64, 65, 6400])
        {
            int[] values = [.. Enumerable.Range(0, count).Select(i => i * i % 977)];
            WorkSize groups = SampleKernels.SumGroups.Kernel.GroupsFor(count);
            using DeviceBuffer input = gpu.Allocate(count * sizeof(int));
            using DeviceBuffer output = gpu.Allocate(groups.X * sizeof(int));
            input.Upload<int>(values, 0);

            gpu.Launch(SampleKernels.SumGroups.Kernel, groups, SumArguments(input, count, output));

            var sums = new int[groups.X];
            output.Download(sums.AsSpan(), 0);
            Assert.Equal(values.Chunk(SampleShape.GroupSize).Select(chunk => chunk.Sum()), sums);
        }
    }

    [Theory, EachGpu]
    public void Groups_are_numbered_in_three_dimensions(string name)
    {
        GpuDevice gpu = TestDevices.GetGpu(name);
        var groups = new WorkSize(5, 3, 4);
        int count = (int)groups.Count * SampleShape.GroupSize;
        using DeviceBuffer output = gpu.Allocate(count * sizeof(int));

        gpu.Launch(SampleKernels.WritePosition.Kernel, groups, new() { Positions = new BufferView<int>(output) });

        var positions = new int[count];
        output.Download(positions.AsSpan(), 0);
        for (int i = 0; i < count; i++)
            Assert.Equal(i % SampleShape.GroupSize + 1000 * (i / SampleShape.GroupSize), positions[i]);
    }

    [Theory, EachGpu]
    public void Every_specialization_of_a_kernel_has_its_own_constants(string name)
    {
        GpuDevice gpu = TestDevices.GetGpu(name);
        foreach ((Kernel<SampleKernels.Multiply.Arguments> kernel, int factor) in
            new[] { (SampleKernels.Multiply.Two, 2), (SampleKernels.Multiply.Seven, 7) })
        {
            using DeviceBuffer output = gpu.Allocate(100 * sizeof(int));
            gpu.Launch(kernel, kernel.GroupsFor(100), new() { Values = new BufferView<int>(output), Count = 100 });

            var values = new int[100];
            output.Download(values.AsSpan(), 0);
            Assert.Equal(Enumerable.Range(0, 100).Select(i => factor * i), values);
        }
    }

    [Theory, EachGpu]
    public void Atomics_on_shared_and_global_memory_are_right(string name)
    {
        GpuDevice gpu = TestDevices.GetGpu(name);
        const int Groups = 5;
        int[] values = [.. Enumerable.Range(0, Groups * SampleShape.GroupSize).Select(i => (i * 7919 % 1009 - 500) << (i % 7))];
        using DeviceBuffer input = gpu.Allocate(values.Length * sizeof(int));
        using DeviceBuffer shared = gpu.Allocate(Groups * 4 * sizeof(int));
        using DeviceBuffer global = gpu.Allocate(4 * sizeof(int));
        input.Upload<int>(values, 0);
        global.Upload<int>([0, int.MaxValue, int.MinValue, 0], 0);

        gpu.Launch(SampleKernels.Atomics.Kernel, new WorkSize(Groups), new()
        {
            Values = new BufferView<int>(input),
            Shared = new BufferView<int>(shared),
            Global = new BufferView<int>(global),
        });

        static int[] Expect(int[] all) => [all.Sum(), all.Min(), all.Max(), all.Aggregate((a, b) => a | b)];
        var results = new int[Groups * 4];
        shared.Download(results.AsSpan(), 0);
        Assert.Equal(values.Chunk(SampleShape.GroupSize).SelectMany(Expect), results);
        global.Download(results.AsSpan(0, 4), 0);
        Assert.Equal(Expect(values), results[..4]);
    }

    [Theory, EachGpu]
    public void Work_items_branch_on_what_instructions_return(string name)
    {
        GpuDevice gpu = TestDevices.GetGpu(name);
        const int Count = 2 * SampleShape.GroupSize;
        int[] values = [.. Enumerable.Range(0, Count).SelectMany(i => (int[])[i * 5 % 3 - 1, 1000 + i, 2000 + i, 0])];
        using DeviceBuffer input = gpu.Allocate(values.Length * sizeof(int));
        using DeviceBuffer output = gpu.Allocate(Count * sizeof(int));
        input.Upload<int>(values, 0);

        gpu.Launch(SampleKernels.Branches.Kernel, new WorkSize(2), new()
        {
            Values = new BufferView<int>(input),
            Results = new BufferView<int>(output),
        });

        var results = new int[Count];
        output.Download(results.AsSpan(), 0);
        for (int i = 0; i < Count; i++)
            Assert.Equal(values[4 * i] == 0 ? -1 : values[4 * i] > 0 ? 1000 + i : 2000 + i, results[i]);
    }

    [Theory, EachGpu]
    public void Loops_in_loops_keep_their_sums(string name)
    {
        GpuDevice gpu = TestDevices.GetGpu(name);
        int[] values = [5, -1, 7, 0, 3, 0, -2, 11, 1];
        using DeviceBuffer input = gpu.Allocate(values.Length * sizeof(int));
        using DeviceBuffer output = gpu.Allocate(SampleShape.GroupSize * sizeof(int));
        input.Upload<int>(values, 0);

        gpu.Launch(SampleKernels.SumOverLoops.Kernel, new WorkSize(1), new()
        {
            Values = new BufferView<int>(input),
            Count = values.Length,
            Results = new BufferView<int>(output),
        });

        var results = new int[SampleShape.GroupSize];
        output.Download(results.AsSpan(), 0);
        Assert.All(results, result => Assert.Equal(values.Sum(value => Math.Max(0, value) * (value - 1) / 2), result));
    }

    [Theory, EachGpu]
    public void A_tiled_matrix_product_is_right(string name)
    {
        GpuDevice gpu = TestDevices.GetGpu(name);
        const int Rows = 128;
        const int Columns = 192;
        const int Depth = 80;
        float[] a = [.. Enumerable.Range(0, Rows * Depth).Select(i => (float)Math.Sin(i * 0.37))];
        float[] b = [.. Enumerable.Range(0, Depth * Columns).Select(i => (float)Math.Cos(i * 0.73))];
        Tensor aTensor = gpu.Upload(a, 1, Rows, Depth);
        Tensor bTensor = gpu.Upload(b, 1, Depth, Columns);
        Tensor c = gpu.Upload(new float[Rows * Columns], 1, Rows, Columns);

        var groups = new WorkSize(Columns / SampleShape.MatrixTile, Rows / SampleShape.MatrixTile);
        gpu.Launch(MatrixKernels.MatrixProduct.Kernel, groups, new()
        {
            A = aTensor.View,
            B = bTensor.View,
            C = c.View,
            Columns = Columns,
            Depth = Depth,
        });

        float[] product = c.ToArray();
        for (int row = 0; row < Rows; row++)
        {
            for (int column = 0; column < Columns; column++)
            {
                double expected = 0;
                for (int k = 0; k < Depth; k++)
                    expected += (double)a[row * Depth + k] * b[k * Columns + column];
                Assert.Equal(expected, product[row * Columns + column], 1e-4);
            }
        }

        aTensor.Buffer.Dispose();
        bTensor.Buffer.Dispose();
        c.Buffer.Dispose();
    }

    [Theory, EachGpu]
    public void Wrong_launches_are_refused_in_the_kernels_name(string name)
    {
        GpuDevice gpu = TestDevices.GetGpu(name);
        using DeviceBuffer buffer = gpu.Allocate(1024);
        SampleKernels.SumGroups.Arguments arguments = SumArguments(buffer, 3, buffer);
        foreach (WorkSize groups in new WorkSize[] { new(0), new(1, 0), new(1, 1, 0), new(1, 65536), new(1, 1, 65536) })
        {
            var refused = Assert.Throws<ArgumentException>(() => gpu.Launch(SampleKernels.SumGroups.Kernel, groups, arguments));
            Assert.Contains("SumGroups", refused.Message, StringComparison.Ordinal);
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => new BufferView<int>(buffer, 0, 257));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BufferView<int>(buffer, -1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BufferView<int>(buffer, 256, 1));

        using var cpu = new Tensors.Cpu.CpuDevice(1);
        using DeviceBuffer elsewhere = cpu.Allocate(16);
        Assert.Throws<ArgumentException>(
            () => gpu.Launch(SampleKernels.SumGroups.Kernel, new WorkSize(1), SumArguments(elsewhere, 3, buffer)));
        Assert.Throws<ArgumentException>(() => gpu.Launch(SampleKernels.SumGroups.Kernel, new WorkSize(1), default));

        // Memory of a second device of the same kind.
        using var other = (GpuDevice)DeviceCatalog.Open(name);
        using DeviceBuffer far = other.Allocate(16);
        var foreign = Assert.Throws<ArgumentException>(
            () => gpu.Launch(SampleKernels.SumGroups.Kernel, new WorkSize(1), SumArguments(far, 3, far)));
        Assert.Contains("SumGroups", foreign.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(
            () => gpu.Launch(SampleKernels.SumGroups.Kernel, new WorkSize(1), SumArguments(buffer, 3, far)));
    }

    [Theory, EachGpu]
    public void Launches_allocate_nothing(string name)
    {
        GpuDevice gpu = TestDevices.GetGpu(name);
        using DeviceBuffer buffer = gpu.Allocate(64 * sizeof(int));
        void LaunchOnce() =>
            gpu.Launch(SampleKernels.SumGroups.Kernel, SampleKernels.SumGroups.Kernel.GroupsFor(64), SumArguments(buffer, 0, buffer));

        LaunchOnce();
        LaunchOnce();
        Assert.Equal(0, Allocations.Least(() =>
        {
            for (int i = 0; i < 10; i++)
                LaunchOnce();
        }));
        gpu.Synchronize();
    }

    [Theory, EachGpu]
    public void Launches_can_be_timed(string name)
    {
        GpuDevice gpu = TestDevices.GetGpu(name);
        const int Count = 1 << 20;
        using DeviceBuffer values = gpu.Allocate(Count * sizeof(int));
        using DeviceBuffer sums = gpu.Allocate(Count / SampleShape.GroupSize * sizeof(int));
        WorkSize groups = SampleKernels.SumGroups.Kernel.GroupsFor(Count);
        using (KernelProfile profile = gpu.BeginProfile())
        {
            Assert.Throws<InvalidOperationException>(() => gpu.BeginProfile());
            using GpuEvent start = gpu.RecordEvent();
            for (int i = 0; i < 3; i++)
                gpu.Launch(SampleKernels.SumGroups.Kernel, groups, SumArguments(values, Count, sums));
            using GpuEvent end = gpu.RecordEvent();

            (Kernel kernel, int launches, double milliseconds) = Assert.Single(profile.Summarize());
            Assert.Same(SampleKernels.SumGroups.Kernel, kernel);
            Assert.Equal(3, launches);
            Assert.True(milliseconds > 0, $"{milliseconds} ms");
            double all = end.MillisecondsSince(start);
            Assert.True(all >= milliseconds * 0.99, $"{all} ms in all, {milliseconds} ms in kernels");
        }

        gpu.BeginProfile().Dispose();
    }

    private static SampleKernels.SumGroups.Arguments SumArguments(DeviceBuffer values, int count, DeviceBuffer sums) => new()
    {
        Values = new BufferView<int>(values),
        Count = count,
        Sums = new BufferView<int>(sums),
    };
}
