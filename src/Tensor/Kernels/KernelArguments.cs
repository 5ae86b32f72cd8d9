using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Gsasr.Tensors;

/// <summary>
/// The arguments of one launch, in the order of the kernel's parameters, on the stack: <c>new KernelArguments().Add(x).Add(count)</c>.
/// </summary>
/// <remarks>
/// A tensor is three parameters of a kernel: <c>global float* x, int xOffset, int xPitch</c>. A buffer is one:
/// <c>global float* x</c>, with the kernel's own element type.
/// </remarks>
public ref struct KernelArguments
{
    /// <summary>The most parameters that a kernel may have.</summary>
    public const int Capacity = 64;

    private Values _values;
    private Kinds _kinds;

    /// <summary>How many parameters were given.</summary>
    public int Count { get; private set; }

    /// <summary>The device of the buffers among the arguments; null if there is none.</summary>
    internal GpuDevice? Device { get; private set; }

    [UnscopedRef]
    internal readonly ReadOnlySpan<long> Bits => ((ReadOnlySpan<long>)_values)[..Count];

    [UnscopedRef]
    internal readonly ReadOnlySpan<KernelArgumentKind> KindSpan => ((ReadOnlySpan<KernelArgumentKind>)_kinds)[..Count];

    /// <summary>Adds a pointer to the start of a buffer.</summary>
    /// <param name="buffer">A buffer of the device that will run the kernel.</param>
    /// <exception cref="ArgumentException">The buffer lies on another device than those before, or on none that runs kernels.</exception>
    [UnscopedRef]
    public ref KernelArguments Add(DeviceBuffer buffer)
    {
        if (buffer is not GpuBuffer gpuBuffer)
            throw new ArgumentException($"A kernel cannot use memory of {buffer?.Device.Name ?? "no device"}.", nameof(buffer));
        var device = (GpuDevice)gpuBuffer.Device;
        if (Device is not null && Device != device)
            throw new ArgumentException($"A kernel cannot use memory of {Device.Name} and of {device.Name} at once.", nameof(buffer));
        Device = device;
        return ref Add(gpuBuffer.Handle, KernelArgumentKind.Buffer);
    }

    /// <summary>Adds an <c>int</c>.</summary>
    /// <param name="value">The value.</param>
    [UnscopedRef]
    public ref KernelArguments Add(int value) => ref Add((uint)value, KernelArgumentKind.Int32);

    /// <summary>Adds a <c>float</c>.</summary>
    /// <param name="value">The value.</param>
    [UnscopedRef]
    public ref KernelArguments Add(float value) => ref Add(BitConverter.SingleToUInt32Bits(value), KernelArgumentKind.Float32);

    /// <summary>Adds a tensor: its buffer, its offset and its pitch, both in floats.</summary>
    /// <param name="tensor">A tensor on the device that will run the kernel.</param>
    /// <exception cref="ArgumentException">It lies on another device than the buffers before.</exception>
    [UnscopedRef]
    public ref KernelArguments Add(in Tensor tensor) => ref Add(tensor.Buffer).Add(tensor.Offset).Add(tensor.Pitch);

    [UnscopedRef]
    private ref KernelArguments Add(long bits, KernelArgumentKind kind)
    {
        if (Count == Capacity)
            throw new InvalidOperationException($"A kernel has at most {Capacity} parameters.");
        _values[Count] = bits;
        _kinds[Count] = kind;
        Count++;
        return ref this;
    }

    [InlineArray(Capacity)]
    private struct Values
    {
        private long _first;
    }

    [InlineArray(Capacity)]
    private struct Kinds
    {
        private KernelArgumentKind _first;
    }
}
