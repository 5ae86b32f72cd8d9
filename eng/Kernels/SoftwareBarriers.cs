using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace Gsasr.Kernels;

/// <summary>
/// The barriers of <see cref="BulkCopies"/> and their copies, on the processor. Copies are made when somebody waits for them, and not before, so that a kernel which
/// does not wait is found out. One group runs at a time.
/// </summary>
internal static unsafe class SoftwareBarriers
{
    private const int Size = 8;

    // A kernel whose items wait for ever fails.
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(1);

    private static readonly ConcurrentDictionary<int, State> s_barriers = [];

    /// <summary>mbarrier.init.</summary>
    public static void Begin(int barrier, int arrivals)
    {
        if ((nint)SharedAddress.Pointer(barrier) % Size != 0)
            throw new InvalidOperationException($"A barrier lies on no boundary of {Size} bytes.");
        s_barriers[barrier] = new State { Arrivals = arrivals, Missing = arrivals };
    }

    /// <summary>mbarrier.arrive, of an item that expects bytes or none.</summary>
    public static void Arrive(int barrier, int bytes)
    {
        State state = s_barriers[barrier];
        lock (state)
        {
            if (state.Missing == 0)
                throw new InvalidOperationException("More items arrive at a barrier than it was told of.");
            state.Missing--;
            state.ExpectedBytes += bytes;
            EndPhase(state);
        }
    }

    /// <summary>mbarrier.try_wait.parity until it succeeds.</summary>
    public static void Await(int barrier, int odd)
    {
        State state = s_barriers[barrier];
        if ((Volatile.Read(ref state.Phase) & 1) != odd)
            return;
        lock (state)
        {
            DateTime latest = DateTime.UtcNow + s_longest;
            while ((state.Phase & 1) == odd)
            {
                foreach ((nint target, nint source, int bytes) in state.Copies)
                    Buffer.MemoryCopy((void*)source, (void*)target, bytes, bytes);
                state.ExpectedBytes -= state.Copies.Sum(copy => copy.Bytes);
                state.Copies.Clear();
                EndPhase(state);
                if ((state.Phase & 1) == odd && (DateTime.UtcNow > latest || !Monitor.Wait(state, s_longest)))
                    throw new InvalidOperationException("An item waits for a barrier at which nobody arrives.");
            }
        }
    }

    /// <summary>cp.async.bulk.</summary>
    public static void Copy(int sharedAddress, ref short source, int bytes, int barrier)
    {
        var target = (nint)SharedAddress.Pointer(sharedAddress);
        var from = (nint)Unsafe.AsPointer(ref source);
        if (bytes <= 0 || bytes % 16 != 0 || from % 16 != 0 || target % 16 != 0)
            throw new InvalidOperationException($"No GPU copies {bytes} bytes from {from:x} to {target:x} at once.");
        State state = s_barriers[barrier];
        lock (state)
        {
            state.Copies.Add((target, from, bytes));

            // One of those who wait makes it.
            Monitor.Pulse(state);
        }
    }

    /// <summary>atom.inc.</summary>
    public static int Count(int counter, int last)
    {
        lock (s_barriers)
        {
            int before = SharedAddress.Read<int>(counter);
            SharedAddress.Write(counter, before >= last ? 0 : before + 1);
            return before;
        }
    }

    private static void EndPhase(State state)
    {
        if (state.Missing > 0 || state.ExpectedBytes != 0)
            return;
        state.Missing = state.Arrivals;
        Volatile.Write(ref state.Phase, state.Phase + 1);
        Monitor.PulseAll(state);
    }

    private sealed class State
    {
        public int Arrivals;
        public int Missing;
        public int ExpectedBytes;
        public int Phase;

        public List<(nint Target, nint Source, int Bytes)> Copies { get; } = [];
    }
}
