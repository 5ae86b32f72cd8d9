using System.Runtime.InteropServices;

namespace Gsasr.Pipeline;

/// <summary>Memory of the host that grows with the largest image and is used again for the next, whatever its values are.</summary>
internal sealed class HostMemory
{
    private byte[] _bytes = [];

    /// <summary>Values that are undefined at first; those that were taken before are no longer to be used.</summary>
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
            // First let go of what is too small.
            _bytes = [];
            _bytes = GC.AllocateUninitializedArray<byte>(bytes);
        }

        return MemoryMarshal.Cast<byte, T>(_bytes.AsSpan(0, bytes));
    }
}
