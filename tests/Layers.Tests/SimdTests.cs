using System.Runtime.Intrinsics;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Layers.Tests;

/// <summary>The basic arithmetic of every vector width, against that of single floats.</summary>
[Trait(Traits.EveryVectorWidth, Traits.Yes)]
public sealed unsafe class SimdTests
{
    [Fact]
    public void Vectors_of_one_float_compute_as_floats_do() => Check<float, SimdScalar>();

    [Fact]
    public void Vectors_of_four_floats_compute_as_floats_do() => Check<Vector128<float>, Simd128>();

    [Fact]
    public void Vectors_of_eight_floats_compute_as_floats_do() => Check<Vector256<float>, Simd256>();

    [Fact]
    public void Vectors_of_sixteen_floats_compute_as_floats_do() => Check<Vector512<float>, Simd512>();

    private static void Check<TVector, TSimd>()
        where TVector : unmanaged
        where TSimd : ISimd<TVector>
    {
        if (TSimd.Width > SimdWidth.Floats)
            Assert.Skip($"This processor has {SimdWidth.Description}.");
        float[] a = [.. Numbers.Of("a", 61, 9), float.NaN, 1, float.NaN];
        float[] b = [.. Numbers.Of("b", 61, 9), 1, float.NaN, float.NaN];
        float[] c = Numbers.Of("c", 64);
        Same<TVector, TSimd>(a, b, TSimd.Add, (x, y) => x + y);
        Same<TVector, TSimd>(a, b, TSimd.Subtract, (x, y) => x - y);
        Same<TVector, TSimd>(a, b, TSimd.Multiply, (x, y) => x * y);
        Same<TVector, TSimd>(a, b, TSimd.Divide, (x, y) => x / y);
        // A bound is a number.
        float[] bounds = [.. b.Select(x => float.IsNaN(x) ? 2 : x)];
        Same<TVector, TSimd>(a, bounds, TSimd.Max, MathF.Max);
        Same<TVector, TSimd>(a, bounds, TSimd.Min, MathF.Min);

        // Ties go to the even neighbour.
        float[] halves = [.. Enumerable.Range(-32, 64).Select(i => i / 2f), .. a];
        Same<TVector, TSimd>(halves, halves, (x, _) => TSimd.Round(x), (x, _) => MathF.Round(x, MidpointRounding.ToEven));
        float[] exponents = [.. Enumerable.Range(0, 256).Select(i => Math.Clamp(i - 127f, -126, 127))];
        Same<TVector, TSimd>(exponents, exponents, (x, _) => TSimd.PowerOfTwo(x), (x, _) => MathF.ScaleB(1, (int)x));

        fixed (float* pa = a, pb = b, pc = c)
        {
            // Sums of small integers are exact in any order.
            float* integers = stackalloc float[TSimd.Width];
            for (int i = 0; i < TSimd.Width; i++)
                integers[i] = i + 1;
            Assert.Equal(TSimd.Width * (TSimd.Width + 1) / 2, TSimd.Sum(TSimd.Load(integers)));
            for (int largest = 0; largest < TSimd.Width; largest++)
            {
                for (int i = 0; i < TSimd.Width; i++)
                    integers[i] = i == largest ? -1 : -2 - i;
                Assert.Equal(-1f, TSimd.Largest(TSimd.Load(integers)));
            }

            float* products = stackalloc float[TSimd.Width];
            for (int i = 0; i <= 61 - TSimd.Width; i += TSimd.Width)
            {
                TSimd.Store(products, TSimd.MultiplyAdd(TSimd.Load(pa + i), TSimd.Load(pb + i), TSimd.Load(pc + i)));
                for (int lane = 0; lane < TSimd.Width; lane++)
                {
                    // Rounded once with FMA, else twice.
                    Bounded exact = ((Bounded)a[i + lane] * b[i + lane]) + c[i + lane];
                    Assert.InRange(products[lane], exact.Value - exact.Error, exact.Value + exact.Error);
                }
            }
        }
    }

    private static void Same<TVector, TSimd>(
        float[] a, float[] b, Func<TVector, TVector, TVector> vectors, Func<float, float, float> floats)
        where TVector : unmanaged
        where TSimd : ISimd<TVector>
    {
        var result = new float[a.Length];
        fixed (float* pa = a, pb = b, pr = result)
        {
            for (int i = 0; i < a.Length; i += TSimd.Width)
                TSimd.Store(pr + i, vectors(TSimd.Load(pa + i), TSimd.Load(pb + i)));
        }

        Assert.Equal(a.Zip(b, floats), result);
    }
}
