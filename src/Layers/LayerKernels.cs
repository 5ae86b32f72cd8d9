using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary>The GPU kernels of the layers, and what their launches have in common.</summary>
internal static class LayerKernels
{
    /// <summary>The kernels that <c>kernels.json</c> names.</summary>
    public static KernelLibrary Library { get; } = new(typeof(LayerKernels).Assembly);

    /// <summary>1 if every pixel's channels are whole float4s on boundaries of 16 bytes, else 0.</summary>
    /// <param name="tensor">The tensor.</param>
    public static int Aligned(in Tensor tensor) => (tensor.Offset | tensor.Pitch | tensor.Channels) % 4 == 0 ? 1 : 0;

    /// <summary>a / b, rounded up.</summary>
    /// <param name="a">Not negative.</param>
    /// <param name="b">At least 1.</param>
    public static int DivideUp(int a, int b) => (int)(((long)a + b - 1) / b);

    /// <summary>Adds a vector's buffer and offset; its pitch means nothing.</summary>
    /// <param name="arguments">The arguments so far.</param>
    /// <param name="vector">The vector; null for none, for which <paramref name="substitute"/> stands in, unread.</param>
    /// <param name="substitute">Any tensor of the device.</param>
    public static void AddVector(this ref KernelArguments arguments, in Tensor? vector, in Tensor substitute)
    {
        Tensor tensor = vector ?? substitute;
        arguments.Add(tensor.Buffer).Add(tensor.Offset);
    }
}
