using System.Runtime.Intrinsics;
using Gsasr.Raster.Cpu;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Raster.Tests;

/// <summary>The weight's vector function, in every width whether or not this processor has it.</summary>
public unsafe class GaussianWeightTests
{
    [Fact]
    public void Weights_are_within_two_units_in_the_last_place()
    {
        Check<float, SimdScalar>();
        Check<Vector128<float>, Simd128>();
        Check<Vector256<float>, Simd256>();
        Check<Vector512<float>, Simd512>();
    }

    private static void Check<TVector, TSimd>()
        where TVector : unmanaged
        where TSimd : ISimd<TVector>
    {
        float* results = stackalloc float[TSimd.Width];
        double worst = 0;
        for (float bits = 0; bits <= 125; bits += 0.0017f)
        {
            TSimd.Store(results, GaussianWeight.Of<TVector, TSimd>(TSimd.Broadcast(bits)));
            double exact = Math.Pow(2, -(double)bits);
            for (int i = 0; i < TSimd.Width; i++)
                worst = Math.Max(worst, Math.Abs(results[i] - exact) / exact);
        }

        Assert.InRange(worst, 0, 2 * 1.2e-7);
        TSimd.Store(results, GaussianWeight.Of<TVector, TSimd>(TSimd.Broadcast(0)));
        Assert.Equal(1, results[0]);
        TSimd.Store(results, GaussianWeight.Of<TVector, TSimd>(TSimd.Broadcast(1e30f)));
        Assert.InRange(results[0], 0, 1e-37f);
    }
}
