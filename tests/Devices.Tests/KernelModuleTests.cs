using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Devices.Tests;

public sealed class KernelModuleTests
{
    [Theory, EachGpu]
    public void A_source_that_does_not_compile_is_reported_with_the_drivers_words(string name)
    {
        GpuDevice gpu = TestDevices.GetGpu(name);
        var exception = Assert.Throws<DeviceException>(() => gpu.GetKernel(SampleKernels.Broken));
        Assert.Contains("module broken", exception.Message, StringComparison.Ordinal);
        string words = gpu.Kind == DeviceKind.Cuda ? "(the driver says: ptxas" : "this source is wrong on purpose";
        Assert.Contains(words, exception.Message, StringComparison.Ordinal);

        // The device is none the worse for it.
        gpu.GetKernel(SampleKernels.SumGroups);
        gpu.Synchronize();
    }

    [Fact]
    public void A_kernel_for_other_hardware_is_refused()
    {
        GpuDevice gpu = TestDevices.GetGpu("opencl");
        Assert.False(gpu.Supports(SampleKernels.Reverse.Module));
        var exception = Assert.Throws<DeviceException>(() => gpu.GetKernel(SampleKernels.Reverse));
        Assert.Contains("tensor-cores/reverse is written for NVIDIA's sm_80", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tensor_cores_multiply_matrices()
    {
        GpuDevice gpu = TestDevices.GetGpu("cuda");
        if (!gpu.Supports(SampleKernels.MultiplyBfloat16.Module))
            Assert.Skip($"{gpu.Name} is older than sm_80.");

        // Small whole numbers, which bfloat16 holds exactly.
        static float A(int row, int k) => row - 3 * k % 7;
        static float B(int k, int column) => k % 5 - column;
        static uint Bfloat16(float value) => BitConverter.SingleToUInt32Bits(value) >> 16;
        static uint Pair(float low, float high) => Bfloat16(low) | Bfloat16(high) << 16;
        uint[] a = [.. Enumerable.Range(0, 16 * 8).Select(i => Pair(A(i / 8, i % 8 * 2), A(i / 8, i % 8 * 2 + 1)))];
        uint[] b = [.. Enumerable.Range(0, 8 * 8).Select(i => Pair(B(i % 8 * 2, i / 8), B(i % 8 * 2 + 1, i / 8)))];
        using DeviceBuffer aBuffer = gpu.Allocate(a.Length * sizeof(uint));
        using DeviceBuffer bBuffer = gpu.Allocate(b.Length * sizeof(uint));
        using DeviceBuffer cBuffer = gpu.Allocate(16 * 8 * sizeof(float));
        aBuffer.Upload<uint>(a, 0);
        bBuffer.Upload<uint>(b, 0);

        gpu.Launch(
            gpu.GetKernel(SampleKernels.MultiplyBfloat16), new WorkSize(1), new KernelArguments().Add(aBuffer).Add(bBuffer).Add(cBuffer));

        var c = new float[16 * 8];
        cBuffer.Download(c.AsSpan(), 0);
        for (int i = 0; i < c.Length; i++)
            Assert.Equal(Enumerable.Range(0, 16).Sum(k => A(i / 8, k) * B(k, i % 8)), c[i]);
    }

    [Fact]
    public void A_kernel_gets_more_local_memory_than_static_arrays_can_have()
    {
        GpuDevice gpu = TestDevices.GetGpu("cuda");
        if (!gpu.Supports(SampleKernels.Reverse.Module))
            Assert.Skip($"{gpu.Name} is older than sm_80.");
        int count = SampleKernels.Reverse.Module.DynamicLocalBytes / sizeof(int);
        int[] values = [.. Enumerable.Range(0, count).Select(i => i * 31)];
        using DeviceBuffer input = gpu.Allocate(count * sizeof(int));
        using DeviceBuffer output = gpu.Allocate(count * sizeof(int));
        input.Upload<int>(values, 0);

        gpu.Launch(gpu.GetKernel(SampleKernels.Reverse), new WorkSize(1), new KernelArguments().Add(input).Add(output));

        var reversed = new int[count];
        output.Download(reversed.AsSpan(), 0);
        Assert.Equal(values.Reverse(), reversed);
    }

    [Fact]
    public void Names_that_are_not_in_the_manifest_are_refused()
    {
        Assert.Contains("'none'", Assert.Throws<ArgumentException>(() => SampleKernels.Library["none"]).Message, StringComparison.Ordinal);
        Assert.Contains(
            "'none'", Assert.Throws<ArgumentException>(() => SampleKernels.Library["samples", "none"]).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => new KernelLibrary(typeof(TestDevices).Assembly));
    }

    [Theory]
    [InlineData("sm_75", 7, 5, true)]
    [InlineData("sm_75", 7, 4, false)]
    [InlineData("sm_75", 6, 9, false)]
    [InlineData("sm_80", 9, 0, true)]
    [InlineData("sm_90a", 9, 0, true)]
    [InlineData("sm_90a", 10, 0, false)]
    [InlineData("sm_100", 10, 3, true)]
    public void A_target_runs_on_its_own_and_later_hardware(string target, int major, int minor, bool runs)
    {
        Assert.Equal(runs, NvidiaTarget.Parse(target).RunsOn(major, minor));
        Assert.Equal(target, NvidiaTarget.Parse(target).ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("sm_")]
    [InlineData("sm_a")]
    [InlineData("sm_7")]
    [InlineData("75")]
    [InlineData("sm_+75")]
    public void A_text_that_is_no_target_is_refused(string text) => Assert.Throws<FormatException>(() => NvidiaTarget.Parse(text));
}
