using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Devices.Tests;

/// <summary>When tests on a device are skipped, and that those on required devices are not.</summary>
public sealed class RequiredDeviceTests
{
    private static readonly DeviceDescription s_gpu = new(DeviceKind.Cuda, 0, "a GPU", 1, "CUDA 12.4", IsGpu: true);

    public static TheoryData<string> Required => [.. TestDevices.Required];

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Required))]
    public void Required_devices_are_here_and_work(string name)
    {
        using Device device = DeviceCatalog.Open(name);
        using DeviceBuffer buffer = device.Allocate(16);
        buffer.Upload<int>([1, 2, 3, 4], 0);
        var back = new int[4];
        buffer.Download<int>(back, 0);
        Assert.Equal([1, 2, 3, 4], back);
    }

    [Theory]
    [InlineData(RefusalCause.Absent, true)]
    [InlineData(RefusalCause.Unsuitable, true)]
    [InlineData(RefusalCause.Failed, false)]
    public void Only_a_device_that_is_not_there_is_a_reason_to_skip(RefusalCause cause, bool skips)
    {
        var refusal = new DeviceRefusal(DeviceKind.Cuda, "CUDA", "something", cause);
        string? reason = TestDevices.ReasonToSkip("cuda", [], [refusal], []);
        Assert.Equal(skips, reason is not null);
        if (skips)
            Assert.Contains("CUDA: something", reason, StringComparison.Ordinal);
        Assert.Null(TestDevices.ReasonToSkip("cuda", [], [refusal], ["cpu", "cuda"]));
        Assert.Null(TestDevices.ReasonToSkip("cuda", [s_gpu], [refusal], []));
        Assert.NotNull(TestDevices.ReasonToSkip("opencl", [s_gpu], [refusal], []));
    }

    [Fact]
    public void Names_of_required_devices_are_checked()
    {
        Assert.Equal(["cpu", "opencl"], TestDevices.ReadRequired(" cpu, opencl,"));
        Assert.Empty(TestDevices.ReadRequired(null));
        Assert.Contains("'opengl'", Assert.Throws<InvalidOperationException>(() => TestDevices.ReadRequired("cpu,opengl")).Message, StringComparison.Ordinal);
    }
}
