using Gsasr.Tensors.Cuda.Native;

namespace Gsasr.Tensors.Cuda;

/// <summary>A kernel loaded by the CUDA driver.</summary>
internal sealed class CudaKernel : GpuKernel
{
    private readonly KernelArgumentKind[] _parameters;

    public CudaKernel(KernelId id, CuFunction function, KernelArgumentKind[] parameters)
        : base(id, parameters.Length)
    {
        Function = function;
        _parameters = parameters;
    }

    public CuFunction Function { get; }

    /// <summary>What the parameters hold; the driver itself would take any bytes for any parameter.</summary>
    public ReadOnlySpan<KernelArgumentKind> Parameters => _parameters;
}
