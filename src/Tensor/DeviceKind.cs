namespace Gsasr.Tensors;

/// <summary>The backend: how a device is reached.</summary>
public enum DeviceKind
{
    /// <summary>The processor, through managed SIMD code; always there.</summary>
    Cpu,

    /// <summary>A device of any vendor, through an OpenCL 1.2 driver.</summary>
    OpenCl,

    /// <summary>An NVIDIA GPU, through its CUDA driver.</summary>
    Cuda,
}
