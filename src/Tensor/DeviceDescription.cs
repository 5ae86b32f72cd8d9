using System.Globalization;

namespace Gsasr.Tensors;

/// <summary>A device that was found and can be opened.</summary>
/// <param name="Kind">The road by which it is reached.</param>
/// <param name="Index">Its number on that road, from 0.</param>
/// <param name="Name">Its name as its driver gives it.</param>
/// <param name="MemoryBytes">Bytes of memory that it has in total.</param>
/// <param name="Driver">The driver and its version.</param>
/// <param name="IsGpu">Whether it is a graphics card and not a processor or another accelerator.</param>
public sealed record DeviceDescription(DeviceKind Kind, int Index, string Name, long MemoryBytes, string Driver, bool IsGpu)
{
    /// <summary>The compute capability of NVIDIA hardware that is reached by CUDA; null for all else.</summary>
    public NvidiaTarget? ComputeCapability { get; init; }

    /// <summary>The name to open it by: "cpu", "opencl:0", "cuda:1".</summary>
    public string Id => Kind switch
    {
        DeviceKind.Cpu => "cpu",
        DeviceKind.OpenCl => string.Create(CultureInfo.InvariantCulture, $"opencl:{Index}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"cuda:{Index}"),
    };
}
