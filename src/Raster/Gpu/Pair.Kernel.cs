using Gsasr.Kernels;
using ILGPU;
using ILGPU.Algorithms;

namespace Gsasr.Raster;

/// <summary>
/// A number as the unevaluated sum of two floats, X + Y, with |Y| at most half a unit in the last place of X. That is about 46 bits with
/// float arithmetic alone, for devices without double precision. The sums below are exact (Knuth, Dekker) as long as every operation is
/// rounded by itself; products are split by fma.
/// </summary>
internal static class Pair
{
    /// <summary>a + b, exactly.</summary>
    public static Float2 Sum(float a, float b)
    {
        float sum = Gpu.Add(a, b);
        float bigger = Gpu.Subtract(sum, a);
        return new Float2(sum, Gpu.Add(Gpu.Subtract(a, Gpu.Subtract(sum, bigger)), Gpu.Subtract(b, bigger)));
    }

    /// <summary>a + b, exactly, for |a| at least |b|.</summary>
    public static Float2 OrderedSum(float a, float b)
    {
        float sum = Gpu.Add(a, b);
        return new Float2(sum, Gpu.Subtract(b, Gpu.Subtract(sum, a)));
    }

    /// <summary>a * b, exactly.</summary>
    public static Float2 Product(float a, float b)
    {
        float product = Gpu.Multiply(a, b);
        return new Float2(product, Gpu.Fma(a, b, -product));
    }

    /// <summary>a / b to about 1e-14 relative.</summary>
    public static Float2 Quotient(Float2 a, Float2 b)
    {
        float quotient = a.X / b.X;
        float remainder = Gpu.Add(Gpu.Fma(-quotient, b.X, a.X), Gpu.Fma(-quotient, b.Y, a.Y));
        return OrderedSum(quotient, remainder / b.X);
    }

    /// <summary>e^x to about 1e-8 relative; x below -80 or above 80 counts as -80 or 80.</summary>
    public static Float2 Exp(float x)
    {
        x = XMath.Min(XMath.Max(x, -80f), 80f);
        float n = Gpu.Round(Gpu.Multiply(x, 1.44269504f));

        // x - n ln 2: the first part of ln 2 has so few bits that the first step is exact.
        Float2 r = Sum(Gpu.Fma(n, -0.693359375f, x), Gpu.Multiply(n, 2.12194440e-4f));
        float s = r.X;
        float tail = Gpu.Fma(s, 1.98412698e-4f, 1.38888889e-3f);
        tail = Gpu.Fma(s, Gpu.Fma(s, tail, 8.33333333e-3f), 4.16666667e-2f);
        tail = Gpu.Multiply(Gpu.Multiply(s, s), Gpu.Fma(s, Gpu.Fma(s, tail, 1.66666667e-1f), 0.5f));
        Float2 series = Sum(s, tail);
        Float2 sum = OrderedSum(1f, series.X);
        sum = OrderedSum(sum.X, Gpu.Add(sum.Y, Gpu.Fma(r.Y, Gpu.Add(1f, s), series.Y)));
        float power = Interop.IntAsFloat((uint)((int)n + 127) << 23);
        return new Float2(Gpu.Multiply(sum.X, power), Gpu.Multiply(sum.Y, power));
    }
}
