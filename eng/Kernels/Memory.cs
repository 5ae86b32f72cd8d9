using System.Runtime.CompilerServices;

namespace Gsasr.Kernels;

/// <summary>Reads and writes several numbers at once, on the processor, and as strict about boundaries as a GPU is.</summary>
internal static class Memory
{
    /// <summary>Reads a value that lies on a boundary of its own size.</summary>
    public static TValue Read<TElement, TValue>(ref TElement first)
        where TValue : unmanaged
    {
        Check<TElement, TValue>(ref first);
        return Unsafe.As<TElement, TValue>(ref first);
    }

    /// <summary>Writes a value that lies on a boundary of its own size.</summary>
    public static void Write<TElement, TValue>(ref TElement first, TValue value)
        where TValue : unmanaged
    {
        Check<TElement, TValue>(ref first);
        Unsafe.As<TElement, TValue>(ref first) = value;
    }

    private static unsafe void Check<TElement, TValue>(ref TElement first)
        where TValue : unmanaged
    {
        if ((nuint)Unsafe.AsPointer(ref first) % (nuint)sizeof(TValue) != 0)
            throw new InvalidOperationException($"{typeof(TValue).Name} lies on no boundary of {sizeof(TValue)} bytes, as a GPU needs it.");
    }
}
