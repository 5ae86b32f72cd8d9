using ILGPU.IR.Intrinsics;

namespace Gsasr.Kernels;

/// <summary>
/// Copies of whole blocks from global to shared memory that one item starts, and the barriers that tell when they are there, on NVIDIA's Hopper (target sm_90a).
/// A barrier, 8 bytes on a boundary of 8, goes through phases. A phase ends when an item has arrived, and as many bytes as it
/// expects. Its number is even or odd. The bodies in C# are for tests that run kernels on the processor.
/// </summary>
public static class BulkCopies
{
    /// <summary>Makes a barrier, in its phase 0, of which one arrival ends a phase. A barrier of the group must follow before others use it.</summary>
    /// <param name="barrier">Its address in shared memory.</param>
    [Instruction("mbarrier.init.shared::cta.b64 [%0], 1;", null), IntrinsicImplementation]
    public static void InitializeBarrier(int barrier) => SoftwareBarriers.Initialize(barrier);

    /// <summary>Makes the barriers that the item initialized visible to copies.</summary>
    [Instruction("fence.mbarrier_init.release.cluster;", null), IntrinsicImplementation]
    public static void FenceBarriers()
    {
    }

    /// <summary>Arrives, and says how many more bytes end the phase.</summary>
    /// <param name="barrier">The barrier's address.</param>
    /// <param name="bytes">The bytes.</param>
    [Instruction("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;", null), IntrinsicImplementation]
    public static void ArriveExpecting(int barrier, int bytes) => SoftwareBarriers.ArriveExpecting(barrier, bytes);

    /// <summary>Waits for the end of a phase. What was copied for it can then be read, by products of warpgroups too.</summary>
    /// <param name="barrier">The barrier's address.</param>
    /// <param name="parity">Of the phase's number: 0 for the first, 1 for the second, 0 for the third. It is the phase under way or the one before.</param>
    [Instruction("{ .reg .pred ended; wait: mbarrier.try_wait.parity.shared::cta.b64 ended, [%0], %1; @!ended bra wait; }", null), IntrinsicImplementation]
    public static void Await(int barrier, int parity) => SoftwareBarriers.Await(barrier, parity);

    /// <summary>Starts a copy. Both addresses lie on boundaries of 16 bytes.</summary>
    /// <param name="sharedAddress">Where it goes.</param>
    /// <param name="source">The first number.</param>
    /// <param name="bytes">How much, a multiple of 16.</param>
    /// <param name="barrier">The barrier that expects it.</param>
    [Instruction("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];", null), IntrinsicImplementation]
    public static void Start(int sharedAddress, ref short source, int bytes, int barrier) => SoftwareBarriers.Copy(sharedAddress, ref source, bytes, barrier);

    /// <summary>Makes a counter, 4 bytes on a boundary of 4, which counts from 0. A barrier of the group must follow before others use it.</summary>
    /// <param name="counter">Its address in shared memory.</param>
    [Instruction("st.shared.u32 [%0], 0;", null), IntrinsicImplementation]
    public static void InitializeCounter(int counter) => SharedAddress.Write(counter, 0);

    /// <summary>Counts, and begins at 0 again after a last number. What items did before they counted has happened for who gets a later number.</summary>
    /// <param name="counter">The counter's address.</param>
    /// <param name="last">The last number.</param>
    /// <returns>The number before.</returns>
    [Instruction("atom.acq_rel.cta.shared.inc.u32 %0, [%1], %2;", null), IntrinsicImplementation]
    public static int Count(int counter, int last) => SoftwareBarriers.Count(counter, last);
}
