using Gsasr.Tensors.OpenCl.Native;

namespace Gsasr.Tensors.OpenCl;

/// <summary>A kernel compiled by an OpenCL driver, in a program of its own.</summary>
internal sealed class OpenClKernel(Kernel kernel, ClProgram program, ClKernel handle) : GpuKernel(kernel), IDisposable
{
    public ClKernel Handle { get; } = handle;

    public void Dispose()
    {
        Handle.Dispose();
        program.Dispose();
    }
}
