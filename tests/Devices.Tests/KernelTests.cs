using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Devices.Tests;

public sealed class KernelTests
{
    [Theory, EachGpu]
    public void Tensors_numbers_constants_and_includes_reach_a_kernel(string name)
    {
        GpuDevice gpu = TestDevices.GetGpu(name);
        const int Count = 1000;
        float[] x = [.. Enumerable.Range(0, Count * 3).Select(i => i * 0.25f)];
        float[] y = [.. Enumerable.Range(0, Count).Select(i => 1000f - i)];
        Tensor xTensor = gpu.Upload(x, 1, Count, 3);
        Tensor yTensor = gpu.Upload(y, 1, Count, 1);
        Tensor z = gpu.Upload(new float[Count * 2], 1, Count, 2);

        GpuKernel kernel = gpu.GetKernel(SampleKernels.AddScaled);
        KernelArguments arguments = new KernelArguments()
            .Add(xTensor.SliceChannels(2, 1)).Add(yTensor).Add(z.SliceChannels(1, 1)).Add(Count - 1).Add(0.5f);
        gpu.Launch(kernel, kernel.GroupsFor(Count), arguments);

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
    public void Local_memory_and_barriers_sum_every_group(string name)
    {
        GpuDevice gpu = TestDevices.GetGpu(name);
        foreach (int count in (int[])[1, 63, 64, 65, 6400])
        {
            int[] values = [.. Enumerable.Range(0, count).Select(i => i * i % 977)];
            GpuKernel kernel = gpu.GetKernel(SampleKernels.SumGroups);
            WorkSize groups = kernel.GroupsFor(count);
            using DeviceBuffer input = gpu.Allocate(count * sizeof(int));
            using DeviceBuffer output = gpu.Allocate(groups.X * sizeof(int));
            input.Upload<int>(values, 0);

            gpu.Launch(kernel, groups, new KernelArguments().Add(input).Add(count).Add(output));

            var sums = new int[groups.X];
            output.Download(sums.AsSpan(), 0);
            Assert.Equal(values.Chunk(64).Select(chunk => chunk.Sum()), sums);
        }
    }

    [Theory, EachGpu]
    public void Groups_and_items_are_numbered_in_three_dimensions(string name)
    {
        GpuDevice gpu = TestDevices.GetGpu(name);
        GpuKernel kernel = gpu.GetKernel(SampleKernels.WritePosition);
        WorkSize groups = kernel.GroupsFor(17, 5, 6);
        Assert.Equal(new WorkSize(3, 2, 3), groups);
        int width = groups.X * 8;
        int height = groups.Y * 4;
        int depth = groups.Z * 2;
        using DeviceBuffer output = gpu.Allocate(width * height * depth * sizeof(int));

        gpu.Launch(kernel, groups, new KernelArguments().Add(output));

        var positions = new int[width * height * depth];
        output.Download(positions.AsSpan(), 0);
        for (int i = 0; i < positions.Length; i++)
        {
            int x = i % width;
            int y = i / width % height;
            int z = i / width / height;
            int group = (z / 2 * groups.Y + y / 4) * groups.X + x / 8;
            Assert.Equal((z % 2 * 4 + y % 4) * 8 + x % 8 + 1000 * group, positions[i]);
        }
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

        GpuKernel kernel = gpu.GetKernel(SampleKernels.MatrixProduct);
        KernelArguments arguments = new KernelArguments().Add(aTensor.Buffer).Add(bTensor.Buffer).Add(c.Buffer).Add(Columns).Add(Depth);
        gpu.Launch(kernel, new WorkSize(Columns / 64, Rows / 64), arguments);

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
    public void Mathematical_functions_are_as_accurate_as_promised(string name)
    {
        GpuDevice gpu = TestDevices.GetGpu(name);
        float[] inputs = [.. Enumerable.Range(1, 200).Select(i => i * 0.0371f)];
        (string Name, Func<double, double> Function)[] functions =
        [
            ("native_exp", Math.Exp),
            ("native_exp2", x => Math.Pow(2, x)),
            ("native_log", Math.Log),
            ("native_log2", Math.Log2),
            ("native_recip", x => 1 / x),
            ("native_rsqrt", x => 1 / Math.Sqrt(x)),
            ("native_sqrt", Math.Sqrt),
            ("native_divide", x => 1.5 / x),
            ("native_exp2 of float4", x => Math.Pow(2, x) + Math.Pow(2, -x) + Math.Pow(2, 0.5 * x) + 2),
            ("exp", Math.Exp),
            ("erf", ErrorFunction),
            ("tanh", Math.Tanh),
            ("rsqrt / sqrt", x => 1 / x),
        ];
        Tensor input = gpu.Upload(inputs, 1, inputs.Length, 1);
        Tensor output = gpu.Upload(new float[functions.Length * inputs.Length], 1, functions.Length, inputs.Length);

        GpuKernel kernel = gpu.GetKernel(SampleKernels.NativeFunctions);
        KernelArguments arguments = new KernelArguments().Add(input.Buffer).Add(output.Buffer).Add(inputs.Length);
        gpu.Launch(kernel, kernel.GroupsFor(inputs.Length), arguments);

        float[] results = output.ToArray();
        for (int k = 0; k < functions.Length; k++)
        {
            for (int i = 0; i < inputs.Length; i++)
            {
                double expected = functions[k].Function(inputs[i]);
                double error = Math.Abs(results[k * inputs.Length + i] - expected) / Math.Max(1, Math.Abs(expected));
                Assert.True(error < 2e-6, $"{functions[k].Name}({inputs[i]:R}) is {results[k * inputs.Length + i]:R}, not {expected:R}.");
            }
        }

        input.Buffer.Dispose();
        output.Buffer.Dispose();
    }

    [Theory, EachGpu]
    public void Wrong_launches_are_refused_in_the_kernels_name(string name)
    {
        GpuDevice gpu = TestDevices.GetGpu(name);
        GpuKernel kernel = gpu.GetKernel(SampleKernels.SumGroups);
        using DeviceBuffer buffer = gpu.Allocate(1024);

        var tooFew = Assert.Throws<ArgumentException>(() => gpu.Launch(kernel, new WorkSize(1), new KernelArguments().Add(buffer).Add(3)));
        Assert.Contains("samples/sum_groups has 3 parameters, but 2", tooFew.Message, StringComparison.Ordinal);

        var noGroups = Assert.Throws<ArgumentException>(
            () => gpu.Launch(kernel, new WorkSize(0), new KernelArguments().Add(buffer).Add(3).Add(buffer)));
        Assert.Contains("samples/sum_groups", noGroups.Message, StringComparison.Ordinal);

        // The number where a pointer belongs.
        Exception wrongKind = Assert.ThrowsAny<Exception>(
            () => gpu.Launch(kernel, new WorkSize(1), new KernelArguments().Add(3).Add(3).Add(buffer)));
        Assert.Contains("samples/sum_groups", wrongKind.Message, StringComparison.Ordinal);

        using var cpu = new Tensors.Cpu.CpuDevice(1);
        using DeviceBuffer elsewhere = cpu.Allocate(16);
        Assert.Throws<ArgumentException>(() => new KernelArguments().Add(elsewhere));
    }

    [Theory, EachGpu]
    public void Launches_allocate_nothing(string name)
    {
        GpuDevice gpu = TestDevices.GetGpu(name);
        using DeviceBuffer buffer = gpu.Allocate(64 * sizeof(int));
        void LaunchOnce()
        {
            GpuKernel kernel = gpu.GetKernel(SampleKernels.SumGroups);
            gpu.Launch(kernel, kernel.GroupsFor(64), new KernelArguments().Add(buffer).Add(0).Add(buffer));
        }

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
        using DeviceBuffer sums = gpu.Allocate(Count / 64 * sizeof(int));
        GpuKernel kernel = gpu.GetKernel(SampleKernels.SumGroups);
        using (KernelProfile profile = gpu.BeginProfile())
        {
            Assert.Throws<InvalidOperationException>(() => gpu.BeginProfile());
            using GpuEvent start = gpu.RecordEvent();
            for (int i = 0; i < 3; i++)
                gpu.Launch(kernel, kernel.GroupsFor(Count), new KernelArguments().Add(values).Add(Count).Add(sums));
            using GpuEvent end = gpu.RecordEvent();

            (KernelId id, int launches, double milliseconds) = Assert.Single(profile.Summarize());
            Assert.Same(SampleKernels.SumGroups, id);
            Assert.Equal(3, launches);
            Assert.True(milliseconds > 0, $"{milliseconds} ms");
            double all = end.MillisecondsSince(start);
            Assert.True(all >= milliseconds * 0.99, $"{all} ms in all, {milliseconds} ms in kernels");
        }

        gpu.BeginProfile().Dispose();
    }

    // The Taylor series (Abramowitz and Stegun 7.1.5); above 5 the function is within 1e-11 of 1.
    private static double ErrorFunction(double x)
    {
        if (x > 5)
            return 1;
        double term = x;
        double sum = x;
        for (int n = 1; n < 200; n++)
        {
            term *= -x * x / n;
            sum += term / (2 * n + 1);
        }

        return 2 / Math.Sqrt(Math.PI) * sum;
    }
}
