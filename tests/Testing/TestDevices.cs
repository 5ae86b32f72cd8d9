using Gsasr.Tensors;
using Xunit;

namespace Gsasr.Testing;

/// <summary>
/// The devices that every operation is tested on: <c>[Theory, EachDevice]</c>, or combined with other data by
/// <c>new MatrixTheoryData&lt;string, int&gt;(TestDevices.Names, sizes)</c>. A test is skipped where the computer has no such
/// device, and for no other reason: one that is there and fails fails the test.
/// </summary>
public static class TestDevices
{
    /// <summary>
    /// An environment variable: the names of the devices that must be there, with commas in between, as in "cpu,opencl". Tests on
    /// them are never skipped.
    /// </summary>
    public const string RequiredVariable = "GSASR_REQUIRE_DEVICES";

    // Tests run in parallel, and some count the memory of their device.
    [ThreadStatic]
    private static Dictionary<string, (Device? Device, string Reason)>? t_opened;

    /// <summary>The names of the devices; tests on those that this computer lacks are skipped.</summary>
    public static string[] Names { get; } = ["cpu", "opencl", "cuda"];

    /// <summary>The names of the devices that run GPU kernels.</summary>
    public static string[] GpuNames { get; } = ["opencl", "cuda"];

    /// <summary>The names in <see cref="RequiredVariable"/>.</summary>
    /// <exception cref="InvalidOperationException">One of them is no device's name.</exception>
    public static string[] Required { get; } = ReadRequired(Environment.GetEnvironmentVariable(RequiredVariable));

    /// <summary>The calling thread's device of that name, which stays open; skips the test, with the reason, if there is none.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <exception cref="DeviceException">The device is there or must be there, and cannot be opened.</exception>
    public static Device Get(string name)
    {
        t_opened ??= [];
        if (!t_opened.TryGetValue(name, out (Device? Device, string Reason) opened))
        {
            DeviceCatalog catalog = DeviceCatalog.Find();
            opened = ReasonToSkip(name, catalog.Devices, catalog.Refusals, Required) is string reason
                ? (null, reason)
                : (DeviceCatalog.Open(name), "");
            t_opened.Add(name, opened);
        }

        if (opened.Device is null)
            Assert.Skip(opened.Reason);
        return opened.Device;
    }

    /// <summary>As <see cref="Get"/>, for one of <see cref="GpuNames"/>.</summary>
    /// <param name="name">One of <see cref="GpuNames"/>.</param>
    internal static GpuDevice GetGpu(string name) => (GpuDevice)Get(name);

    /// <summary>Whether a device is a GPU, and not a processor behind OpenCL.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    public static bool IsGpu(string name) => DeviceCatalog.Find().Devices.Any(device => device.Kind == KindOf(name) && device.IsGpu);

    /// <summary>Why tests on a device are skipped; null if they run, and fail where the device does.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="devices">The devices that were found.</param>
    /// <param name="refusals">What was refused.</param>
    /// <param name="required">The names of the devices that must be there.</param>
    public static string? ReasonToSkip(
        string name, IReadOnlyList<DeviceDescription> devices, IReadOnlyList<DeviceRefusal> refusals, IReadOnlyCollection<string> required)
    {
        ArgumentNullException.ThrowIfNull(devices);
        ArgumentNullException.ThrowIfNull(refusals);
        ArgumentNullException.ThrowIfNull(required);
        DeviceKind kind = KindOf(name);
        DeviceRefusal[] ofKind = [.. refusals.Where(refusal => refusal.Kind == kind)];
        bool isThere = devices.Any(device => device.Kind == kind) || ofKind.Any(refusal => refusal.Cause == RefusalCause.Failed);
        if (isThere || required.Contains(name))
            return null;
        return $"This computer has no {name} device for the tests: {string.Join("; ", ofKind.Select(refusal => refusal.ToString()))}.";
    }

    /// <summary>Reads the names in <see cref="RequiredVariable"/>.</summary>
    /// <param name="text">What the variable holds.</param>
    /// <exception cref="InvalidOperationException">One of them is no device's name.</exception>
    public static string[] ReadRequired(string? text)
    {
        string[] names = (text ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        foreach (string name in names.Where(name => !Names.Contains(name)))
            throw new InvalidOperationException($"{RequiredVariable} names '{name}', which is none of {string.Join(", ", Names)}.");
        return names;
    }

    private static DeviceKind KindOf(string name) => name switch
    {
        "cpu" => DeviceKind.Cpu,
        "opencl" => DeviceKind.OpenCl,
        "cuda" => DeviceKind.Cuda,
        _ => throw new ArgumentException($"'{name}' is none of {string.Join(", ", Names)}.", nameof(name)),
    };
}
