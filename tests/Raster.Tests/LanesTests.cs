using Gsasr.Raster.Cpu;

namespace Gsasr.Raster.Tests;

/// <summary>Vector functions, in every width whether or not this processor has it.</summary>
public unsafe class LanesTests
{
    [Fact]
    public void Powers_of_one_half_are_within_two_units_in_the_last_place()
    {
        CheckPowers<FloatLanes128>();
        CheckPowers<FloatLanes256>();
        CheckPowers<FloatLanes512>();
    }

    [Fact]
    public void Values_are_kept_below_an_index_and_cleared_from_it_on()
    {
        CheckKeepBelow<FloatLanes128>();
        CheckKeepBelow<FloatLanes256>();
        CheckKeepBelow<FloatLanes512>();
    }

    private static void CheckPowers<TLanes>()
        where TLanes : unmanaged, IFloatLanes<TLanes>
    {
        float* results = stackalloc float[TLanes.Count];
        double worst = 0;
        for (float x = 0; x <= 125; x += 0.0017f)
        {
            Lanes.PowerOfHalf(TLanes.Broadcast(x) + TLanes.Indices * TLanes.Broadcast(0)).Store(results);
            double exact = Math.Pow(2, -(double)x);
            for (int i = 0; i < TLanes.Count; i++)
                worst = Math.Max(worst, Math.Abs(results[i] - exact) / exact);
        }

        Assert.InRange(worst, 0, 2 * 1.2e-7);
        Lanes.PowerOfHalf(TLanes.Broadcast(0)).Store(results);
        Assert.Equal(1, results[0]);
    }

    private static void CheckKeepBelow<TLanes>()
        where TLanes : unmanaged, IFloatLanes<TLanes>
    {
        float* results = stackalloc float[TLanes.Count];
        for (int limit = 0; limit <= TLanes.Count + 1; limit++)
        {
            TLanes.KeepBelow(TLanes.Broadcast(float.NaN), TLanes.Indices, TLanes.Broadcast(limit)).Store(results);
            for (int i = 0; i < TLanes.Count; i++)
                Assert.Equal(i < limit ? float.NaN : 0, results[i]);
        }
    }
}
