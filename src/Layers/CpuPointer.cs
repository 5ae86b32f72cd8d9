using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Layers;

/// <summary>Tensors of the processor as pointers.</summary>
internal static unsafe class CpuPointer
{
    /// <summary>The first value of a tensor.</summary>
    /// <param name="tensor">A tensor in the processor's memory.</param>
    public static float* Of(in Tensor tensor) => (float*)((CpuBuffer)tensor.Buffer).Memory + tensor.Offset;
}
