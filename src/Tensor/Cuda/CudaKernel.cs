using Gsasr.Tensors.Cuda.Native;

namespace Gsasr.Tensors.Cuda;

/// <summary>A kernel loaded by the CUDA driver, in a module of its own.</summary>
internal sealed class CudaKernel(Kernel kernel, CuModule module, CuFunction function) : GpuKernel(kernel)
{
    public CuModule Module { get; } = module;

    public CuFunction Function { get; } = function;
}
