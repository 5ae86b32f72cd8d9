using Gsasr.Tensors;
using Xunit;

namespace Gsasr.Testing;

/// <summary>
/// The devices that every operation is tested on: <c>[Theory, EachDevice]</c>, or combined with other data by
/// <c>new MatrixTheoryData&lt;string, int&gt;(TestDevices.Names, sizes)</c>.
/// </summary>
public static class TestDevices
{
    // Tests run in parallel, and some count the memory of their device.
    [ThreadStatic]
    private static Dictionary<string, (Device? Device, string Reason)>? t_opened;

    /// <summary>The names of the devices; tests on those that this computer lacks are skipped.</summary>
    public static string[] Names { get; } = ["cpu", "opencl", "cuda"];

    /// <summary>The names of the devices that run GPU kernels.</summary>
    public static string[] GpuNames { get; } = ["opencl", "cuda"];

    /// <summary>The calling thread's device of that name, which stays open; skips the test, with the reason, if there is none.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    public static Device Get(string name)
    {
        t_opened ??= [];
        if (!t_opened.TryGetValue(name, out (Device? Device, string Reason) opened))
        {
            try
            {
                opened = (DeviceCatalog.Open(name), "");
            }
            catch (DeviceException e)
            {
                opened = (null, e.Message);
            }

            t_opened.Add(name, opened);
        }

        if (opened.Device is null)
            Assert.Skip(opened.Reason);
        return opened.Device;
    }

    /// <summary>As <see cref="Get"/>, for one of <see cref="GpuNames"/>.</summary>
    /// <param name="name">One of <see cref="GpuNames"/>.</param>
    public static GpuDevice GetGpu(string name) => (GpuDevice)Get(name);
}
