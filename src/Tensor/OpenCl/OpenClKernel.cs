using Gsasr.Tensors.OpenCl.Native;

namespace Gsasr.Tensors.OpenCl;

/// <summary>A kernel compiled by an OpenCL driver.</summary>
internal sealed class OpenClKernel : GpuKernel
{
    public OpenClKernel(KernelId id, ClKernel handle)
        : base(id, (int)ClQuery.KernelValue<uint>(handle, ClConstants.CL_KERNEL_NUM_ARGS)) => Handle = handle;

    public ClKernel Handle { get; }
}
