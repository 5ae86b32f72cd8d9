using System.Runtime.CompilerServices;

namespace Gsasr.Tensors;

/// <summary>Consecutive elements of a buffer, as a kernel's argument.</summary>
/// <typeparam name="T">The type that the elements have in the kernel.</typeparam>
internal readonly record struct BufferView<T>
    where T : unmanaged
{
    /// <summary>All of a buffer.</summary>
    /// <param name="buffer">The buffer; bytes at its end that are no whole element are left out.</param>
    public BufferView(DeviceBuffer buffer)
        : this(buffer, 0, (buffer ?? throw new ArgumentNullException(nameof(buffer))).ByteLength / Unsafe.SizeOf<T>())
    {
    }

    /// <summary>A part of a buffer.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">The first element.</param>
    /// <param name="length">How many elements.</param>
    /// <exception cref="ArgumentOutOfRangeException">The buffer has no such elements.</exception>
    public BufferView(DeviceBuffer buffer, long offset, long length)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        long elements = buffer.ByteLength / Unsafe.SizeOf<T>();
        if (offset < 0 || length < 0 || offset > elements - length)
        {
            throw new ArgumentOutOfRangeException(
                nameof(offset), $"Elements {offset} to {offset + length} lie outside a buffer of {elements}.");
        }

        Buffer = buffer;
        Offset = offset;
        Length = length;
    }

    /// <summary>The memory.</summary>
    public DeviceBuffer Buffer { get; }

    /// <summary>The first element.</summary>
    public long Offset { get; }

    /// <summary>How many elements.</summary>
    public long Length { get; }
}
