using Gsasr.Kernels;
using ILGPU;
using ILGPU.Algorithms;

namespace Gsasr.Layers;

/// <summary>
/// The parts of a product of float32 on Hopper's tensor cores. A number, times a power of two, is the sum of a float16 and a smaller float16,
/// which hold 22 bits of it; three products of such parts make one of the numbers.
/// </summary>
/// <remarks>
/// <para>
/// The power of two is chosen for the 32 values of a row in a slice, so that the largest lies between 2^14 and 2^15. So float16's range does
/// not matter, and no digits are lost of values down to 2^-15 of the largest.
/// </para>
/// <para>
/// The rows of a slice lie in shared memory, 128 bytes each, as eight chunks of four floats. An item reads chunks lane % 4 and 4 + lane % 4 of
/// rows lane / 4 and lane / 4 + 8 of its warp, just those rows of which it has sums. The tensor cores take an item's four values of a chunk as
/// terms 2 t, 2 t + 1, 2 t + 8 and 2 t + 9 (t = lane % 4); packed weights have the same order. Chunks of odd rows change places with those four further on, so that the
/// rows that are read at once lie in different banks.
/// </para>
/// </remarks>
internal static class SplitProduct
{
    // The bits of a float's exponent, and the exponents of numbers that scale the largest value to 2^14: 14 + 2 * 127.
    private const int ExponentShift = 23;
    private const int ScaleExponents = 268;

    // Smaller values would make the factor infinite.
    private const int LeastExponent = 15;

    /// <summary>Where a chunk of four floats of a row stands in a slice, in bytes.</summary>
    public static int Place(int row, int chunk) => row * Float16Tiles.RowBytes + ((chunk ^ ((row & 1) << 2)) << 4);

    /// <summary>Where an item's first chunk stands in a slice of rows; the other one of the row is at this address with bit 6 flipped.</summary>
    public static int PlaceOf(int item)
    {
        int lane = item & 31;
        return Place(item / 32 * 16 + lane / 4, lane & 3);
    }

    /// <summary>The exponent of a factor that makes the largest values of a row large but not infinite; of the row of the item.</summary>
    /// <param name="largest">The largest magnitude of the item's values; those of the three other items of the row count too.</param>
    public static int ExponentOf(float largest)
    {
        largest = XMath.Max(largest, TensorCores.Exchange(largest, 1));
        largest = XMath.Max(largest, TensorCores.Exchange(largest, 2));
        return Math.Max((int)Interop.FloatAsInt(largest) >> ExponentShift, LeastExponent);
    }

    /// <summary>The factor.</summary>
    /// <param name="exponent">By <see cref="ExponentOf"/>.</param>
    public static float Factor(int exponent) => Interop.IntAsFloat((uint)((ScaleExponents - exponent) << ExponentShift));

    /// <summary>1 / <see cref="Factor"/>.</summary>
    /// <param name="exponent">By <see cref="ExponentOf"/>.</param>
    public static float Inverse(int exponent) => Interop.IntAsFloat((uint)((exponent - (ScaleExponents - 254)) << ExponentShift));

    /// <summary>The largest magnitude.</summary>
    public static float Largest(Float4 values) => XMath.Max(
        XMath.Max(XMath.Abs(values.X), XMath.Abs(values.Y)),
        XMath.Max(XMath.Abs(values.Z), XMath.Abs(values.W)));

    /// <summary>The high parts of four values in X and Y, and the low ones in Z and W.</summary>
    public static Int4 Split(Float4 values)
    {
        int high0 = TensorCores.PackFloat16(values.X, values.Y);
        int high1 = TensorCores.PackFloat16(values.Z, values.W);
        Float2 rounded0 = TensorCores.UnpackFloat16(high0);
        Float2 rounded1 = TensorCores.UnpackFloat16(high1);
        return new Int4(
            high0,
            high1,
            TensorCores.PackFloat16(Gpu.Subtract(values.X, rounded0.X), Gpu.Subtract(values.Y, rounded0.Y)),
            TensorCores.PackFloat16(Gpu.Subtract(values.Z, rounded1.X), Gpu.Subtract(values.W, rounded1.Y)));
    }

    /// <summary>totals + the product of a slice of rows, as float32, with a slice of columns.</summary>
    /// <param name="rows">The item's place in the slice of rows.</param>
    /// <param name="columns">Where the slice of columns starts.</param>
    /// <param name="scale">A factor for the product.</param>
    /// <param name="totals">Block by block, as the sums of a warpgroup.</param>
    /// <param name="sums">Room for as many.</param>
    public static void Add<TTile>(int rows, int columns, float scale, Float4[] totals, Float4[] sums)
        where TTile : struct, IFloat16Tile
    {
        Float4 upper0 = SplitWarpgroup.Load4(rows);
        Float4 upper1 = SplitWarpgroup.Load4(rows ^ 64);
        Float4 lower0 = SplitWarpgroup.Load4(rows + 8 * Float16Tiles.RowBytes);
        Float4 lower1 = SplitWarpgroup.Load4((rows ^ 64) + 8 * Float16Tiles.RowBytes);
        int upper = ExponentOf(XMath.Max(Largest(upper0), Largest(upper1)));
        int lower = ExponentOf(XMath.Max(Largest(lower0), Largest(lower1)));
        float upperFactor = Factor(upper);
        float lowerFactor = Factor(lower);
        AddParts<TTile>(
            Split(upper0 * upperFactor),
            Split(upper1 * upperFactor),
            Split(lower0 * lowerFactor),
            Split(lower1 * lowerFactor),
            columns,
            Inverse(upper) * scale,
            Inverse(lower) * scale,
            totals,
            sums);
    }

    /// <summary>As <see cref="Add"/>, of rows whose parts were stored in their place.</summary>
    /// <param name="rows">The item's place in the slice of rows.</param>
    /// <param name="columns">Where the slice of columns starts.</param>
    /// <param name="upperScale">A factor for the item's upper row.</param>
    /// <param name="lowerScale">A factor for the row 8 below.</param>
    /// <param name="totals">Block by block, as the sums of a warpgroup.</param>
    /// <param name="sums">Room for as many.</param>
    public static void AddStored<TTile>(int rows, int columns, float upperScale, float lowerScale, Float4[] totals, Float4[] sums)
        where TTile : struct, IFloat16Tile =>
        AddParts<TTile>(
            SplitWarpgroup.Load8(rows),
            SplitWarpgroup.Load8(rows ^ 64),
            SplitWarpgroup.Load8(rows + 8 * Float16Tiles.RowBytes),
            SplitWarpgroup.Load8((rows ^ 64) + 8 * Float16Tiles.RowBytes),
            columns,
            upperScale,
            lowerScale,
            totals,
            sums);

    private static void AddParts<TTile>(
        Int4 upper0, Int4 upper1, Int4 lower0, Int4 lower1, int columns, float upperScale, float lowerScale, Float4[] totals, Float4[] sums)
        where TTile : struct, IFloat16Tile
    {
        var high0 = new Int4(upper0.X, lower0.X, upper0.Y, lower0.Y);
        var low0 = new Int4(upper0.Z, lower0.Z, upper0.W, lower0.W);
        var high1 = new Int4(upper1.X, lower1.X, upper1.Y, lower1.Y);
        var low1 = new Int4(upper1.Z, lower1.Z, upper1.W, lower1.W);
        if (TTile.Columns == 64)
        {
            SplitWarpgroup.Multiply64(high0, low0, high1, low1, columns).CopyTo(sums, 0);
        }
        else if (TTile.Columns == 128)
        {
            Sums128 all = SplitWarpgroup.Multiply128(high0, low0, high1, low1, columns);
            all.First.CopyTo(sums, 0);
            all.Second.CopyTo(sums, 8);
        }
        else
        {
            Sums192 all = SplitWarpgroup.Multiply192(high0, low0, high1, low1, columns);
            all.First.CopyTo(sums, 0);
            all.Second.CopyTo(sums, 8);
            all.Third.CopyTo(sums, 16);
        }

        for (int i = 0; i < TTile.Columns / 8; i++)
        {
            Float4 sum = sums[i];
            Float4 total = totals[i];
            totals[i] = new Float4(
                Gpu.Fma(sum.X, upperScale, total.X),
                Gpu.Fma(sum.Y, upperScale, total.Y),
                Gpu.Fma(sum.Z, lowerScale, total.Z),
                Gpu.Fma(sum.W, lowerScale, total.W));
        }
    }
}
