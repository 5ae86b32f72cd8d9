namespace Gsasr.Layers;

/// <summary>What products of float32 in two parts (SplitProduct.Kernel.cs) have in common.</summary>
internal static class SplitTiles
{
    /// <summary>
    /// The depth is multiplied in slices of so many values, 128 bytes in either form: as float32, or as high and low parts. Packed weights are
    /// filled up with zeros to whole slices.
    /// </summary>
    public const int Depth = 32;

    /// <summary>Rows that a group computes.</summary>
    public const int Rows = 64;

    /// <summary>Work-items of a group: one warpgroup.</summary>
    public const int GroupSize = 128;
}

/// <summary>For products of 192 columns or a multiple.</summary>
internal readonly struct Split64x192 : IFloat16Tile
{
    /// <summary>Columns that a group computes.</summary>
    public const int ColumnCount = 192;

    /// <summary>Groups that a multiprocessor runs side by side.</summary>
    public const int GroupsPerProcessor = 2;

    /// <summary>Slices of the depth that are in shared memory at once.</summary>
    public const int StageCount = 3;

    /// <summary>Bytes of shared memory of a group.</summary>
    public const int SharedBytes = Float16Tiles.Alignment + StageCount * (SplitTiles.Rows + ColumnCount) * Float16Tiles.RowBytes;

    /// <inheritdoc/>
    public static int Rows => SplitTiles.Rows;

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

/// <summary>For products of other numbers of columns.</summary>
internal readonly struct Split64x128 : IFloat16Tile
{
    /// <summary>Columns that a group computes.</summary>
    public const int ColumnCount = 128;

    /// <summary>Groups that a multiprocessor runs side by side.</summary>
    public const int GroupsPerProcessor = 2;

    /// <summary>Slices of the depth that are in shared memory at once.</summary>
    public const int StageCount = 4;

    /// <summary>Bytes of shared memory of a group.</summary>
    public const int SharedBytes = Float16Tiles.Alignment + StageCount * (SplitTiles.Rows + ColumnCount) * Float16Tiles.RowBytes;

    /// <inheritdoc/>
    public static int Rows => SplitTiles.Rows;

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

/// <summary>For products of few columns, and for small images.</summary>
internal readonly struct Split64x64 : IFloat16Tile
{
    /// <summary>Columns that a group computes.</summary>
    public const int ColumnCount = 64;

    /// <summary>Groups that a multiprocessor runs side by side.</summary>
    public const int GroupsPerProcessor = 4;

    /// <summary>Slices of the depth that are in shared memory at once.</summary>
    public const int StageCount = 3;

    /// <summary>Bytes of shared memory of a group.</summary>
    public const int SharedBytes = Float16Tiles.Alignment + StageCount * (SplitTiles.Rows + ColumnCount) * Float16Tiles.RowBytes;

    /// <inheritdoc/>
    public static int Rows => SplitTiles.Rows;

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
