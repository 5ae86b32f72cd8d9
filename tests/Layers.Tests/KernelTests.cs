using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Gsasr.Tensors;

namespace Gsasr.Layers.Tests;

/// <summary>What the compiled kernels may use, read from their PTX: a driver that gives less refuses them, or runs them slowly.</summary>
public sealed partial class KernelTests
{
    private const int LocalBytesOfEveryDevice = 32 * 1024;
    private const int LocalBytesOfNvidiaHardware = 48 * 1024;
    private const int WorkItemsOfEveryDevice = 256;

    // Smaller tiles stand in for these.
    private static readonly string[] s_wantMore = ["convolution-128x64", "heads-128x128"];

    private static readonly KernelLibrary s_library = new(typeof(Convolution).Assembly);

    public static TheoryData<string> Modules => [.. s_library.Modules.Select(module => module.Name)];

    [Theory]
    [MemberData(nameof(Modules))]
    public void Kernels_fit_the_devices_they_are_for(string module)
    {
        KernelModule kernels = s_library[module];
        int localBytes = kernels.DynamicLocalBytes;
        foreach (Match array in SharedArray().Matches(Ptx(module)))
            localBytes += int.Parse(array.Groups["bytes"].Value, CultureInfo.InvariantCulture);
        int most = kernels.Target is not null ? LocalBytesOfNvidiaHardware : s_wantMore.Contains(module) ? int.MaxValue : LocalBytesOfEveryDevice;
        Assert.InRange(localBytes, 0, most);
        Assert.All(s_library[module].Kernels, kernel => Assert.InRange(kernel.GroupSize.Count, 1, WorkItemsOfEveryDevice));
    }

    [Theory]
    [MemberData(nameof(Modules))]
    public void Values_of_a_work_item_stay_in_registers(string module) => Assert.DoesNotContain(".local ", Ptx(module));

    [Theory]
    [InlineData("convolution-128x64")]
    [InlineData("convolution-64x64")]
    [InlineData("heads-128x128")]
    [InlineData("heads-64x96")]
    public void Products_read_four_floats_at_a_time(string module)
    {
        string ptx = Ptx(module);
        Assert.Contains("ld.shared.v4.f32", ptx);
        Assert.Contains("ld.global.nc.v4.f32", ptx);
        Assert.True(ptx.Split("fma.rn.f32").Length > 8 * 64, "A step of the depth is not eight times 64 fused multiply-adds.");
    }

    private static string Ptx(string module) => Encoding.ASCII.GetString(s_library[module].ReadPtx()!);

    [GeneratedRegex(@"\.shared \.align \d+ \.b8 \S+\[(?<bytes>\d+)\]")]
    private static partial Regex SharedArray();
}
