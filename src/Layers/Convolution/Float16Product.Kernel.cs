using Gsasr.Kernels;
using ILGPU;

namespace Gsasr.Layers;

/// <summary>The parts of a product of float16 on tensor cores: slices in shared memory, and the sums of a warp.</summary>
/// <remarks>
/// A slice is 64 values of the depth, rows of 128 bytes. The eight chunks of 16 bytes of a row are permuted (chunk c of row r is stored as
/// the (c ^ r % 8)th), so that the eight rows from which a matrix of a tensor core is read lie in different banks. A warp's sums are blocks
/// of 16 x 8. An item has two neighbouring columns of two rows of each block, the second row 8 further down.
/// </remarks>
internal static class Float16Product
{
    /// <summary>Work-items of a group.</summary>
    public static int GroupSize<TTile>()
        where TTile : struct, IFloat16Tile => TTile.RowWarps * TTile.ColumnWarps * 32;

    /// <summary>Whether three groups share a multiprocessor on Hopper; of other tiles of warpgroups one or two.</summary>
    public static bool ThreeShareProcessor<TTile>()
        where TTile : struct, IFloat16Tile => TTile.Rows == 128 && TTile.Columns == 64;

    /// <summary>Blocks of 16 rows of a warp.</summary>
    public static int RowBlocks<TTile>()
        where TTile : struct, IFloat16Tile => TTile.Rows / TTile.RowWarps / 16;

    /// <summary>Blocks of 8 columns of a warp.</summary>
    public static int ColumnBlocks<TTile>()
        where TTile : struct, IFloat16Tile => TTile.Columns / TTile.ColumnWarps / 8;

    /// <summary>Rows of a slice of which an item fetches a chunk.</summary>
    public static int RowFetches<TTile>()
        where TTile : struct, IFloat16Tile => TTile.Rows * 8 / GroupSize<TTile>();

    /// <summary>Bytes of a slice of rows and one of columns.</summary>
    public static int SlotBytes<TTile>()
        where TTile : struct, IFloat16Tile => (TTile.Rows + TTile.Columns) * Float16Tiles.RowBytes;

    /// <summary>Floats from row to row of staged sums: eight more than there are columns, so that the rows of a block lie in different banks.</summary>
    public static int StagedPitch<TTile>()
        where TTile : struct, IFloat16Tile => TTile.Columns + 8;

    /// <summary>Bytes of the staged sums of a tile's rows. Barriers lie behind them, because memory of barriers is for nothing else.</summary>
    public static int StagedBytes<TTile, TColumns>()
        where TTile : struct, IFloat16Tile
        where TColumns : struct, IFloat16Tile => TTile.Rows * StagedPitch<TColumns>() * sizeof(float);

    /// <summary>The first row of an item's warp.</summary>
    public static int WarpRow<TTile>(int item)
        where TTile : struct, IFloat16Tile => item / 32 / TTile.ColumnWarps * (TTile.Rows / TTile.RowWarps);

    /// <summary>The first column of an item's warp.</summary>
    public static int WarpColumn<TTile>(int item)
        where TTile : struct, IFloat16Tile => ((item / 32) & (TTile.ColumnWarps - 1)) * (TTile.Columns / TTile.ColumnWarps);

    /// <summary>Where slices start in shared memory that starts at an address.</summary>
    public static int FirstSlice<TTile>(int address)
        where TTile : struct, IFloat16Tile => TTile.HasWarpgroups ? (address + Float16Tiles.Alignment - 1) & ~(Float16Tiles.Alignment - 1) : address;

    /// <summary>Where a chunk of 16 bytes of a row stands in a slice, in bytes.</summary>
    public static int Place(int row, int chunk) => row * Float16Tiles.RowBytes + ((chunk ^ (row & 7)) << 4);

    /// <summary>Starts to copy a slice of the columns of a tile, as PackedColumns has them. Past the last column others are copied.</summary>
    /// <param name="b">All columns.</param>
    /// <param name="slices">Slices of the depth.</param>
    /// <param name="slice">Which of them.</param>
    /// <param name="firstColumn">The tile's first column, a multiple of 8.</param>
    /// <param name="columns">All columns.</param>
    /// <param name="address">Where the slice goes.</param>
    /// <param name="item">The item.</param>
    public static void FetchColumns<TTile>(ArrayView<short> b, int slices, int slice, int firstColumn, int columns, int address, int item)
        where TTile : struct, IFloat16Tile
    {
        for (int n = 0; n < TTile.Columns * 8 / GroupSize<TTile>(); n++)
        {
            int row = item / 8 + n * (GroupSize<TTile>() / 8);
            int column = firstColumn + row;
            column = column < columns ? column : column & (Float16Tiles.BlockColumns - 1);
            int index = ((column >> 6) * slices + slice) * Float16Tiles.BlockLength + (column & (Float16Tiles.BlockColumns - 1)) * Float16Tiles.Depth;
            TensorCores.StartCopy(address + row * Float16Tiles.RowBytes + (item & 7) * 16, ref b[index + (item & 7) * 8], 16);
        }
    }

    /// <summary>sums += A * B over one slice of the depth.</summary>
    /// <param name="rows">Where the slice of A starts in shared memory.</param>
    /// <param name="columns">Where the slice of B starts.</param>
    /// <param name="item">The item.</param>
    /// <param name="sums">[row block][column block].</param>
    /// <param name="left">Room for an operand of each row block, and one more.</param>
    /// <param name="right">Room for the operands of two column blocks each, and one more.</param>
    public static void Multiply<TTile>(int rows, int columns, int item, Float4[] sums, Int4[] left, Int4[] right)
        where TTile : struct, IFloat16Tile
    {
        if (TTile.HasWarpgroups)
        {
            Multiply<TTile>(rows, columns, item, sums);
            return;
        }

        int lane = item & 31;
        int rowBase = Gpu.Keep(rows + (WarpRow<TTile>(item) + (lane & 15)) * Float16Tiles.RowBytes);
        int columnBase = Gpu.Keep(columns + (WarpColumn<TTile>(item) + (lane & 7) + ((lane >> 4) << 3)) * Float16Tiles.RowBytes);
        int rowChunk = lane >> 4;
        int columnChunk = (lane >> 3) & 1;
        int turn = lane & 7;
        for (int k = 0; k < Float16Tiles.Depth / 16; k++)
        {
            int rowAddress = rowBase + (((2 * k + rowChunk) ^ turn) << 4);
            int columnAddress = columnBase + (((2 * k + columnChunk) ^ turn) << 4);
            for (int i = 0; i < RowBlocks<TTile>(); i++)
                left[i] = TensorCores.LoadMatrices(rowAddress + i * (16 * Float16Tiles.RowBytes));
            for (int j = 0; j < ColumnBlocks<TTile>() / 2; j++)
                right[j] = TensorCores.LoadMatrices(columnAddress + j * (16 * Float16Tiles.RowBytes));
            for (int i = 0; i < RowBlocks<TTile>(); i++)
            {
                for (int j = 0; j < ColumnBlocks<TTile>() / 2; j++)
                {
                    int sum = i * ColumnBlocks<TTile>() + 2 * j;
                    sums[sum] = TensorCores.MultiplyFloat16(sums[sum], left[i], right[j].X, right[j].Y);
                    sums[sum + 1] = TensorCores.MultiplyFloat16(sums[sum + 1], left[i], right[j].Z, right[j].W);
                }
            }
        }
    }

    /// <summary>sums += A * B over one slice of the depth, by warpgroups.</summary>
    /// <param name="rows">Where the slice of A starts in shared memory.</param>
    /// <param name="columns">Where the slice of B starts.</param>
    /// <param name="item">The item.</param>
    /// <param name="sums">[column block].</param>
    /// <param name="eightRows">Bytes from eight rows of A to the next eight.</param>
    public static void Multiply<TTile>(int rows, int columns, int item, Float4[] sums, int eightRows = 8 * Float16Tiles.RowBytes)
        where TTile : struct, IFloat16Tile
    {
        rows += item / 128 * (8 * eightRows);
        if (TTile.Columns == 64)
        {
            Warpgroup.Multiply64(Sums64.From(sums, 0), rows, columns, eightRows).CopyTo(sums, 0);
        }
        else if (TTile.Columns == 128)
        {
            Sums128 all = Warpgroup.Multiply128(new Sums128 { First = Sums64.From(sums, 0), Second = Sums64.From(sums, 8) }, rows, columns, eightRows);
            all.First.CopyTo(sums, 0);
            all.Second.CopyTo(sums, 8);
        }
        else
        {
            Sums192 all = Warpgroup.Multiply192(
                new Sums192 { First = Sums64.From(sums, 0), Second = Sums64.From(sums, 8), Third = Sums64.From(sums, 16) }, rows, columns, eightRows);
            all.First.CopyTo(sums, 0);
            all.Second.CopyTo(sums, 8);
            all.Third.CopyTo(sums, 16);
        }
    }

    /// <summary>Puts an item's sums in their places of a tile in shared memory.</summary>
    /// <param name="staged">The tile: rows of <see cref="StagedPitch"/> floats.</param>
    /// <param name="item">The item.</param>
    /// <param name="sums">[row block][column block].</param>
    public static void Stage<TTile>(ArrayView<float> staged, int item, Float4[] sums)
        where TTile : struct, IFloat16Tile
    {
        int lane = item & 31;
        int start = (WarpRow<TTile>(item) + lane / 4) * StagedPitch<TTile>() + WarpColumn<TTile>(item) + (lane & 3) * 2;
        for (int i = 0; i < RowBlocks<TTile>(); i++)
        {
            for (int j = 0; j < ColumnBlocks<TTile>(); j++)
            {
                Float4 sum = sums[i * ColumnBlocks<TTile>() + j];
                int index = start + i * 16 * StagedPitch<TTile>() + j * 8;
                Gpu.Store2(ref staged[index], new Float2(sum.X, sum.Y));
                Gpu.Store2(ref staged[index + 8 * StagedPitch<TTile>()], new Float2(sum.Z, sum.W));
            }
        }
    }
}
