using Gsasr.Kernels;
using ILGPU.Algorithms;

namespace Gsasr.Layers;

/// <summary>Functions that several kernels need.</summary>
internal static class Functions
{
    /// <summary>log2(e), because exponentials are computed as powers of two.</summary>
    public const float Log2E = 1.44269504f;

    /// <summary>ReLU. It is not max(x, 0), which would turn NaN into zero and hide it from the check of the image.</summary>
    public static float Rectified(float x) => x < 0f ? 0f : x;

    /// <summary>ReLU of each.</summary>
    public static Float4 Rectified(Float4 x) => new(Rectified(x.X), Rectified(x.Y), Rectified(x.Z), Rectified(x.W));

    /// <summary>GELU of each, by <see cref="ErrorFunction"/>.</summary>
    public static Float4 Gelu(Float4 x) => new(Gelu(x.X), Gelu(x.Y), Gelu(x.Z), Gelu(x.W));

    /// <summary>LeakyReLU with a slope of 0.01 of each.</summary>
    public static Float4 LeakyRectified(Float4 x) =>
        new(XMath.Max(x.X, 0.01f * x.X), XMath.Max(x.Y, 0.01f * x.Y), XMath.Max(x.Z, 0.01f * x.Z), XMath.Max(x.W, 0.01f * x.W));

    private static float Gelu(float x) => 0.5f * x * (1f + ErrorFunction(x * 0.70710678f));

    /// <summary>The error function within 4e-7: the same rational function on [-4, 4] as on the processor (VectorMath.Erf).</summary>
    private static float ErrorFunction(float value)
    {
        float x = XMath.Min(XMath.Max(value, -4f), 4f);
        float square = x * x;
        float p = -2.72614225801306e-10f;
        p = Gpu.Fma(p, square, 2.77068142495902e-08f);
        p = Gpu.Fma(p, square, -2.10102402082508e-06f);
        p = Gpu.Fma(p, square, -5.69250639462346e-05f);
        p = Gpu.Fma(p, square, -7.34990630326855e-04f);
        p = Gpu.Fma(p, square, -2.95459980854025e-03f);
        p = Gpu.Fma(p, square, -1.60960333262415e-02f);
        float q = -1.45660718464996e-05f;
        q = Gpu.Fma(q, square, -2.13374055278905e-04f);
        q = Gpu.Fma(q, square, -1.68282697438203e-03f);
        q = Gpu.Fma(q, square, -7.37332916720468e-03f);
        q = Gpu.Fma(q, square, -1.42647390514189e-02f);
        return Gpu.DivideFast(p * x, q);
    }
}
