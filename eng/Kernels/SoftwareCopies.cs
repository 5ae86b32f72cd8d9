using System.Runtime.CompilerServices;

namespace Gsasr.Kernels;

/// <summary>
/// Copies from global to shared memory that a work-item starts and waits for, on the processor. They are made when they are waited for,
/// and not before, so that a kernel which does not wait is found out; or at once, as on Turing, so that one which copies where others still read is.
/// </summary>
public static unsafe class SoftwareCopies
{
    // An item is a thread.
    [ThreadStatic]
    private static List<(nint Target, nint Source, int Size)>? s_started;

    [ThreadStatic]
    private static Queue<List<(nint Target, nint Source, int Size)>>? s_groups;

    [ThreadStatic]
    private static int s_launchOfItem;

    private static int s_launch;

    private static bool s_atOnce;

    /// <summary>Forgets copies that the last kernel did not wait for. Called before every launch.</summary>
    /// <param name="atOnce">Whether the copies of the next kernel are made when they are started.</param>
    /// <exception cref="InvalidOperationException">The last kernel ended before copies in bulk were made, which then write into memory that may be another group's.</exception>
    public static void Reset(bool atOnce)
    {
        s_launch++;
        s_atOnce = atOnce;
        SoftwareBarriers.Reset();
    }

    internal static void Start<T>(int sharedAddress, ref T source, int bytes, int size)
        where T : unmanaged
    {
        var target = (nint)SharedAddress.Pointer(sharedAddress);
        var from = (nint)Unsafe.AsPointer(ref source);
        if ((bytes != 0 && (bytes != size || from % size != 0)) || target % size != 0)
            throw new InvalidOperationException($"No GPU copies {bytes} bytes from {from:x} to {target:x}.");
        if (s_atOnce)
        {
            Copy(target, bytes == 0 ? 0 : from, size);
            return;
        }

        ForgetOthers();
        (s_started ??= []).Add((target, bytes == 0 ? 0 : from, size));
    }

    internal static void EndGroup()
    {
        ForgetOthers();
        (s_groups ??= []).Enqueue(s_started ?? []);
        s_started = null;
    }

    internal static void WaitFor(int pending)
    {
        while (s_groups is not null && s_groups.Count > pending)
        {
            foreach ((nint target, nint source, int size) in s_groups.Dequeue())
                Copy(target, source, size);
        }
    }

    private static void Copy(nint target, nint source, int size)
    {
        var bytes = new Span<byte>((void*)target, size);
        if (source == 0)
            bytes.Clear();
        else
            new ReadOnlySpan<byte>((void*)source, size).CopyTo(bytes);
    }

    private static void ForgetOthers()
    {
        if (s_launchOfItem == s_launch)
            return;
        s_launchOfItem = s_launch;
        s_started = null;
        s_groups = null;
    }
}
