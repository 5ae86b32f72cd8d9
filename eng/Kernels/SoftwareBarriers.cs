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

    /// <summary>Forgets the barriers of the last kernel. Called before every launch.</summary>
    /// <exception cref="InvalidOperationException">The kernel ended while copies were on their way.</exception>
    public static void Reset()
    {
        bool isLeft = s_barriers.Values.Any(state => state.Copies.Count > 0);
        s_barriers.Clear();
        if (isLeft)
            throw new InvalidOperationException("The last kernel ended while copies were on their way, which nobody waited for.");
    }

    /// <summary>mbarrier.init, for one arrival a phase.</summary>
    public static void Initialize(int barrier)
    {
        if ((nint)SharedAddress.Pointer(barrier) % Size != 0)
            throw new InvalidOperationException($"A barrier lies on no boundary of {Size} bytes.");
        s_barriers[barrier] = new State();
    }

    /// <summary>mbarrier.arrive.expect_tx.</summary>
    public static void ArriveExpecting(int barrier, int bytes)
    {
        State state = s_barriers[barrier];
        lock (state)
        {
            if (state.HasArrived)
                throw new InvalidOperationException("A second item arrives at a barrier.");
            state.HasArrived = true;
            state.ExpectedBytes += bytes;
            EndPhase(state);
        }
    }

    /// <summary>mbarrier.try_wait.parity until it succeeds.</summary>
    public static void Await(int barrier, int parity)
    {
        State state = s_barriers[barrier];
        if ((Volatile.Read(ref state.Phase) & 1) != parity)
            return;
        lock (state)
        {
            DateTime latest = DateTime.UtcNow + s_longest;
            while ((state.Phase & 1) == parity)
            {
                foreach ((nint target, nint source, int bytes) in state.Copies)
                    Buffer.MemoryCopy((void*)source, (void*)target, bytes, bytes);
                state.ExpectedBytes -= state.Copies.Sum(copy => copy.Bytes);
                state.Copies.Clear();
                EndPhase(state);
                if ((state.Phase & 1) == parity && (DateTime.UtcNow > latest || !Monitor.Wait(state, s_longest)))
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
        if (!state.HasArrived || state.ExpectedBytes != 0)
            return;
        state.HasArrived = false;
        Volatile.Write(ref state.Phase, state.Phase + 1);
        Monitor.PulseAll(state);
    }

    private sealed class State
    {
        public bool HasArrived;
        public int ExpectedBytes;
        public int Phase;

        public List<(nint Target, nint Source, int Bytes)> Copies { get; } = [];
    }
}
