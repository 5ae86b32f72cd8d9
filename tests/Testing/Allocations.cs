namespace Gsasr.Testing;

/// <summary>What work allocates on the garbage-collected heap.</summary>
public static class Allocations
{
    private const int Attempts = 5;

    /// <summary>
    /// The fewest bytes that the calling thread allocates in some attempts: a collection that other tests cause meanwhile counts what
    /// is left of the thread's allocation buffer, some kilobytes, as allocated too, but not every time.
    /// </summary>
    /// <param name="work">The work.</param>
    public static long Least(Action work)
    {
        ArgumentNullException.ThrowIfNull(work);
        long least = long.MaxValue;
        for (int attempt = 0; attempt < Attempts && least > 0; attempt++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            work();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
