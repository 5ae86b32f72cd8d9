using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Raster.Tests;

/// <summary>The devices that every test of an operation runs on.</summary>
internal static class RasterDevices
{
    public static TheoryData<string> Names => ["cpu"];

    public static Device Open(string name) => name switch
    {
        "cpu" => new CpuDevice(),
        _ => throw new ArgumentException($"There is no device {name}.", nameof(name)),
    };
}
