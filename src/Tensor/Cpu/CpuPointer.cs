using System.Runtime.Intrinsics.X86;

namespace Gsasr.Tensors.Cpu;

/// <summary>Tensors and memory of the processor as pointers.</summary>
internal static unsafe class CpuPointer
{
    /// <summary>The first value of a tensor of float32.</summary>
    /// <param name="tensor">A tensor in the processor's memory.</param>
    /// <exception cref="ArgumentException">The values are not float32.</exception>
    public static float* Of(in Tensor tensor)
    {
        tensor.Require(ElementType.Float32);
        return (float*)(Of(tensor.Buffer) + tensor.ByteOffset);
    }

    /// <summary>The first byte of a buffer.</summary>
    /// <param name="buffer">A buffer in the processor's memory.</param>
    public static byte* Of(DeviceBuffer buffer) => ((CpuBuffer)buffer).Memory;

    /// <summary>
    /// Fetches the cache line of a float, so that a later access does not wait for it. Any address will do, even one outside of memory.
    /// Does nothing on processors other than x86.
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
