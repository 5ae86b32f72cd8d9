using System.Runtime.Intrinsics.X86;
using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Layers;

/// <summary>Tensors and memory of the processor as pointers.</summary>
internal static unsafe class CpuPointer
{
    /// <summary>The first value of a tensor.</summary>
    /// <param name="tensor">A tensor in the processor's memory.</param>
    public static float* Of(in Tensor tensor) => (float*)((CpuBuffer)tensor.Buffer).Memory + tensor.Offset;

    /// <summary>
    /// Has a float's line of the cache fetched, so that a later access does not wait for it. Any address will do, outside of
    /// memory too. Does nothing on processors other than x86.
    /// </summary>
    /// <param name="address">The float.</param>
    public static void Prefetch(float* address)
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(address);
    }

    /// <summary>Copies floats.</summary>
    /// <param name="source">The first float.</param>
    /// <param name="target">Where it goes.</param>
    /// <param name="count">How many there are.</param>
    public static void Copy(float* source, float* target, int count) =>
        new ReadOnlySpan<float>(source, count).CopyTo(new Span<float>(target, count));
}
