namespace Gsasr.Layers.Tests;

/// <summary>
/// A float64 number with the error that float32 arithmetic may make on the way to it, so that a reference written in these
/// numbers says not only what a result is but also how far from it a correct kernel can be. Errors of operands add up as in the
/// worst case; the roundings of one sum of n terms count (2 + sqrt n) units, as roundings do not all go the same way.
/// </summary>
/// <param name="Value">The exact value.</param>
/// <param name="Error">The largest error, not negative.</param>
internal readonly record struct Bounded(double Value, double Error)
{
    /// <summary>The largest relative error of rounding to float32.</summary>
    public const double Unit = 1.0 / (1 << 24);

    // What a kernel's functions may be off: two units in the last place are at most four rounding errors.
    private const double ExpError = 4 * Unit;
    private const double SmallestExp = 1.2e-38;
    private const double ErfError = 5e-7;

    // The largest slope of x * (1 + erf(x / sqrt 2)) / 2.
    private const double GeluSlope = 1.13;

    public static implicit operator Bounded(float exact) => new(exact, 0);

    public static Bounded operator +(Bounded a, Bounded b) => Rounded(a.Value + b.Value, a.Error + b.Error);

    public static Bounded operator -(Bounded a, Bounded b) => Rounded(a.Value - b.Value, a.Error + b.Error);

    public static Bounded operator *(Bounded a, Bounded b) =>
        Rounded(a.Value * b.Value, (Math.Abs(a.Value) * b.Error) + (Math.Abs(b.Value) * a.Error) + (a.Error * b.Error));

    /// <summary>A quotient whose divisor is far from zero, seen against its error.</summary>
    public static Bounded operator /(Bounded a, Bounded b)
    {
        double quotient = a.Value / b.Value;
        return Rounded(quotient, (a.Error + (Math.Abs(quotient) * b.Error)) / (Math.Abs(b.Value) - b.Error));
    }

    /// <summary>A constant that is rounded to float32.</summary>
    public static Bounded Constant(double value) => Rounded(value, 0);

    /// <summary>1 / sqrt x of a positive number.</summary>
    public static Bounded ReciprocalRoot(Bounded x)
    {
        double value = 1 / Math.Sqrt(x.Value);
        double error = (1 / Math.Sqrt(x.Value - x.Error)) - value;
        return new(value, error + (2 * Unit * value));
    }

    /// <summary>e^x.</summary>
    public static Bounded Exp(Bounded x)
    {
        double value = Math.Exp(x.Value);
        double farthest = Math.Exp(x.Value + x.Error);
        return new(value, farthest - value + (ExpError * farthest) + SmallestExp);
    }

    /// <summary>1 / (1 + e^-x).</summary>
    public static Bounded Sigmoid(Bounded x)
    {
        double value = 1 / (1 + Math.Exp(-x.Value));
        return new(value, (x.Error / 4) + (ExpError * value));
    }

    /// <summary>max(x, 0).</summary>
    public static Bounded Relu(Bounded x) => x with { Value = Math.Max(x.Value, 0) };

    /// <summary>x, or 0.01 * x where that is negative.</summary>
    public static Bounded LeakyRelu(Bounded x) => Rounded(x.Value > 0 ? x.Value : 0.01 * x.Value, x.Error);

    /// <summary>x * (1 + erf(x / sqrt 2)) / 2.</summary>
    public static Bounded Gelu(Bounded x)
    {
        double value = x.Value * (1 + MathNet.Numerics.SpecialFunctions.Erf(x.Value / Math.Sqrt(2))) / 2;
        return new(value, (GeluSlope * x.Error) + (Math.Abs(x.Value) / 2 * (ErfError + (4 * Unit))));
    }

    private static Bounded Rounded(double value, double error) => new(value, error + (Unit * (Math.Abs(value) + error)));
}
