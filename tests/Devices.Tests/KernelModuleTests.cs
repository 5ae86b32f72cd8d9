using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Devices.Tests;

public sealed class KernelModuleTests
{
    // Wrong for every driver, so that the report of that is tested.
    private static readonly TextAssembly s_broken = new(new Dictionary<string, string>
    {
        ["broken.cl"] = "#error this source is wrong on purpose\n",
        ["broken.ptx"] = """
            .version 8.0
            .target sm_75
            .address_size 64

            .visible .entry Kernel_Broken()
            .reqntid 1, 1, 1
            {
                .reg .b32 %r<2>;
                nosuchinstruction.u32 %r1, %r1;
                ret;
            }

            """,
    });

    [Theory, EachGpu]
    public void A_text_that_the_driver_refuses_is_reported_with_its_words(string name)
    {
        GpuDevice gpu = TestDevices.GetGpu(name);
        using DeviceBuffer buffer = gpu.Allocate(64 * sizeof(int));
        var arguments = new SampleKernels.WritePosition.Arguments { Positions = new BufferView<int>(buffer) };
        var exception = Assert.Throws<DeviceException>(() => gpu.Launch(KernelNamed("broken"), new WorkSize(1), arguments));
        Assert.Contains("kernel broken", exception.Message, StringComparison.Ordinal);
        Assert.Contains(gpu.Name, exception.Message, StringComparison.Ordinal);
        string words = gpu.Kind == DeviceKind.Cuda ? "(the driver says: ptxas" : "this source is wrong on purpose";
        Assert.Contains(words, exception.Message, StringComparison.Ordinal);

        // The device is none the worse for it.
        gpu.Launch(SampleKernels.WritePosition.Kernel, new WorkSize(1), arguments);
        gpu.Synchronize();
    }

    [Theory, EachGpu]
    public void A_text_that_is_not_there_is_named(string name)
    {
        GpuDevice gpu = TestDevices.GetGpu(name);
        using DeviceBuffer buffer = gpu.Allocate(sizeof(int));
        var arguments = new SampleKernels.WritePosition.Arguments { Positions = new BufferView<int>(buffer) };
        var exception = Assert.Throws<InvalidDataException>(() => gpu.Launch(KernelNamed("missing"), new WorkSize(1), arguments));
        Assert.Contains("Texts was built without missing.", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_kernel_for_other_hardware_is_refused()
    {
        GpuDevice gpu = TestDevices.GetGpu("opencl");
        Assert.False(gpu.Supports(NvidiaKernels.Reverse.Kernel));
        using DeviceBuffer buffer = gpu.Allocate(SampleShape.ReversedCount * sizeof(int));
        var view = new BufferView<int>(buffer);
        var exception = Assert.Throws<DeviceException>(
            () => gpu.Launch(NvidiaKernels.Reverse.Kernel, new WorkSize(1), new() { Values = view, Reversed = view }));
        Assert.Contains("Reverse is written for NVIDIA's sm_80", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tensor_cores_multiply_matrices()
    {
        GpuDevice gpu = TestDevices.GetGpu("cuda");
        if (!gpu.Supports(NvidiaKernels.MultiplyBFloat16.Kernel))
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

        gpu.Launch(NvidiaKernels.MultiplyBFloat16.Kernel, new WorkSize(1), new()
        {
            A = new BufferView<int>(aBuffer),
            B = new BufferView<int>(bBuffer),
            C = new BufferView<float>(cBuffer),
        });

        var c = new float[16 * 8];
        cBuffer.Download(c.AsSpan(), 0);
        for (int i = 0; i < c.Length; i++)
            Assert.Equal(Enumerable.Range(0, 16).Sum(k => A(i / 8, k) * B(k, i % 8)), c[i]);
    }

    [Fact]
    public void A_kernel_gets_more_shared_memory_than_static_arrays_can_have()
    {
        GpuDevice gpu = TestDevices.GetGpu("cuda");
        if (!gpu.Supports(NvidiaKernels.Reverse.Kernel))
            Assert.Skip($"{gpu.Name} is older than sm_80.");
        const int Count = SampleShape.ReversedCount;
        int[] values = [.. Enumerable.Range(0, Count).Select(i => i * 31)];
        using DeviceBuffer input = gpu.Allocate(Count * sizeof(int));
        using DeviceBuffer output = gpu.Allocate(Count * sizeof(int));
        input.Upload<int>(values, 0);

        gpu.Launch(NvidiaKernels.Reverse.Kernel, new WorkSize(1), new()
        {
            Values = new BufferView<int>(input),
            Reversed = new BufferView<int>(output),
        });

        var reversed = new int[Count];
        output.Download(reversed.AsSpan(), 0);
        Assert.Equal(values.Reverse(), reversed);
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

    private static Kernel<SampleKernels.WritePosition.Arguments> KernelNamed(string name) => new(s_broken, name, "Kernel_Broken")
    {
        GroupSize = 1,
        GroupsPerProcessor = 0,
        SharedBytes = 0,
        DynamicSharedBytes = 0,
        Target = null,
        HasTuringPtx = false,
        AwaitsEarlierLaunches = false,
    };
}
