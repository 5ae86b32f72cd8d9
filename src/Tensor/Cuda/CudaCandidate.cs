using Gsasr.Tensors.Cuda.Native;

namespace Gsasr.Tensors.Cuda;

/// <summary>An NVIDIA GPU that fulfils what the kernels need.</summary>
/// <param name="Device">The device.</param>
/// <param name="Description">What people are told about it.</param>
/// <param name="Major">The compute capability's first number.</param>
/// <param name="Minor">The compute capability's second number.</param>
/// <param name="DriverVersion">The CUDA version that the driver supports: 12080 for 12.8.</param>
/// <param name="LocalMemoryBytes">Bytes of local memory that a work-group can have at most.</param>
/// <param name="ProcessorLocalMemoryBytes">Bytes of local memory that all work-groups on a multiprocessor can have at most.</param>
/// <param name="ProcessorCount">Multiprocessors.</param>
internal sealed record CudaCandidate(
    CuDevice Device,
    DeviceDescription Description,
    int Major,
    int Minor,
    int DriverVersion,
    int LocalMemoryBytes,
    int ProcessorLocalMemoryBytes,
    int ProcessorCount);
