using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Gsasr.Tensors;

/// <summary>The arguments of one launch, in the order of the kernel's parameters, on the stack.</summary>
internal ref struct KernelArguments
{
    /// <summary>The most parameters that a kernel may have.</summary>
    public const int Capacity = 40;

    private Values _values;

    /// <summary>How many parameters were given.</summary>
    public int Count { get; private set; }

    /// <summary>The device of the buffers among the arguments; null if there is none.</summary>
    internal GpuDevice? Device { get; private set; }

    [UnscopedRef]
    internal readonly ReadOnlySpan<KernelArgument> Span => ((ReadOnlySpan<KernelArgument>)_values)[..Count];

    /// <summary>Adds elements of a buffer.</summary>
    /// <param name="view">Elements of a buffer of the device that will run the kernel.</param>
    /// <typeparam name="T">The type that the elements have in the kernel.</typeparam>
    /// <exception cref="ArgumentException">The buffer lies on another device than those before, or on none that runs kernels.</exception>
    public void Add<T>(BufferView<T> view)
        where T : unmanaged
    {
        if (view.Buffer is not GpuBuffer gpuBuffer)
            throw new ArgumentException($"A kernel cannot use memory of {view.Buffer?.Device.Name ?? "no device"}.", nameof(view));
        var device = (GpuDevice)gpuBuffer.Device;
        if (Device is not null && Device != device)
            throw new ArgumentException($"A kernel cannot use memory of {Device.Name} and of {device.Name} at once.", nameof(view));
        Device = device;
        Add(new KernelArgument(gpuBuffer.Handle, view.Offset, view.Length, Unsafe.SizeOf<T>()));
    }

    /// <summary>Adds an <c>int</c>.</summary>
    /// <param name="value">The value.</param>
    public void Add(int value) => Add(new KernelArgument(value));

    /// <summary>Adds a <c>float</c>.</summary>
    /// <param name="value">The value.</param>
    public void Add(float value) => Add(new KernelArgument(BitConverter.SingleToInt32Bits(value)));

    private void Add(KernelArgument argument)
    {
        if (Count == Capacity)
            throw new InvalidOperationException($"A kernel has at most {Capacity} parameters.");
        _values[Count++] = argument;
    }

    [InlineArray(Capacity)]
    private struct Values
    {
        private KernelArgument _first;
    }
}
