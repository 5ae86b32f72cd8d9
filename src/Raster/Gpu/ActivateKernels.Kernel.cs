using Gsasr.Kernels;
using Gsasr.Tensors;
using ILGPU;
using ILGPU.Algorithms;

namespace Gsasr.Raster;

/// <summary>
/// The first two launches of the rasteriser, which has no lists and no atomics on floats, and sends nothing to the host. <see
/// cref="Activate"/> turns raw Gaussians into splats, their bounds, and the bounds of each block of consecutive ones; <see cref="Bound"/>
/// turns bounds of blocks into bounds of groups of blocks. <see cref="GatherKernels"/> draws them. Bounds are left, top, right, bottom in
/// whole canvas pixels, inclusive; empty if left is greater than right.
/// </summary>
internal static class ActivateKernels
{
    /// <summary>
    /// The left bound of a block with a value that is not finite. It is the least of all numbers, and so becomes that of its group.
    /// </summary>
    public const int NonFinite = int.MinValue;

    private const uint ExponentBits = 0x7F800000;

    // The standard deviations that an ellipse reaches: where its weight is e^-16.
    private const float Reach = 5.65685425f;

    /// <summary>sqrt(log2(e) / 2): weights are powers of two.</summary>
    public const float Unit = 0.849321800f;

    // Larger than any Gaussian on a canvas needs; squares, and sums with coordinates, are still numbers.
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
            long mean = raw + (colours > 0 ? GaussianFormat.Activated.MeanX : GaussianFormat.Raw.MeanX);
            Float2 x = Pair.Product(gaussians[mean], canvasWidth);
            Float2 y = Pair.Product(gaussians[mean + 1], canvasHeight);
            if (channels > GaussianFormat.Raw.PublishedColumns)
            {
                x.Y = Gpu.Fma(gaussians[raw + GaussianFormat.Raw.MeanXRemainder], canvasWidth, x.Y);
                y.Y = Gpu.Fma(gaussians[raw + GaussianFormat.Raw.MeanYRemainder], canvasHeight, y.Y);
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

                float correlation = gaussians[raw + GaussianFormat.Raw.Rho];
                ActivatedShape shape = GaussianActivation.Shape(gaussians, raw, colours);
                Float2 sigmaX = shape.SigmaX;
                Float2 sigmaY = shape.SigmaY;
                float complement = shape.Complement;
                float width = Gpu.Multiply(sigmaX.X, sigmaUnitX);
                float height = Gpu.Multiply(sigmaY.X, sigmaUnitY);
                float normal = XMath.Min(Unit / Gpu.Multiply(width, XMath.Sqrt(Gpu.Multiply(complement, Gpu.Subtract(2f, complement)))), Narrowest);

                // slope = rho * sigmaX / sigmaY in two floats, because the width of a thin ellipse depends on its last bits.
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

                // dx - slope * dy = column - slope * row + ridge. column and row are whole, and so is the column's origin.
                Float2 shift = Pair.Product(slope.X, fractionY);
                Float2 ridge = Pair.Sum(shift.X, -fractionX);
                float whole = Gpu.Round(ridge.X);
                float rest = Gpu.Add(Gpu.Subtract(ridge.X, whole), Gpu.Add(ridge.Y, Gpu.Fma(slope.Y, fractionY, shift.Y)));
                int splat = index * RasterShape.SplatFloats;
                float column = Interop.IntAsFloat((uint)((int)centreX - (int)whole));
                float row = Interop.IntAsFloat((uint)(int)centreY);
                Gpu.Store4(ref splats[splat], new Float4(column, row, rest, Gpu.Multiply(-fractionY, vertical)));
                Gpu.Store4(ref splats[splat + 4], new Float4(slope.X, slope.Y, normal, vertical));
                Gpu.Store4(ref splats[splat + 8], GaussianActivation.Colours(gaussians, raw, colours).Values);

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

    /// <summary>1 if a number of a Gaussian is not finite or, for activated ones, outside its range; else 0.</summary>
    public static int IsBroken(ArrayView<float> gaussians, long row, int channels, int colours)
    {
        int broken = 0;
        for (int k = 0; k < channels; k++)
            broken |= (Interop.FloatAsInt(gaussians[row + k]) & ExponentBits) == ExponentBits ? 1 : 0;
        if (colours > 0)
        {
            bool inRange = gaussians[row + GaussianFormat.Activated.SigmaX] > 0f & gaussians[row + GaussianFormat.Activated.SigmaY] > 0f
                & XMath.Abs(gaussians[row + GaussianFormat.Activated.Rho]) < 1f;
            broken |= inRange ? 0 : 1;
        }

        return broken;
    }

    // The first whole number within reach of a fraction, where the box's half width is box + boxFraction.
    private static int First(float fraction, float reach, int box, float boxFraction) => XMath.Max(
        (int)Gpu.Ceiling(Gpu.Subtract(fraction, reach)), (int)Gpu.Ceiling(Gpu.Subtract(fraction, boxFraction)) - box);

    // The last one.
    private static int Last(float fraction, float reach, int box, float boxFraction) => XMath.Min(
        (int)Gpu.Floor(Gpu.Add(fraction, reach)), (int)Gpu.Floor(Gpu.Add(fraction, boxFraction)) + box);
}
