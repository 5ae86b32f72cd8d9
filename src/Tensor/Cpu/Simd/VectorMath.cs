using System.Runtime.CompilerServices;

namespace Gsasr.Tensors.Cpu;

/// <summary>Elementary functions of vectors, the same for every width.</summary>
internal static class VectorMath
{
    /// <summary>
    /// e to the power of each value, within 1.1 units in the last place for arguments of -87 to 88; smaller ones give about
    /// 1e-38, larger ones about 2e38. Cody and Waite's reduction by ln 2 in two parts, then a polynomial of degree 7.
    /// </summary>
    /// <typeparam name="TVector">The vector.</typeparam>
    /// <typeparam name="TSimd">Its arithmetic.</typeparam>
    /// <param name="value">The exponents.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Exp<TVector, TSimd>(TVector value)
        where TVector : unmanaged
        where TSimd : ISimd<TVector>
    {
        TVector x = TSimd.Min(TSimd.Max(value, TSimd.Broadcast(-87.3f)), TSimd.Broadcast(88f));
        TVector n = TSimd.Round(TSimd.Multiply(x, TSimd.Broadcast(1.44269504f)));
        TVector r = TSimd.MultiplyAdd(n, TSimd.Broadcast(-0.693359375f), x);
        r = TSimd.MultiplyAdd(n, TSimd.Broadcast(2.12194440e-4f), r);
        TVector p = TSimd.Broadcast(1.9875691500e-4f);
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(1.3981999507e-3f));
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(8.3334519073e-3f));
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(4.1665795894e-2f));
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(1.6666665459e-1f));
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(5.0000001201e-1f));
        p = TSimd.MultiplyAdd(p, TSimd.Multiply(r, r), r);
        return TSimd.Multiply(TSimd.Add(p, TSimd.Broadcast(1f)), TSimd.PowerOfTwo(n));
    }

    /// <summary>
    /// The error function of each value, within 4e-7 where the processor has FMA, else within 5e-7. A rational function on [-4, 4], outside of which float32 has only
    /// -1 and 1.
    /// </summary>
    /// <typeparam name="TVector">The vector.</typeparam>
    /// <typeparam name="TSimd">Its arithmetic.</typeparam>
    /// <param name="value">The arguments.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Erf<TVector, TSimd>(TVector value)
        where TVector : unmanaged
        where TSimd : ISimd<TVector>
    {
        TVector x = TSimd.Min(TSimd.Max(value, TSimd.Broadcast(-4f)), TSimd.Broadcast(4f));
        TVector square = TSimd.Multiply(x, x);
        TVector p = TSimd.Broadcast(-2.72614225801306e-10f);
        p = TSimd.MultiplyAdd(p, square, TSimd.Broadcast(2.77068142495902e-08f));
        p = TSimd.MultiplyAdd(p, square, TSimd.Broadcast(-2.10102402082508e-06f));
        p = TSimd.MultiplyAdd(p, square, TSimd.Broadcast(-5.69250639462346e-05f));
        p = TSimd.MultiplyAdd(p, square, TSimd.Broadcast(-7.34990630326855e-04f));
        p = TSimd.MultiplyAdd(p, square, TSimd.Broadcast(-2.95459980854025e-03f));
        p = TSimd.MultiplyAdd(p, square, TSimd.Broadcast(-1.60960333262415e-02f));
        TVector q = TSimd.Broadcast(-1.45660718464996e-05f);
        q = TSimd.MultiplyAdd(q, square, TSimd.Broadcast(-2.13374055278905e-04f));
        q = TSimd.MultiplyAdd(q, square, TSimd.Broadcast(-1.68282697438203e-03f));
        q = TSimd.MultiplyAdd(q, square, TSimd.Broadcast(-7.37332916720468e-03f));
        q = TSimd.MultiplyAdd(q, square, TSimd.Broadcast(-1.42647390514189e-02f));
        return TSimd.Divide(TSimd.Multiply(x, p), q);
    }
}
