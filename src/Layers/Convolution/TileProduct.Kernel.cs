using Gsasr.Kernels;
using ILGPU;

namespace Gsasr.Layers;

/// <summary>A tile of a matrix product: Rows x Columns sums over the depth, 8 x 8 for each work-item.</summary>
/// <remarks>
/// Thirty-two consecutive work-items (a warp of NVIDIA hardware) compute 64 x 32 sums as 8 x 4 items. An item's rows are
/// first + {0..3, 32..35} and its columns first + {0..3, 16..19}, so it reads four vectors of shared memory for 64
/// multiply-adds. Neighbouring items share in turn a row and a column, so that the hardware can merge their reads.
/// <para>
/// The depth is done in steps of 8. While the slices of A and B of one step are multiplied, those of the next step are read from global
/// memory into registers and then stored in the other half of the shared memory, with one barrier for each step. A's slice is stored as
/// [8][Rows]; in the last four of its lines bit 4 of the row is flipped. The items of a warp hold 4 consecutive channels of 16 rows each,
/// twice, and so store them without bank conflicts.
/// </para>
/// <para>
/// If sums are taken in stretches and the depth is more than 96, the sums over each 96 of it are added up in shared memory, in
/// [16][item] vectors that belong to one item each. A sum of such sums loses fewer digits to rounding than one long sum, and
/// registers have no space for both.
/// </para>
/// </remarks>
internal static class TileProduct
{
    private const int Depth = ProductTiles.Depth;
    private const int StretchSteps = 12;

    /// <summary>One element more in arrays, because ILGPU does not put an array of a single element into registers.</summary>
    public const int Spare = 1;

    /// <summary>Work-items of a group.</summary>
    public static int GroupSize<TTile>()
        where TTile : struct, IProductTile => TTile.Rows * TTile.Columns / 64;

    /// <summary>Floats of shared memory for the slices.</summary>
    public static int SliceFloats<TTile>()
        where TTile : struct, IProductTile => 2 * Depth * (TTile.Rows + TTile.Columns);

    /// <summary>Floats of shared memory for sums in stretches.</summary>
    public static int TotalFloats<TTile>()
        where TTile : struct, IProductTile => 64 * GroupSize<TTile>();

    /// <summary>How many rows of A an item fetches in every step.</summary>
    public static int RowFetches<TTile>()
        where TTile : struct, IProductTile => (Depth * TTile.Rows / 4 + GroupSize<TTile>() - 1) / GroupSize<TTile>();

    /// <summary>The first of an item's rows within the tile.</summary>
    public static int FirstRow<TTile>(int item)
        where TTile : struct, IProductTile
    {
        int lane = item & 31;
        int row = ((lane >> 1) & 1) | ((lane >> 2) & 6);
        return item / 32 / (TTile.Columns / 32) * 64 + row * 4;
    }

    /// <summary>The first of an item's columns within the tile.</summary>
    public static int FirstColumn<TTile>(int item)
        where TTile : struct, IProductTile
    {
        int lane = item & 31;
        int column = (lane & 1) | ((lane >> 1) & 2);
        int warp = item / 32;
        return (warp - warp / (TTile.Columns / 32) * (TTile.Columns / 32)) * 32 + column * 4;
    }

    /// <summary>The item that has a row and a column; the inverse of the two functions above.</summary>
    public static int ItemOf<TTile>(int row, int column)
        where TTile : struct, IProductTile
    {
        int y = (row >> 2) & 7;
        int x = (column >> 2) & 3;
        int lane = (x & 1) | ((y & 1) << 1) | ((x & 2) << 1) | ((y & 6) << 2);
        return (row / 64 * (TTile.Columns / 32) + column / 32) * 32 + lane;
    }

    /// <summary>The row of A, within the tile, of an item's n-th fetch. Rows outside the tile are not fetched.</summary>
    public static int FetchedRow<TTile>(int item, int n)
        where TTile : struct, IProductTile => (item + n * GroupSize<TTile>()) / 2;

    /// <summary>The row of an item's i-th sums, from its first row.</summary>
    public static int RowOf(int firstRow, int i) => firstRow + (i < 4 ? i : 28 + i);

    /// <summary>
    /// sums = A * B for one tile: sums[2 i + h] are four columns, from h * 16 on, of the i-th row. All items of the group call this
    /// together; the shared memory is free to be reused when it returns.
    /// </summary>
    /// <param name="a">Pixels of <paramref name="channels"/> values, <paramref name="aPitch"/> floats apart.</param>
    /// <param name="offsets">For each row that the item fetches, where the pixel's channels start.</param>
    /// <param name="inside">
    /// For each row that the item fetches, which of the pixel's 9 neighbours lie inside the image (bits 0 to 8, rows first; only bit 0 if
    /// there is one tap).
    /// </param>
    /// <param name="aPitch">Floats from pixel to pixel.</param>
    /// <param name="aWidth">Pixels in a row of the image.</param>
    /// <param name="channels">Channels of a pixel.</param>
    /// <param name="taps">1 or 9.</param>
    /// <param name="b">
    /// From <paramref name="bOffset"/> on [taps][channels rounded up to <see cref="ProductTiles.Depth"/>][bPitch], zero where channels
    /// were added; the pitch is a multiple of 4.
    /// </param>
    /// <param name="bOffset">Where it starts.</param>
    /// <param name="bPitch">Floats from line to line.</param>
    /// <param name="tileColumn">The first column of B.</param>
    /// <param name="slices"><see cref="SliceFloats"/>.</param>
    /// <param name="totals"><see cref="TotalFloats"/>, or anything if sums are not taken in stretches.</param>
    /// <param name="stretches">Whether sums are taken in stretches; a constant.</param>
    /// <param name="sums">The result.</param>
    public static void Multiply<TTile>(
        ArrayView<float> a,
        int[] offsets,
        int[] inside,
        int aPitch,
        int aWidth,
        int channels,
        int taps,
        ArrayView<float> b,
        int bOffset,
        int bPitch,
        int tileColumn,
        ArrayView<float> slices,
        ArrayView<float> totals,
        bool stretches,
        Float4[] sums)
        where TTile : struct, IProductTile
    {
        // What the loop needs to know of the item's place is kept in few registers, because the sums take most of them.
        int item = Group.IdxX;
        int firstRow = Gpu.Keep(FirstRow<TTile>(item));
        int firstColumn = Gpu.Keep(FirstColumn<TTile>(item));
        int aDepth = (item & 1) * 4;
        int channelLimit = Gpu.Keep(channels - aDepth);
        int aTarget = Gpu.Keep(aDepth * TTile.Rows + (FetchedRow<TTile>(item, 0) ^ (aDepth << 2)));
        var aIndex = new int[RowFetches<TTile>() + Spare];
        for (int n = 0; n < RowFetches<TTile>(); n++)
            aIndex[n] = Gpu.Keep(offsets[n] + aDepth);

        // If a column does not exist, the last one is multiplied instead, and the result is not stored.
        var bIndex = new int[ColumnFetches<TTile>() + Spare];
        for (int n = 0; n < ColumnFetches<TTile>(); n++)
        {
            int index = item + n * GroupSize<TTile>();
            int depth = index / (TTile.Columns / 4);
            int column = tileColumn + (index - depth * (TTile.Columns / 4)) * 4;
            bIndex[n] = Gpu.Keep(bOffset + Math.Min(depth, Depth - 1) * bPitch + Math.Min(column, bPitch - 4));
        }

        int steps = taps * ((channels + Depth - 1) / Depth);
        bool inStretches = stretches && steps > StretchSteps;
        var aValues = new Float4[RowFetches<TTile>() + Spare];
        var bValues = new Float4[ColumnFetches<TTile>() + Spare];
        for (int i = 0; i < 16; i++)
            sums[i] = default;

        int tap = 0;
        int tapColumn = 0;
        int channel = 0;
        int aLine = taps == 9 ? -(aWidth + 1) * aPitch : 0;
        int bLine = 0;
        FetchA<TTile>(a, aIndex, inside, aLine, tap, channel, channelLimit, aValues);
        FetchB<TTile>(b, bIndex, bLine, steps > 0, bValues);
        StoreSlices<TTile>(slices, 0, item, aTarget, aValues, bValues);
        Group.Barrier();

        int slice = 0;
        int lineStep = Gpu.Keep(Depth * bPitch);
        for (int stretch = 0; stretch < steps; stretch += StretchSteps)
        {
            int end = Math.Min(stretch + StretchSteps, steps);
            for (int step = stretch + 1; step <= end; step++)
            {
                channel += Depth;
                if (channel >= channels)
                {
                    channel = 0;
                    tap++;
                    tapColumn++;
                    bool isNewRow = tapColumn == 3;
                    tapColumn = isNewRow ? 0 : tapColumn;
                    aLine += isNewRow ? (aWidth - 2) * aPitch : aPitch;
                }

                // After the last step zeros are stored, and nothing reads them.
                bLine += lineStep;
                bool more = step < steps;
                FetchA<TTile>(a, aIndex, inside, aLine + channel, tap, channel, more ? channelLimit : 0, aValues);
                FetchB<TTile>(b, bIndex, bLine, more, bValues);
                MultiplySlices<TTile>(slices, slice, firstRow, firstColumn, sums);
                slice = SliceFloats<TTile>() / 2 - slice;
                StoreSlices<TTile>(slices, slice, item, aTarget, aValues, bValues);
                Group.Barrier();
            }

            if (inStretches)
                AddStretch<TTile>(totals, item, stretch > 0, end < steps, sums);
        }
    }

    private static int ColumnFetches<TTile>()
        where TTile : struct, IProductTile => (Depth * TTile.Columns / 4 + GroupSize<TTile>() - 1) / GroupSize<TTile>();

    private static void FetchA<TTile>(
        ArrayView<float> a, int[] indices, int[] inside, int line, int tap, int channel, int limit, Float4[] values)
        where TTile : struct, IProductTile
    {
        for (int n = 0; n < RowFetches<TTile>(); n++)
        {
            int count = ((inside[n] >> tap) & 1) != 0 ? limit - channel : 0;
            values[n] = Channels.LoadReadOnly(a, indices[n] + line, count, TTile.AlignedInput);
        }
    }

    private static void FetchB<TTile>(ArrayView<float> b, int[] indices, int line, bool more, Float4[] values)
        where TTile : struct, IProductTile
    {
        for (int n = 0; n < ColumnFetches<TTile>(); n++)
            values[n] = Gpu.LoadReadOnly4If(ref b[indices[n] + line], more);
    }

    private static void StoreSlices<TTile>(ArrayView<float> slices, int slice, int item, int aTarget, Float4[] aValues, Float4[] bValues)
        where TTile : struct, IProductTile
    {
        for (int n = 0; n < RowFetches<TTile>(); n++)
        {
            // The last fetch may go beyond the tile.
            if ((n + 1) * GroupSize<TTile>() <= 2 * TTile.Rows || FetchedRow<TTile>(item, n) < TTile.Rows)
            {
                // The flipped bit is the same in rows that are a multiple of 32 apart.
                int aDepth = (item & 1) * 4;
                int target = GroupSize<TTile>() % 64 == 0
                    ? aTarget + n * GroupSize<TTile>() / 2
                    : aDepth * TTile.Rows + (FetchedRow<TTile>(item, n) ^ (aDepth << 2));
                ArrayView<float> lines = slices.SubView(slice + target, 3 * TTile.Rows + 1);
                lines[0] = aValues[n].X;
                lines[TTile.Rows] = aValues[n].Y;
                lines[2 * TTile.Rows] = aValues[n].Z;
                lines[3 * TTile.Rows] = aValues[n].W;
            }
        }

        ArrayView<float> columns = slices.SubView(slice + Depth * TTile.Rows + item * 4, Depth * TTile.Columns - item * 4);
        for (int n = 0; n < ColumnFetches<TTile>(); n++)
        {
            if ((n + 1) * GroupSize<TTile>() <= Depth * TTile.Columns / 4 || item + n * GroupSize<TTile>() < Depth * TTile.Columns / 4)
                Gpu.Store4(ref columns[n * GroupSize<TTile>() * 4], bValues[n]);
        }
    }

    // Views with constant indices, so that the indices become part of the instructions.
    private static void MultiplySlices<TTile>(ArrayView<float> slices, int slice, int firstRow, int firstColumn, Float4[] sums)
        where TTile : struct, IProductTile
    {
        ArrayView<float> firstHalf = slices.SubView(slice + firstRow, 4 * TTile.Rows - firstRow);
        ArrayView<float> secondHalf = slices.SubView(slice + 4 * TTile.Rows + (firstRow ^ 16), 4 * TTile.Rows - (firstRow ^ 16));
        ArrayView<float> columns = slices.SubView(slice + Depth * TTile.Rows + firstColumn, Depth * TTile.Columns - firstColumn);
        for (int k = 0; k < Depth; k++)
        {
            Float4 a0 = k < 4 ? Gpu.Load4(ref firstHalf[k * TTile.Rows]) : Gpu.Load4(ref secondHalf[(k - 4) * TTile.Rows]);
            Float4 a1 = k < 4 ? Gpu.Load4(ref firstHalf[k * TTile.Rows + 32]) : Gpu.Load4(ref secondHalf[(k - 4) * TTile.Rows + 32]);
            Float4 b0 = Gpu.Load4(ref columns[k * TTile.Columns]);
            Float4 b1 = Gpu.Load4(ref columns[k * TTile.Columns + 16]);
            AddProducts(a0, b0, b1, 0, sums);
            AddProducts(a1, b0, b1, 8, sums);
        }
    }

    private static void AddProducts(Float4 a, Float4 b0, Float4 b1, int first, Float4[] sums)
    {
        sums[first] = MultiplyAdd(a.X, b0, sums[first]);
        sums[first + 1] = MultiplyAdd(a.X, b1, sums[first + 1]);
        sums[first + 2] = MultiplyAdd(a.Y, b0, sums[first + 2]);
        sums[first + 3] = MultiplyAdd(a.Y, b1, sums[first + 3]);
        sums[first + 4] = MultiplyAdd(a.Z, b0, sums[first + 4]);
        sums[first + 5] = MultiplyAdd(a.Z, b1, sums[first + 5]);
        sums[first + 6] = MultiplyAdd(a.W, b0, sums[first + 6]);
        sums[first + 7] = MultiplyAdd(a.W, b1, sums[first + 7]);
    }

    private static Float4 MultiplyAdd(float a, Float4 b, Float4 c) =>
        new(Gpu.Fma(a, b.X, c.X), Gpu.Fma(a, b.Y, c.Y), Gpu.Fma(a, b.Z, c.Z), Gpu.Fma(a, b.W, c.W));

    private static void AddStretch<TTile>(ArrayView<float> totals, int item, bool hasTotals, bool more, Float4[] sums)
        where TTile : struct, IProductTile
    {
        ArrayView<float> own = totals.SubView(item * 4, TotalFloats<TTile>() - item * 4);
        for (int i = 0; i < 16; i++)
        {
            Float4 sum = sums[i];
            if (hasTotals)
                sum += Gpu.Load4(ref own[i * GroupSize<TTile>() * 4]);
            if (more)
            {
                Gpu.Store4(ref own[i * GroupSize<TTile>() * 4], sum);
                sum = default;
            }

            sums[i] = sum;
        }
    }
}
