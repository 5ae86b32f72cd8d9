using Gsasr.Kernels;
using ILGPU;
using ILGPU.Algorithms;

namespace Gsasr.Raster;

/// <summary>
/// The first two launches of the rasteriser, which works without lists, atomics on floats, or any word to the host:
/// <see cref="Activate"/> turns raw Gaussians into splats, their bounds, and the bounds of every block of consecutive ones, and
/// <see cref="Bound"/> bounds of blocks into bounds of groups of blocks. <see cref="GatherKernels"/> draws them. Bounds are left,
/// top, right, bottom in whole canvas pixels, inclusive; empty if left is greater than right.
/// </summary>
internal static class ActivateKernels
{
    /// <summary>
    /// The left bound of a block with a value that is not finite: the least of all numbers, and so that of its group.
    /// </summary>
    public const int NonFinite = int.MinValue;

    private const uint ExponentBits = 0x7F800000;

    // An ellipse reaches so many standard deviations, where its weight is e^-16.
    private const float Reach = 5.65685425f;

    /// <summary>sqrt(log2(e) / 2): weights are powers of two.</summary>
    public const float Unit = 0.849321800f;

    /// <summary>What the published code multiplies the sigmoid of a sigma with.</summary>
    public const float SigmaGain = 0.99999f;

    /// <summary>What the published code multiplies the hyperbolic tangent of rho with.</summary>
    public const float RhoGain = 0.999999f;

    // Nothing on a canvas is so narrow or reaches so far; squares and sums with coordinates remain numbers.
    private const float Narrowest = 1e18f;
    private const float WidestReach = 5e8f;

    /// <summary>
    /// One work-item for each Gaussian, one group for each block. A splat is: (int) column origin, (int) row origin, ridge,
    /// -fractionY * vertical; slope in two floats, normal, vertical; red, green, blue, nothing. The weight at a pixel is
    /// 2^-(a^2 + b^2) with column and row counted from the origin, a = (column - slope * row + ridge) * normal,
    /// b = row * vertical - fractionY * vertical.
    /// </summary>
    [Kernel(RasterShape.BlockSize)]
    public static void Activate(
        ArrayView<float> gaussians, // [first + count, channels]
        int gaussiansPitch,
        int channels,               // of raw ones 9, or 11 with what is to be added to the means; of activated ones 6 to 9
        int colours,                // 0 of raw ones, 1 to 4 of activated ones
        int first,
        int count,
        float canvasWidth,
        float canvasHeight,
        float originX,              // what is taken off mean * canvas: half a pixel and the viewport's fraction of one
        float originY,
        float sigmaUnitX,           // pixels per unit of an activated sigma: scale / 1.2, for each axis
        float sigmaUnitY,
        int boxX,                   // half the width of the dmax box: its whole pixels and the rest
        float boxXFraction,
        int boxY,
        float boxYFraction,
        ArrayView<float> splats,    // [count, 12]
        ArrayView<int> bounds,      // [count, 4]
        ArrayView<int> blocks)      // [blocks, 4]
    {
        ArrayView<int> block = SharedMemory.Allocate<int>(RasterShape.BoundsSize);
        int item = Group.IdxX;
        int index = Grid.IdxX * RasterShape.BlockSize + item;
        BeginBounds(block, item);
        if (index < count)
        {
            long raw = (long)(first + index) * gaussiansPitch;
            int broken = IsBroken(gaussians, raw, channels, colours);

            // The centre as a whole pixel and a fraction of at most one half, without rounding mean * canvas.
            long mean = raw + (colours > 0 ? GaussianColumns.MeanX : RawColumns.MeanX);
            Float2 x = Pair.Product(gaussians[mean], canvasWidth);
            Float2 y = Pair.Product(gaussians[mean + 1], canvasHeight);
            if (channels > 9)
            {
                x.Y = Gpu.Fma(gaussians[raw + RawColumns.MeanXRemainder], canvasWidth, x.Y);
                y.Y = Gpu.Fma(gaussians[raw + RawColumns.MeanYRemainder], canvasHeight, y.Y);
            }

            var own = new Int4(int.MaxValue, int.MaxValue, int.MinValue, int.MinValue);
            if (broken != 0)
            {
                Atomic.Min(ref block[0], NonFinite);
            }
            else if (XMath.Abs(x.X) < 1e9f && XMath.Abs(y.X) < 1e9f)
            {
                Float2 shiftedX = Pair.Sum(x.X, -originX);
                Float2 shiftedY = Pair.Sum(y.X, -originY);
                float centreX = Gpu.Round(shiftedX.X);
                float centreY = Gpu.Round(shiftedY.X);
                float fractionX = Gpu.Add(Gpu.Subtract(shiftedX.X, centreX), Gpu.Add(shiftedX.Y, x.Y));
                float fractionY = Gpu.Add(Gpu.Subtract(shiftedY.X, centreY), Gpu.Add(shiftedY.Y, y.Y));

                float correlation = gaussians[raw + RawColumns.Rho];
                Float2 sigmaX;
                Float2 sigmaY;
                float complement;
                if (colours > 0)
                {
                    sigmaX = new Float2(gaussians[raw + GaussianColumns.SigmaX], 0f);
                    sigmaY = new Float2(gaussians[raw + GaussianColumns.SigmaY], 0f);
                    complement = Gpu.Subtract(1f, XMath.Abs(correlation));
                }
                else
                {
                    // The published code crosses the two sigmas: the first column belongs to y.
                    sigmaX = Sigma(gaussians[raw + RawColumns.SigmaX]);
                    sigmaY = Sigma(gaussians[raw + RawColumns.SigmaY]);
                    complement = Complement(correlation);
                }

                float width = Gpu.Multiply(sigmaX.X, sigmaUnitX);
                float height = Gpu.Multiply(sigmaY.X, sigmaUnitY);
                float normal = XMath.Min(Unit / Gpu.Multiply(width, XMath.Sqrt(Gpu.Multiply(complement, Gpu.Subtract(2f, complement)))), Narrowest);

                // slope = rho * sigmaX / sigmaY in two floats, since a thin ellipse's width hangs on its last bits.
                Float2 ratio = Pair.Quotient(sigmaX, sigmaY);
                Float2 units = Pair.Quotient(new Float2(sigmaUnitX, 0f), new Float2(sigmaUnitY, 0f));
                Float2 stretched = Pair.Product(ratio.X, units.X);
                ratio = Pair.Sum(
                    stretched.X, Gpu.Add(stretched.Y, Gpu.Fma(ratio.X, units.Y, Gpu.Multiply(ratio.Y, units.X))));
                Float2 part = Pair.Product(complement, ratio.X);
                Float2 slope = Pair.Sum(ratio.X, -part.X);
                slope = Pair.Sum(slope.X, Gpu.Add(slope.Y, Gpu.Fma(Gpu.Subtract(1f, complement), ratio.Y, -part.Y)));
                if ((int)Interop.FloatAsInt(correlation) < 0)
                    slope = new Float2(-slope.X, -slope.Y);
                float vertical = XMath.Min(Unit / height, Narrowest);

                // dx - slope * dy = column - slope * row + ridge, column and row being whole; so is the column's origin.
                Float2 shift = Pair.Product(slope.X, fractionY);
                Float2 ridge = Pair.Sum(shift.X, -fractionX);
                float whole = Gpu.Round(ridge.X);
                float rest = Gpu.Add(Gpu.Subtract(ridge.X, whole), Gpu.Add(ridge.Y, Gpu.Fma(slope.Y, fractionY, shift.Y)));
                int splat = index * RasterShape.SplatFloats;
                float column = Interop.IntAsFloat((uint)((int)centreX - (int)whole));
                float row = Interop.IntAsFloat((uint)(int)centreY);
                Gpu.Store4(ref splats[splat], new Float4(column, row, rest, Gpu.Multiply(-fractionY, vertical)));
                Gpu.Store4(ref splats[splat + 4], new Float4(slope.X, slope.Y, normal, vertical));
                Gpu.Store4(ref splats[splat + 8], Colours(gaussians, raw, colours));

                float reachX = XMath.Min(Gpu.Multiply(Reach, width), WidestReach);
                float reachY = XMath.Min(Gpu.Multiply(Reach, height), WidestReach);
                int left = (int)centreX + First(fractionX, reachX, boxX, boxXFraction);
                int right = (int)centreX + Last(fractionX, reachX, boxX, boxXFraction);
                int top = (int)centreY + First(fractionY, reachY, boxY, boxYFraction);
                int bottom = (int)centreY + Last(fractionY, reachY, boxY, boxYFraction);
                if (left <= right && top <= bottom)
                {
                    own = new Int4(left, top, right, bottom);
                    Include(block, own);
                }
            }

            Gpu.Store4(ref bounds[index * RasterShape.BoundsSize], own);
        }

        EndBounds(block, item, blocks);
    }

    /// <summary>One work-item for each block, one group for each group of blocks.</summary>
    [Kernel(RasterShape.BlockSize)]
    public static void Bound(
        ArrayView<int> blocks, // [count, 4]
        int count,
        ArrayView<int> groups) // [groups, 4]
    {
        ArrayView<int> group = SharedMemory.Allocate<int>(RasterShape.BoundsSize);
        int item = Group.IdxX;
        int index = Grid.IdxX * RasterShape.BlockSize + item;
        BeginBounds(group, item);
        if (index < count)
            Include(group, Gpu.Load4(ref blocks[index * RasterShape.BoundsSize]));
        EndBounds(group, item, groups);
    }

    private static void BeginBounds(ArrayView<int> shared, int item)
    {
        if (item == 0)
        {
            shared[0] = int.MaxValue;
            shared[1] = int.MaxValue;
            shared[2] = int.MinValue;
            shared[3] = int.MinValue;
        }

        Group.Barrier();
    }

    private static void Include(ArrayView<int> shared, Int4 bounds)
    {
        Atomic.Min(ref shared[0], bounds.X);
        Atomic.Min(ref shared[1], bounds.Y);
        Atomic.Max(ref shared[2], bounds.Z);
        Atomic.Max(ref shared[3], bounds.W);
    }

    private static void EndBounds(ArrayView<int> shared, int item, ArrayView<int> all)
    {
        Group.Barrier();
        if (item == 0)
            Gpu.Store4(ref all[Grid.IdxX * RasterShape.BoundsSize], Gpu.Load4(ref shared[0]));
    }

    /// <summary>1 if a number of a Gaussian is not finite or, of activated ones, outside its range; else 0.</summary>
    public static int IsBroken(ArrayView<float> gaussians, long row, int channels, int colours)
    {
        int broken = 0;
        for (int k = 0; k < channels; k++)
            broken |= (Interop.FloatAsInt(gaussians[row + k]) & ExponentBits) == ExponentBits ? 1 : 0;
        if (colours > 0)
        {
            bool inRange = gaussians[row + GaussianColumns.SigmaX] > 0f & gaussians[row + GaussianColumns.SigmaY] > 0f
                & XMath.Abs(gaussians[row + GaussianColumns.Rho]) < 1f;
            broken |= inRange ? 0 : 1;
        }

        return broken;
    }

    /// <summary>A raw sigma, activated, in units of 1 / 1.2 low-resolution pixels.</summary>
    public static Float2 Sigma(float raw)
    {
        Float2 sigma = GainedSigmoid(Pair.Exp(-raw), SigmaGain);
        return Pair.Sum(sigma.X, Gpu.Add(sigma.Y, 1e-6f));
    }

    /// <summary>
    /// 1 - |rho| of a raw correlation. With e = exp(-2|t|), 1 - 0.999999 tanh|t| is a sum of positive terms: nothing cancels.
    /// </summary>
    public static float Complement(float raw)
    {
        float e = Pair.Exp(-2f * XMath.Abs(raw)).X;
        return Gpu.Fma(RhoGain, 2f * e / Gpu.Add(1f, e), 1e-6f);
    }

    /// <summary>1 / (1 + e^-x).</summary>
    public static float Sigmoid(float x) => 1f / Gpu.Add(1f, Pair.Exp(-x).X);

    /// <summary>What a Gaussian adds to each channel at its centre.</summary>
    public static Float4 Colours(ArrayView<float> gaussians, long row, int colours)
    {
        if (colours > 0)
        {
            long first = row + GaussianColumns.FirstColour;
            return new Float4(
                gaussians[first],
                colours > 1 ? gaussians[first + 1] : 0f,
                colours > 2 ? gaussians[first + 2] : 0f,
                colours > 3 ? gaussians[first + 3] : 0f);
        }

        float opacity = Sigmoid(gaussians[row + RawColumns.Alpha]);
        float red = Gpu.Multiply(opacity, Sigmoid(gaussians[row + RawColumns.FirstColour]));
        float green = Gpu.Multiply(opacity, Sigmoid(gaussians[row + RawColumns.FirstColour + 1]));
        float blue = Gpu.Multiply(opacity, Sigmoid(gaussians[row + RawColumns.FirstColour + 2]));
        return new Float4(red, green, blue, 0f);
    }

    // sigmoid(x) * gain, from e^-x.
    private static Float2 GainedSigmoid(Float2 exponential, float gain)
    {
        Float2 denominator = Pair.Sum(1f, exponential.X);
        return Pair.Quotient(new Float2(gain, 0f), new Float2(denominator.X, Gpu.Add(denominator.Y, exponential.Y)));
    }

    // The first whole number within reach of a fraction, where the box's half width is box + boxFraction.
    private static int First(float fraction, float reach, int box, float boxFraction) => XMath.Max(
        (int)Gpu.Ceiling(Gpu.Subtract(fraction, reach)), (int)Gpu.Ceiling(Gpu.Subtract(fraction, boxFraction)) - box);

    // The last one.
    private static int Last(float fraction, float reach, int box, float boxFraction) => XMath.Min(
        (int)Gpu.Floor(Gpu.Add(fraction, reach)), (int)Gpu.Floor(Gpu.Add(fraction, boxFraction)) + box);
}
