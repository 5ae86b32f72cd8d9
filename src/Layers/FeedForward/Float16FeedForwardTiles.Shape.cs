namespace Gsasr.Layers;

/// <summary>128 rows of up to 64 channels that stay in shared memory, for products of 64 columns.</summary>
internal readonly struct Rows128x64 : IFloat16Tile
{
    /// <summary>Columns that a group computes, and the most channels of a row.</summary>
    public const int ColumnCount = 64;

    /// <summary>Groups that run on a multiprocessor at once.</summary>
    public const int GroupsPerProcessor = 3;

    /// <summary>Work-items of a group.</summary>
    public const int GroupSize = 256;

    /// <summary>Bytes of shared memory of a group: the results on their way out take more than all slices.</summary>
    public const int SharedBytes = Float16Tiles.Alignment + Float16RowsShape.ResultBytes;

    /// <summary>Bytes of shared memory of a group that turns rounded results around while it keeps its rows.</summary>
    public const int SharedBytesWithTurns =
        Float16Tiles.Alignment + (Float16RowsShape.Rows + 2 * ColumnCount) * Float16Tiles.RowBytes + Float16RowsShape.TurnBytes
        + Float16RowsShape.Vectors * ColumnCount * sizeof(float);

    /// <inheritdoc/>
    public static int Rows => Float16RowsShape.Rows;

    /// <inheritdoc/>
    public static int Columns => ColumnCount;

    /// <inheritdoc/>
    public static int RowWarps => 8;

    /// <inheritdoc/>
    public static int ColumnWarps => 1;

    /// <inheritdoc/>
    public static int Stages => 2;

    /// <inheritdoc/>
    public static bool HasWarpgroups => true;
}

/// <summary>128 rows of up to 192 channels that stay in shared memory, for products of 192 columns.</summary>
internal readonly struct Rows128x192 : IFloat16Tile
{
    /// <summary>Columns that a group computes, and the most channels of a row.</summary>
    public const int ColumnCount = 192;

    /// <summary>Groups that run on a multiprocessor at once.</summary>
    public const int GroupsPerProcessor = 2;

    /// <summary>Work-items of a group.</summary>
    public const int GroupSize = 256;

    /// <summary>Bytes of shared memory of a group: the pixels, and two slices of weights.</summary>
    public const int SharedBytes = Float16Tiles.Alignment + (3 * Float16RowsShape.Rows + 2 * ColumnCount) * Float16Tiles.RowBytes
        + Float16RowsShape.Vectors * ColumnCount * sizeof(float);

    /// <summary>Bytes of shared memory of a group that turns rounded results around while it keeps its rows.</summary>
    public const int SharedBytesWithTurns = SharedBytes + Float16RowsShape.TurnBytes;

    /// <inheritdoc/>
    public static int Rows => Float16RowsShape.Rows;

    /// <inheritdoc/>
    public static int Columns => ColumnCount;

    /// <inheritdoc/>
    public static int RowWarps => 8;

    /// <inheritdoc/>
    public static int ColumnWarps => 1;

    /// <inheritdoc/>
    public static int Stages => 2;

    /// <inheritdoc/>
    public static bool HasWarpgroups => true;
}

/// <summary>What kernels have in common that keep rows of pixels in shared memory (Float16Rows.Kernel.cs).</summary>
internal static class Float16RowsShape
{
    /// <summary>Pixels of a group; each of its eight warps has 16 of them.</summary>
    public const int Rows = 128;

    /// <summary>From row to row of the results in float32 that a warp turns around.</summary>
    public const int ResultPitch = 64 + 8;

    /// <summary>Bytes of the rounded results that all warps turn around, 32 channels of 16 pixels at a time.</summary>
    public const int TurnBytes = Rows * 32 * 2;

    /// <summary>Vectors of the channels that a normalisation needs.</summary>
    public const int Vectors = 4;

    /// <summary>Bytes of the results in float32 that all warps turn around, 64 channels of 16 pixels at a time.</summary>
    public const int ResultBytes = Rows * ResultPitch * sizeof(float);
}
