using System.Runtime.InteropServices;

namespace Gsasr.Pipeline;

/// <summary>Memory of the host that grows to the size of the largest image and is used again for the next one.</summary>
internal sealed class HostMemory
{
    private byte[] _bytes = [];

    /// <summary>Memory whose values are undefined. What was taken before must not be used any more.</summary>
    /// <typeparam name="T">What they are.</typeparam>
    /// <param name="count">How many.</param>
    /// <exception cref="NotSupportedException">They are more than an array can hold.</exception>
    public unsafe Span<T> Take<T>(long count)
        where T : unmanaged
    {
        if (count * sizeof(T) > Array.MaxLength)
            throw new NotSupportedException($"{count} values of {sizeof(T)} bytes are more than can be put together in memory; give the work more memory, so that it needs not to be.");
        int bytes = (int)(count * sizeof(T));
        if (_bytes.Length < bytes)
        {
            // Give up the smaller block before the larger one is allocated.
            _bytes = [];
            _bytes = GC.AllocateUninitializedArray<byte>(bytes);
        }

        return MemoryMarshal.Cast<byte, T>(_bytes.AsSpan(0, bytes));
    }
}
