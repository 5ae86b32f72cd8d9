using System.Diagnostics;
using Gsasr.Tensors;
using Gsasr.Testing;

namespace Gsasr.Devices.Tests;

public sealed class DeviceCatalogTests
{
    [Fact]
    public void Every_device_listed_can_be_opened_by_its_name()
    {
        DeviceCatalog catalog = DeviceCatalog.Find();
        Assert.Equal("cpu", catalog.Devices[^1].Id);
        foreach (DeviceDescription description in catalog.Devices)
        {
            Assert.True(description.MemoryBytes > 0);
            Assert.NotEqual("", description.Driver);
            using Device device = DeviceCatalog.Open(description.Id);
            Assert.Equal((description.Kind, description.Name), (device.Kind, device.Name));
        }

        // Each backend without a device says why.
        foreach (DeviceKind kind in (DeviceKind[])[DeviceKind.Cuda, DeviceKind.OpenCl])
        {
            if (!catalog.Devices.Any(device => device.Kind == kind))
                Assert.Contains(catalog.Refusals, refusal => refusal.Kind == kind && refusal.Reason.Length > 0);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("gpu")]
    [InlineData("CPU")]
    [InlineData("cpu:0")]
    [InlineData("opencl:")]
    [InlineData("opencl:-1")]
    [InlineData("cuda:x")]
    [InlineData("cuda:99999999999")]
    [InlineData("opencl:0:0")]
    public void A_name_that_means_no_device_is_refused(string name)
    {
        var exception = Assert.Throws<ArgumentException>(() => DeviceCatalog.Open(name));
        Assert.Contains("auto, cpu, opencl, cuda", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("opencl:99")]
    [InlineData("cuda:99")]
    public void A_device_that_is_not_there_is_answered_with_those_that_are(string name)
    {
        var exception = Assert.Throws<DeviceException>(() => DeviceCatalog.Open(name));
        Assert.StartsWith($"There is no device '{name}'", exception.Message, StringComparison.Ordinal);
        foreach (DeviceDescription device in DeviceCatalog.Find().Devices)
            Assert.Contains(device.Id, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Auto_takes_a_card_or_else_the_processor_and_says_why()
    {
        DeviceCatalog catalog = DeviceCatalog.Find();
        using Device device = DeviceCatalog.Open("auto", out string? note);
        if (catalog.Devices.FirstOrDefault(candidate => candidate.IsGpu) is { } gpu)
        {
            Assert.Equal(gpu.Name, device.Name);
            return;
        }

        Assert.Equal(DeviceKind.Cpu, device.Kind);
        Assert.StartsWith("Running on the processor", note, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(nameof(Without_drivers_there_is_the_processor), "/nowhere/libnone.so")]
    [InlineData(nameof(A_library_that_is_no_driver_is_reported), "libc.so.6")]
    public void A_driver_that_is_missing_or_wrong_does_no_harm(string test, string library)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Uses a system library's name.");

        // Libraries are loaded once per process, so another one is needed.
        RunAlone(test, ("GSASR_OPENCL_LIBRARY", library), ("GSASR_CUDA_LIBRARY", library));
    }

    [Fact]
    public void A_driver_without_devices_is_reported()
    {
        DeviceDescription[] devices = [.. DeviceCatalog.Find().Devices.Where(device => device.Kind == DeviceKind.OpenCl)];
        if (devices.Length == 0 || !devices.All(device => device.Driver.StartsWith("Portable Computing Language", StringComparison.Ordinal)))
            Assert.Skip("Takes away the devices of PoCL, which must be the only driver.");
        RunAlone(nameof(Without_devices_the_driver_is_named), ("POCL_DEVICES", "none"));
    }

    [Fact(Explicit = true)]
    public void Without_devices_the_driver_is_named()
    {
        DeviceCatalog catalog = DeviceCatalog.Find();
        Assert.DoesNotContain(catalog.Devices, device => device.Kind == DeviceKind.OpenCl);
        DeviceRefusal refusal = Assert.Single(catalog.Refusals, refusal => refusal.Kind == DeviceKind.OpenCl);
        Assert.Equal("Portable Computing Language: this OpenCL driver found no device", $"{refusal}");
        Assert.Equal(RefusalCause.Absent, refusal.Cause);
    }

    private static void RunAlone(string test, params (string Name, string Value)[] environment)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "Gsasr.Devices.Tests");
        var start = new ProcessStartInfo(program, ["-explicit", "only", "-method", $"*.{test}"]) { RedirectStandardOutput = true };
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, output);
        Assert.Contains("Total: 1, Errors: 0, Failed: 0, Skipped: 0", output, StringComparison.Ordinal);
    }

    [Fact(Explicit = true)]
    public void Without_drivers_there_is_the_processor()
    {
        DeviceCatalog catalog = DeviceCatalog.Find();
        Assert.Equal("cpu", Assert.Single(catalog.Devices).Id);
        Assert.Equal(2, catalog.Refusals.Count);
        Assert.All(catalog.Refusals, refusal => Assert.Contains("'/nowhere/libnone.so'", refusal.Reason, StringComparison.Ordinal));
        Assert.Contains(catalog.Refusals, refusal => refusal.Reason.Contains("GSASR_OPENCL_LIBRARY", StringComparison.Ordinal));
        using Device device = DeviceCatalog.Open("auto", out string? note);
        Assert.Equal(DeviceKind.Cpu, device.Kind);
        Assert.Contains("no OpenCL loader found", note, StringComparison.Ordinal);
        Assert.Contains("no CUDA driver found", note, StringComparison.Ordinal);
        Assert.Throws<DeviceException>(() => DeviceCatalog.Open("opencl"));
        Assert.Throws<DeviceException>(() => DeviceCatalog.Open("cuda"));
    }

    [Fact(Explicit = true)]
    public void A_library_that_is_no_driver_is_reported()
    {
        DeviceCatalog catalog = DeviceCatalog.Find();
        Assert.Equal("cpu", Assert.Single(catalog.Devices).Id);
        Assert.Equal(2, catalog.Refusals.Count(refusal => refusal.Cause != RefusalCause.Absent));
        using Device device = DeviceCatalog.Open("auto", out string? note);
        Assert.Equal(DeviceKind.Cpu, device.Kind);
        Assert.Contains("cuInit", note, StringComparison.Ordinal);
        Assert.Contains("clGetPlatformIDs", note, StringComparison.Ordinal);
        Assert.Contains("'libc.so.6'", note, StringComparison.Ordinal);
        Assert.DoesNotContain("gsasr-", note, StringComparison.Ordinal);
    }
}
