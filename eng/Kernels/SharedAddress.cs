using System.Runtime.CompilerServices;

namespace Gsasr.Kernels;

/// <summary>
/// Addresses of shared memory in 32 bits, as instructions take them, on the processor: the number of an array and the byte within it.
/// </summary>
internal static unsafe class SharedAddress
{
    // The byte is counted from the middle, so that an address may also be a little before the element that it was made of.
    private const int OffsetBits = 20;
    private const int Middle = 1 << (OffsetBits - 1);

    private static readonly Lock s_lock = new();
    private static readonly List<nint> s_elements = [];

    /// <summary>The address of an element that does not move.</summary>
    public static int Of(ref int element)
    {
        var pointer = (nint)Unsafe.AsPointer(ref element);
        lock (s_lock)
        {
            int number = s_elements.IndexOf(pointer);
            if (number < 0)
            {
                number = s_elements.Count;
                s_elements.Add(pointer);
            }

            return number << OffsetBits | Middle;
        }
    }

    /// <summary>Where an address points to.</summary>
    public static byte* Pointer(int address)
    {
        lock (s_lock)
            return (byte*)s_elements[address >> OffsetBits] + (address & ((1 << OffsetBits) - 1)) - Middle;
    }

    /// <summary>What an address points to, a multiple of its size.</summary>
    public static T Read<T>(int address)
        where T : unmanaged => *Aligned<T>(address);

    /// <summary>Writes to an address, a multiple of the value's size.</summary>
    public static void Write<T>(int address, T value)
        where T : unmanaged => *Aligned<T>(address) = value;

    private static T* Aligned<T>(int address)
        where T : unmanaged
    {
        byte* pointer = Pointer(address);
        return (nint)pointer % sizeof(T) == 0
            ? (T*)pointer
            : throw new InvalidOperationException($"A value of {sizeof(T)} bytes in shared memory lies on no boundary of as many.");
    }
}
