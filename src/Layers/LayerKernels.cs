using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary>What the launches of GPU kernels have in common.</summary>
internal static class LayerKernels
{
    /// <summary>1 if every pixel's channels are whole float4s on boundaries of 16 bytes, else 0.</summary>
    /// <param name="tensor">The tensor.</param>
    public static int Aligned(in Tensor tensor) => tensor.Offset % 4 == 0 && (tensor.Pitch | tensor.Channels) % 4 == 0 ? 1 : 0;

    /// <summary>a / b, rounded up.</summary>
    /// <param name="a">Not negative.</param>
    /// <param name="b">At least 1.</param>
    public static int DivideUp(int a, int b) => (int)(((long)a + b - 1) / b);
}
