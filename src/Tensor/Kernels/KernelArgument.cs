namespace Gsasr.Tensors;

/// <summary>An argument of a launch: elements of a buffer, or 32 bits.</summary>
/// <param name="Handle">The driver's handle of the buffer; 0 for 32 bits.</param>
/// <param name="Offset">The first element; the bits themselves if there is no buffer.</param>
/// <param name="Length">How many elements.</param>
/// <param name="ElementBytes">Bytes of an element; 0 if there is no buffer.</param>
internal readonly record struct KernelArgument(nint Handle, long Offset, long Length, int ElementBytes)
{
    /// <summary>An int, or the bits of a float.</summary>
    public KernelArgument(int bits)
        : this(0, bits, 0, 0)
    {
    }

    /// <summary>Whether it is a buffer's elements.</summary>
    public bool IsView => ElementBytes != 0;
}
