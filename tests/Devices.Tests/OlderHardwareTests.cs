using Gsasr.Tensors;
using Gsasr.Tensors.Cuda;

namespace Gsasr.Devices.Tests;

public sealed class OlderHardwareTests
{
    private static readonly CudaCandidate s_hopper = new(
        default, new DeviceDescription(DeviceKind.Cuda, 0, "a GPU", 1L << 30, "CUDA 12.8", IsGpu: true), 9, 0, 12080, 227 << 10, 228 << 10, 132);

    [Theory]
    [InlineData("sm_75", 7, 5, 64)]
    [InlineData("sm_80", 8, 0, 163)]
    [InlineData("sm_86", 8, 6, 99)]
    public void A_GPU_can_be_used_as_an_older_one(string hardware, int major, int minor, int sharedKibibytes)
    {
        CudaCandidate older = OlderHardware.Of(s_hopper, NvidiaTarget.Parse(hardware));
        Assert.Equal((major, minor, sharedKibibytes << 10), (older.Major, older.Minor, older.LocalMemoryBytes));
        Assert.Equal($"a GPU as {hardware}", older.Description.Name);
        Assert.Equal(NvidiaTarget.Parse(hardware), older.Description.ComputeCapability);
        Assert.Equal((132, 228 << 10), (older.ProcessorCount, older.ProcessorLocalMemoryBytes));
    }

    [Fact]
    public void It_cannot_be_used_as_a_later_one_or_one_that_is_not_known()
    {
        CudaCandidate turing = OlderHardware.Of(s_hopper, NvidiaTarget.Turing);
        Assert.Throws<ArgumentException>(() => OlderHardware.Of(turing, NvidiaTarget.Ampere));
        Assert.Throws<ArgumentException>(() => OlderHardware.Of(s_hopper, NvidiaTarget.Parse("sm_90a")));
    }
}
