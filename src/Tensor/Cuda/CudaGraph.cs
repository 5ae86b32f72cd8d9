using Gsasr.Tensors.Cuda.Native;

namespace Gsasr.Tensors.Cuda;

/// <summary>A sequence of launches that the CUDA driver starts with one call.</summary>
internal sealed class CudaGraph(CudaDevice device, CuGraphExec graph, GpuKernel? lastKernel) : GpuGraph
{
    public override void Launch() => device.Launch(graph, lastKernel);

    public override void Release() => device.Destroy(graph);
}
