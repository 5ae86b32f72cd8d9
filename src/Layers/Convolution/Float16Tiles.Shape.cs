namespace Gsasr.Layers;

/// <summary>
/// The sizes of a tile of a product of float16 on tensor cores (Float16Product.Kernel.cs), for kernels and for those who launch them.
/// </summary>
internal interface IFloat16Tile
{
    /// <summary>Rows that a group computes.</summary>
    static abstract int Rows { get; }

    /// <summary>Columns that a group computes: 64, 128 or 192.</summary>
    static abstract int Columns { get; }

    /// <summary>Warps that share the rows; each has a multiple of 16 of them.</summary>
    static abstract int RowWarps { get; }

    /// <summary>Warps that share the columns; each has a multiple of 16 of them.</summary>
    static abstract int ColumnWarps { get; }

    /// <summary>Slices of the depth that are in shared memory at once.</summary>
    static abstract int Stages { get; }

    /// <summary>Whether warpgroups compute the products, each of 64 rows and all columns, instead of warps.</summary>
    static abstract bool HasWarpgroups { get; }
}

/// <summary>What all tiles have in common.</summary>
internal static class Float16Tiles
{
    /// <summary>The depth is multiplied in slices of so many values, 128 bytes; packed weights are filled up with zeros to whole slices.</summary>
    public const int Depth = 64;

    /// <summary>Bytes of a row of a slice.</summary>
    public const int RowBytes = Depth * 2;

    /// <summary>Columns of a packed matrix whose slices lie together (PackedColumns).</summary>
    public const int BlockColumns = 64;

    /// <summary>Values of a slice of so many columns.</summary>
    public const int BlockLength = BlockColumns * Depth;

    /// <summary>Bytes of the barriers of a ring of slices (WeightRing.Kernel.cs), of up to twelve.</summary>
    public const int RingBytes = 192;

    /// <summary>The boundary that slices start on, in bytes, for the products of warpgroups.</summary>
    public const int Alignment = 1024;
}

/// <summary>For products of many columns.</summary>
internal readonly struct Half128x128 : IFloat16Tile
{
    /// <summary>Rows that a group computes.</summary>
    public const int RowCount = 128;

    /// <summary>Columns that a group computes.</summary>
    public const int ColumnCount = 128;

    /// <summary>Warps that share the rows.</summary>
    public const int RowWarpCount = 2;

    /// <summary>Warps that share the columns.</summary>
    public const int ColumnWarpCount = 2;

    /// <summary>Slices of the depth that are in shared memory at once.</summary>
    public const int StageCount = 3;

    /// <summary>Work-items of a group.</summary>
    public const int GroupSize = RowWarpCount * ColumnWarpCount * 32;

    /// <summary>Bytes of shared memory of a group.</summary>
    public const int SharedBytes = StageCount * (RowCount + ColumnCount) * Float16Tiles.RowBytes;

    /// <inheritdoc/>
    public static int Rows => RowCount;

    /// <inheritdoc/>
    public static int Columns => ColumnCount;

    /// <inheritdoc/>
    public static int RowWarps => RowWarpCount;

    /// <inheritdoc/>
    public static int ColumnWarps => ColumnWarpCount;

    /// <inheritdoc/>
    public static int Stages => StageCount;

    /// <inheritdoc/>
    public static bool HasWarpgroups => false;
}

/// <summary>For products of few columns.</summary>
internal readonly struct Half128x64 : IFloat16Tile
{
    /// <summary>Work-items of a group.</summary>
    public const int GroupSize = 128;

    /// <summary>Bytes of shared memory of a group.</summary>
    public const int SharedBytes = 3 * (128 + 64) * Float16Tiles.RowBytes;

    /// <inheritdoc/>
    public static int Rows => 128;

    /// <inheritdoc/>
    public static int Columns => 64;

    /// <inheritdoc/>
    public static int RowWarps => 2;

    /// <inheritdoc/>
    public static int ColumnWarps => 2;

    /// <inheritdoc/>
    public static int Stages => 3;

    /// <inheritdoc/>
    public static bool HasWarpgroups => false;
}

/// <summary>For small images.</summary>
internal readonly struct Half64x64 : IFloat16Tile
{
    /// <summary>Work-items of a group.</summary>
    public const int GroupSize = 128;

    /// <summary>Bytes of shared memory of a group.</summary>
    public const int SharedBytes = 3 * (64 + 64) * Float16Tiles.RowBytes;

    /// <inheritdoc/>
    public static int Rows => 64;

    /// <inheritdoc/>
    public static int Columns => 64;

    /// <inheritdoc/>
    public static int RowWarps => 2;

    /// <inheritdoc/>
    public static int ColumnWarps => 2;

    /// <inheritdoc/>
    public static int Stages => 3;

    /// <inheritdoc/>
    public static bool HasWarpgroups => false;
}

/// <summary>
/// On Turing, for all products. Its copies are made at once, so that a third slice would only take memory: with two, two groups share a multiprocessor.
/// </summary>
internal readonly struct Half64x64OnTuring : IFloat16Tile
{
    /// <summary>Rows that a group computes.</summary>
    public const int RowCount = 64;

    /// <summary>Columns that a group computes.</summary>
    public const int ColumnCount = 64;

    /// <summary>Slices of the depth that are in shared memory at once.</summary>
    public const int StageCount = 2;

    /// <summary>Work-items of a group.</summary>
    public const int GroupSize = 128;

    /// <summary>Bytes of shared memory of a group.</summary>
    public const int SharedBytes = StageCount * (RowCount + ColumnCount) * Float16Tiles.RowBytes;

    /// <inheritdoc/>
    public static int Rows => RowCount;

    /// <inheritdoc/>
    public static int Columns => ColumnCount;

    /// <inheritdoc/>
    public static int RowWarps => 2;

    /// <inheritdoc/>
    public static int ColumnWarps => 2;

    /// <inheritdoc/>
    public static int Stages => StageCount;

    /// <inheritdoc/>
    public static bool HasWarpgroups => false;
}

/// <summary>On Hopper, for products of 192 columns or a multiple. The sums, on their way out, take more shared memory than two slices.</summary>
internal readonly struct Warpgroups128x192 : IFloat16Tile
{
    /// <summary>Rows that a group computes.</summary>
    public const int RowCount = 128;

    /// <summary>Columns that a group computes.</summary>
    public const int ColumnCount = 192;

    /// <summary>Slices of the depth that are in shared memory at once.</summary>
    public const int StageCount = 2;

    /// <summary>Groups that run on a multiprocessor at once.</summary>
    public const int GroupsPerProcessor = 2;

    /// <summary>Work-items of a group.</summary>
    public const int GroupSize = 256;

    /// <summary>Bytes of shared memory of a group.</summary>
    public const int SharedBytes = Float16Tiles.Alignment + RowCount * (ColumnCount + 8) * sizeof(float) + Float16Tiles.RingBytes;

    /// <inheritdoc/>
    public static int Rows => RowCount;

    /// <inheritdoc/>
    public static int Columns => ColumnCount;

    /// <inheritdoc/>
    public static int RowWarps => 8;

    /// <inheritdoc/>
    public static int ColumnWarps => 1;

    /// <inheritdoc/>
    public static int Stages => StageCount;

    /// <inheritdoc/>
    public static bool HasWarpgroups => true;
}

/// <summary>On Hopper, for products of other numbers of columns.</summary>
internal readonly struct Warpgroups128x128 : IFloat16Tile
{
    /// <summary>Rows that a group computes.</summary>
    public const int RowCount = 128;

    /// <summary>Columns that a group computes.</summary>
    public const int ColumnCount = 128;

    /// <summary>Slices of the depth that are in shared memory at once.</summary>
    public const int StageCount = 3;

    /// <summary>Work-items of a group.</summary>
    public const int GroupSize = 256;

    /// <summary>Bytes of shared memory of a group.</summary>
    public const int SharedBytes = Float16Tiles.Alignment + StageCount * (RowCount + ColumnCount) * Float16Tiles.RowBytes + Float16Tiles.RingBytes;

    /// <inheritdoc/>
    public static int Rows => RowCount;

    /// <inheritdoc/>
    public static int Columns => ColumnCount;

    /// <inheritdoc/>
    public static int RowWarps => 8;

    /// <inheritdoc/>
    public static int ColumnWarps => 1;

    /// <inheritdoc/>
    public static int Stages => StageCount;

    /// <inheritdoc/>
    public static bool HasWarpgroups => true;
}

/// <summary>On Hopper, for products of few columns.</summary>
internal readonly struct Warpgroups128x64 : IFloat16Tile
{
    /// <summary>Rows that a group computes.</summary>
    public const int RowCount = 128;

    /// <summary>Columns that a group computes.</summary>
    public const int ColumnCount = 64;

    /// <summary>Slices of the depth that are in shared memory at once.</summary>
    public const int StageCount = 3;

    /// <summary>Groups that run on a multiprocessor at once.</summary>
    public const int GroupsPerProcessor = 3;

    /// <summary>Work-items of a group.</summary>
    public const int GroupSize = 256;

    /// <summary>Bytes of shared memory of a group.</summary>
    public const int SharedBytes = Float16Tiles.Alignment + StageCount * (RowCount + ColumnCount) * Float16Tiles.RowBytes + Float16Tiles.RingBytes;

    /// <inheritdoc/>
    public static int Rows => RowCount;

    /// <inheritdoc/>
    public static int Columns => ColumnCount;

    /// <inheritdoc/>
    public static int RowWarps => 8;

    /// <inheritdoc/>
    public static int ColumnWarps => 1;

    /// <inheritdoc/>
    public static int Stages => StageCount;

    /// <inheritdoc/>
    public static bool HasWarpgroups => true;
}

/// <summary>
/// On Hopper, for small images, which have fewer groups than there are multiprocessors. All slices of a product are fetched at once, up to 576 values deep,
/// because such a group does little but wait for memory.
/// </summary>
internal readonly struct Warpgroups64x64 : IFloat16Tile
{
    /// <summary>Rows that a group computes.</summary>
    public const int RowCount = 64;

    /// <summary>Columns that a group computes.</summary>
    public const int ColumnCount = 64;

    /// <summary>Slices of the depth that are in shared memory at once.</summary>
    public const int StageCount = 9;

    /// <summary>Work-items of a group.</summary>
    public const int GroupSize = 128;

    /// <summary>Bytes of shared memory of a group.</summary>
    public const int SharedBytes = Float16Tiles.Alignment + StageCount * (RowCount + ColumnCount) * Float16Tiles.RowBytes + Float16Tiles.RingBytes;

    /// <inheritdoc/>
    public static int Rows => RowCount;

    /// <inheritdoc/>
    public static int Columns => ColumnCount;

    /// <inheritdoc/>
    public static int RowWarps => 4;

    /// <inheritdoc/>
    public static int ColumnWarps => 1;

    /// <inheritdoc/>
    public static int Stages => StageCount;

    /// <inheritdoc/>
    public static bool HasWarpgroups => true;
}
