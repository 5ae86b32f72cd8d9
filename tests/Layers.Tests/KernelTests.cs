using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Layers.Tests;

/// <summary>What the compiled kernels use and how they come out: a driver that gives less refuses them, or runs them slowly.</summary>
public sealed class KernelTests
{
    private const int SharedBytesOfEveryDevice = 32 * 1024;
    private const int SharedBytesOfNvidiaHardware = 48 * 1024;
    private const int SharedBytesOfTuring = 64 * 1024;
    private const int WorkItemsOfEveryDevice = 256;
    private const int WorkItemsOfNvidiaHardware = 1024;

    // Smaller tiles stand in for these.
    private static readonly string[] s_wantMore =
        ["Convolve.Tile128x64", "MultiplyPlanes.Tile128x64", "FinishHeads.Tile128x128", "Attend.Heads32Block128x32"];

    private static readonly Dictionary<string, Kernel> s_kernels = FindKernels().ToDictionary(kernel => kernel.Name);

    public static TheoryData<string> Kernels => [.. s_kernels.Keys];

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Kernels_fit_the_devices_they_are_for(string name)
    {
        Kernel kernel = s_kernels[name];
        Assert.InRange(kernel.SharedBytes, 0, s_wantMore.Contains(name) ? SharedBytesOfNvidiaHardware : SharedBytesOfEveryDevice);
        Assert.InRange(kernel.GroupSize, 1, kernel.Target is null ? WorkItemsOfEveryDevice : WorkItemsOfNvidiaHardware);
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Kernels_that_await_earlier_launches_do_so_before_they_write(string name)
    {
        Kernel kernel = s_kernels[name];
        string ptx = Encoding.ASCII.GetString(kernel.ReadPtx(9, 0));
        int waits = ptx.IndexOf("griddepcontrol.wait;", StringComparison.Ordinal);
        Assert.Equal(waits >= 0, kernel.AwaitsEarlierLaunches);
        if (waits < 0)
            return;
        Assert.True(kernel.Target is { Major: >= 9 }, "Only hardware from Hopper on has launches that overlap.");
        Assert.DoesNotContain("st.global", ptx[..waits], StringComparison.Ordinal);
        Assert.DoesNotContain("griddepcontrol.launch_dependents;", ptx[..waits], StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void What_runs_on_Turing_needs_nothing_of_later_hardware(string name)
    {
        Kernel kernel = s_kernels[name];
        if (kernel.Target?.RunsOn(7, 5) == false)
            return;
        string ptx = Encoding.ASCII.GetString(kernel.ReadPtx(7, 5));
        Assert.Contains(".target sm_75\n", ptx, StringComparison.Ordinal);
        Assert.DoesNotMatch(@"cp\.async|m16n8k16|f16x2|bf16|wgmma|griddepcontrol|fence\.proxy", ptx);
        Assert.InRange(kernel.SharedBytes + kernel.DynamicSharedBytes, 0, SharedBytesOfTuring);
    }

    [Theory]
    [InlineData("Convolve.Tile128x64")]
    [InlineData("Convolve.Tile64x64")]
    [InlineData("MultiplyPlanes.Tile128x64")]
    [InlineData("MultiplyPlanes.Tile64x64")]
    [InlineData("FinishHeads.Tile128x128")]
    [InlineData("FinishHeads.Tile64x96")]
    public void Products_read_four_floats_at_a_time_and_are_unrolled(string name)
    {
        string ptx = Encoding.ASCII.GetString(s_kernels[name].ReadPtx(9, 0));
        Assert.True(Regex.Count(ptx, @"ld\.shared\.v4\.f32") >= 8 * 4, "A step of the depth is not eight times four vectors of shared memory.");
        Assert.Contains("ld.global.nc.v4.f32", ptx, StringComparison.Ordinal);
        Assert.True(Regex.Count(ptx, @"fma\.rn\.f32") >= 8 * 64, "A step of the depth is not eight times 64 fused multiply-adds.");
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Every_kernel_is_accepted_by_every_driver_that_is_there(string name)
    {
        Kernel kernel = s_kernels[name];
        int accepted = 0;
        foreach (DeviceDescription description in DeviceCatalog.Find().Devices.Where(device => device.Kind != DeviceKind.Cpu))
        {
            using var device = (GpuDevice)DeviceCatalog.Find().Open(description);
            if (!device.Supports(kernel))
                continue;
            device.Prepare(kernel);
            accepted++;
        }

        if (accepted == 0)
            Assert.Skip($"No device here supports {name}.");
    }

    // Nothing but a driver shows that the second texts are right PTX; that of a later card does too.
    [Theory]
    [MemberData(nameof(Kernels))]
    public void Texts_for_Turing_are_accepted_by_the_drivers_of_later_hardware(string name)
    {
        TestDevices.GetGpu("cuda");
        using var device = (GpuDevice)DeviceCatalog.OpenAs(NvidiaTarget.Turing);
        if (!device.Supports(s_kernels[name]))
            Assert.Skip($"{name} is for later hardware.");
        device.Prepare(s_kernels[name]);
    }

    private static IEnumerable<Kernel> FindKernels() => typeof(Convolution).Assembly.GetTypes()
        .SelectMany(type => type.GetProperties(BindingFlags.Static | BindingFlags.Public))
        .Where(property => property.PropertyType.IsSubclassOf(typeof(Kernel)))
        .Select(property => (Kernel)property.GetValue(null)!);
}
