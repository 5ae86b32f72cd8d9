namespace Gsasr.Tensors;

/// <summary>A kernel loaded by a device and owned by it.</summary>
internal abstract class GpuKernel(Kernel kernel)
{
    /// <summary>Which kernel this is.</summary>
    public Kernel Kernel { get; } = kernel;
}
