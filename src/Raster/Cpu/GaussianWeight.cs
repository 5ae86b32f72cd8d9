using System.Runtime.CompilerServices;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Raster.Cpu;

/// <summary>The weights of Gaussians from their exponents.</summary>
internal static class GaussianWeight
{
    // 2^-f on [-0.5, 0.5] as a polynomial with constant term 1, found by a Remez exchange; relative error 3.9e-9.
    private const float C1 = -0.6931472253950105f;
    private const float C2 = 0.24022651084117086f;
    private const float C3 = -0.055502973141999895f;
    private const float C4 = 0.009618030782527848f;
    private const float C5 = -0.0013410000965924688f;
    private const float C6 = 0.00015469731972029576f;

    /// <summary>2^-bits, within 2 units in the last place for 0 to 125; larger exponents count as 125.</summary>
    /// <typeparam name="TVector">The vector.</typeparam>
    /// <typeparam name="TSimd">Its arithmetic.</typeparam>
    /// <param name="bits">The exponents, at least 0.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Of<TVector, TSimd>(TVector bits)
        where TVector : unmanaged
        where TSimd : ISimd<TVector>
    {
        TVector x = TSimd.Min(bits, TSimd.Broadcast(125));
        TVector whole = TSimd.Round(x);
        TVector f = TSimd.Subtract(x, whole);
        TVector p = TSimd.MultiplyAdd(TSimd.Broadcast(C6), f, TSimd.Broadcast(C5));
        p = TSimd.MultiplyAdd(p, f, TSimd.Broadcast(C4));
        p = TSimd.MultiplyAdd(p, f, TSimd.Broadcast(C3));
        p = TSimd.MultiplyAdd(p, f, TSimd.Broadcast(C2));
        p = TSimd.MultiplyAdd(p, f, TSimd.Broadcast(C1));
        p = TSimd.MultiplyAdd(p, f, TSimd.Broadcast(1));
        return TSimd.Multiply(p, TSimd.PowerOfTwo(TSimd.Subtract(TSimd.Broadcast(0), whole)));
    }
}
