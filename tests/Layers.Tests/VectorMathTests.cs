using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Gsasr.Tensors.Cpu;
using MathNet.Numerics;

namespace Gsasr.Layers.Tests;

/// <summary>Elementary functions of every vector width that this processor has, against float64.</summary>
[Trait(Traits.EveryVectorWidth, Traits.Yes)]
public sealed unsafe class VectorMathTests
{
    // The bounds that the functions' documentation states.
    private const double ExpUnitsInTheLastPlace = 1.1;
    private const double ErfErrorWithFma = 4e-7;
    private const double ErfErrorWithoutFma = 5e-7;

    /// <summary>Floats in a vector.</summary>
    public static TheoryData<int> Widths => new(1, 4, 8, 16);

    [Theory]
    [MemberData(nameof(Widths))]
    public void Exp_is_within_its_documented_error(int width)
    {
        // Every 1/8192th of the range, and the neighbours of odd multiples of ln 2 / 2, where the reduction changes.
        List<float> arguments = [];
        for (int i = -87 * 8192; i <= 88 * 8192; i++)
            arguments.Add(i / 8192f);
        for (int i = -125; i <= 126; i++)
        {
            float edge = (float)((i + 0.5) * Math.Log(2));
            if (edge is >= -87 and <= 88)
                arguments.AddRange([MathF.BitDecrement(edge), edge, MathF.BitIncrement(edge)]);
        }

        float[] x = [.. arguments];
        float[] y = Exp(width, x);
        for (int i = 0; i < x.Length; i++)
        {
            double expected = Math.Exp(x[i]);
            double unit = MathF.BitIncrement((float)expected) - (float)expected;
            double error = Math.Abs(y[i] - expected) / unit;
            if (!(error <= ExpUnitsInTheLastPlace))
                Assert.Fail($"exp({x[i]:g9}) is {y[i]:g9}, not {expected:g9}: {error:f2} units.");
        }
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void Exp_of_arguments_out_of_range_is_tiny_or_huge_but_finite(int width)
    {
        float[] small = Exp(width, [-87.4f, -88, -100, -1e10f, float.MinValue, float.NegativeInfinity]);
        Assert.All(small, value => Assert.InRange(value, 0, 1.3e-38f));
        float[] large = Exp(width, [88.1f, 89, 1e10f, float.MaxValue, float.PositiveInfinity]);
        Assert.All(large, value => Assert.InRange(value, 1.6e38f, float.MaxValue));
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void Exp_of_zero_is_one_and_of_NaN_is_NaN(int width)
    {
        float[] y = Exp(width, [0, -0f, float.NaN]);
        Assert.Equal(1f, y[0]);
        Assert.Equal(1f, y[1]);
        Assert.True(float.IsNaN(y[2]));
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void Erf_is_within_its_documented_error(int width)
    {
        List<float> arguments = [float.MinValue, -1e10f, -100, 100, 1e10f, float.MaxValue, float.NegativeInfinity, float.PositiveInfinity];
        for (int i = -6 * 32768; i <= 6 * 32768; i++)
            arguments.Add(i / 32768f);
        for (float small = 1; small > 1e-37f; small /= 3)
            arguments.AddRange([small, -small]);
        float[] x = [.. arguments];
        float[] y = Erf(width, x);
        double bound = Fma.IsSupported || AdvSimd.IsSupported ? ErfErrorWithFma : ErfErrorWithoutFma;
        for (int i = 0; i < x.Length; i++)
        {
            double expected = SpecialFunctions.Erf(x[i]);
            double error = Math.Abs(y[i] - expected);
            if (!(error <= bound))
                Assert.Fail($"erf({x[i]:g9}) is {y[i]:g9}, not {expected:g9}: an error of {error:e2}.");
        }
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void Erf_is_odd_and_keeps_NaN(int width)
    {
        float[] x = Numbers.Of("erf", 4096, 5);
        float[] y = Erf(width, x);
        Expect.SameBits([.. y.Select(value => -value)], Erf(width, [.. x.Select(value => -value)]));
        Assert.True(float.IsNaN(Erf(width, [float.NaN])[0]));
    }

    private static float[] Exp(int width, float[] x)
    {
        return width switch
        {
            1 => Apply<float, SimdScalar>(x, VectorMath.Exp<float, SimdScalar>),
            4 => Apply<Vector128<float>, Simd128>(x, VectorMath.Exp<Vector128<float>, Simd128>),
            8 => Apply<Vector256<float>, Simd256>(x, VectorMath.Exp<Vector256<float>, Simd256>),
            _ => Apply<Vector512<float>, Simd512>(x, VectorMath.Exp<Vector512<float>, Simd512>),
        };
    }

    private static float[] Erf(int width, float[] x)
    {
        return width switch
        {
            1 => Apply<float, SimdScalar>(x, VectorMath.Erf<float, SimdScalar>),
            4 => Apply<Vector128<float>, Simd128>(x, VectorMath.Erf<Vector128<float>, Simd128>),
            8 => Apply<Vector256<float>, Simd256>(x, VectorMath.Erf<Vector256<float>, Simd256>),
            _ => Apply<Vector512<float>, Simd512>(x, VectorMath.Erf<Vector512<float>, Simd512>),
        };
    }

    private static float[] Apply<TVector, TSimd>(float[] x, Func<TVector, TVector> function)
        where TVector : unmanaged
        where TSimd : ISimd<TVector>
    {
        if (TSimd.Width > SimdWidth.Floats)
            Assert.Skip($"This processor has {SimdWidth.Description}.");
        Assert.Equal(sizeof(TVector) / sizeof(float), TSimd.Width);
        int vectors = (x.Length + TSimd.Width - 1) / TSimd.Width;
        var padded = new float[vectors * TSimd.Width];
        x.CopyTo(padded, 0);
        fixed (float* values = padded)
        {
            for (int i = 0; i < padded.Length; i += TSimd.Width)
                TSimd.Store(values + i, function(TSimd.Load(values + i)));
        }

        return padded[..x.Length];
    }
}
