using System.Runtime.CompilerServices;

namespace Gsasr.Raster.Cpu;

/// <summary>Functions of vectors of floats.</summary>
internal static class Lanes
{
    // 2^-f on [-0.5, 0.5] as a polynomial with constant term 1, found by a Remez exchange; relative error 3.9e-9.
    private const float C1 = -0.6931472253950105f;
    private const float C2 = 0.24022651084117086f;
    private const float C3 = -0.055502973141999895f;
    private const float C4 = 0.009618030782527848f;
    private const float C5 = -0.0013410000965924688f;
    private const float C6 = 0.00015469731972029576f;

    // Adding 1.5 * 2^23 rounds a float to a whole number and leaves that number in the low bits.
    private const float RoundingBias = 12582912f;

    /// <summary>2^-x for x from 0 to 125, within 2 units in the last place; anything for other values.</summary>
    /// <typeparam name="TLanes">The vector.</typeparam>
    /// <param name="x">The exponents.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes PowerOfHalf<TLanes>(TLanes x)
        where TLanes : unmanaged, IFloatLanes<TLanes>
    {
        TLanes biased = x + TLanes.Broadcast(RoundingBias);
        TLanes f = x - (biased - TLanes.Broadcast(RoundingBias));
        TLanes p = TLanes.MultiplyAdd(TLanes.Broadcast(C6), f, TLanes.Broadcast(C5));
        p = TLanes.MultiplyAdd(p, f, TLanes.Broadcast(C4));
        p = TLanes.MultiplyAdd(p, f, TLanes.Broadcast(C3));
        p = TLanes.MultiplyAdd(p, f, TLanes.Broadcast(C2));
        p = TLanes.MultiplyAdd(p, f, TLanes.Broadcast(C1));
        p = TLanes.MultiplyAdd(p, f, TLanes.Broadcast(1));
        return TLanes.ScaleDown(p, biased);
    }
}
