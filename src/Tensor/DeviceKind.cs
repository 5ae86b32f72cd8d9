namespace Gsasr.Tensors;

/// <summary>The road by which a device is reached.</summary>
public enum DeviceKind
{
    /// <summary>The processor, through managed SIMD code; always there.</summary>
    Cpu,

    /// <summary>A device of any vendor, through an OpenCL 1.2 driver.</summary>
    OpenCl,

    /// <summary>An NVIDIA card, through its CUDA driver.</summary>
    Cuda,
}
