namespace Gsasr.Tensors.Cpu;

/// <summary>
/// Arithmetic on vectors of one width, so that a kernel is written once and compiled for each. Kernels take the width of
/// <see cref="SimdWidth"/>: all widths round alike except for the order of sums and, without FMA, the products.
/// </summary>
/// <typeparam name="TVector">The vector.</typeparam>
internal unsafe interface ISimd<TVector>
    where TVector : unmanaged
{
    /// <summary>Floats in a vector.</summary>
    static abstract int Width { get; }

    /// <summary>Reads a vector; no alignment is needed.</summary>
    /// <param name="source">The first float.</param>
    static abstract TVector Load(float* source);

    /// <summary>Writes a vector; no alignment is needed.</summary>
    /// <param name="destination">The first float.</param>
    /// <param name="value">The vector.</param>
    static abstract void Store(float* destination, TVector value);

    /// <summary>A vector with the same value everywhere.</summary>
    /// <param name="value">The value.</param>
    static abstract TVector Broadcast(float value);

    /// <summary>a * b + c, rounded once where the processor has FMA.</summary>
    /// <param name="a">A factor.</param>
    /// <param name="b">A factor.</param>
    /// <param name="c">What is added.</param>
    static abstract TVector MultiplyAdd(TVector a, TVector b, TVector c);

    /// <summary>a + b.</summary>
    /// <param name="a">Left.</param>
    /// <param name="b">Right.</param>
    static abstract TVector Add(TVector a, TVector b);

    /// <summary>a - b.</summary>
    /// <param name="a">Left.</param>
    /// <param name="b">Right.</param>
    static abstract TVector Subtract(TVector a, TVector b);

    /// <summary>a * b.</summary>
    /// <param name="a">Left.</param>
    /// <param name="b">Right.</param>
    static abstract TVector Multiply(TVector a, TVector b);

    /// <summary>a / b.</summary>
    /// <param name="a">Left.</param>
    /// <param name="b">Right.</param>
    static abstract TVector Divide(TVector a, TVector b);

    /// <summary>
    /// The larger of each pair; NaN where a is NaN. Where only b is NaN, and for 0 and -0, the result depends on the processor's
    /// instruction.
    /// </summary>
    /// <param name="a">A value.</param>
    /// <param name="b">A bound, not NaN.</param>
    static abstract TVector Max(TVector a, TVector b);

    /// <summary>The smaller of each pair; NaN where a is NaN, otherwise as <see cref="Max"/>.</summary>
    /// <param name="a">A value.</param>
    /// <param name="b">A bound, not NaN.</param>
    static abstract TVector Min(TVector a, TVector b);

    /// <summary>The nearest integers, ties to even.</summary>
    /// <param name="value">The values.</param>
    static abstract TVector Round(TVector value);

    /// <summary>2 to the power of each value.</summary>
    /// <param name="exponent">Integers from -126 to 127.</param>
    static abstract TVector PowerOfTwo(TVector exponent);

    /// <summary>The sum of all values.</summary>
    /// <param name="value">The values.</param>
    static abstract float Sum(TVector value);

    /// <summary>The largest of all values, none of them NaN.</summary>
    /// <param name="value">The values.</param>
    static abstract float Largest(TVector value);
}
