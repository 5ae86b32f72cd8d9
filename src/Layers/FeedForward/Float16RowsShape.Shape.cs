namespace Gsasr.Layers;

/// <summary>
/// What kernels have in common that keep rows of pixels in shared memory (Float16Rows.Kernel.cs). The columns of their tile,
/// <see cref="Warpgroups128x64"/> or <see cref="Warpgroups128x192"/>, are also the most channels of a pixel. Beside the rows there is room for two
/// slices of weights, which pass through a ring (WeightRing.Kernel.cs).
/// </summary>
internal static class Float16RowsShape
{
    /// <summary>Pixels of a group; each of its eight warps has 16 of them.</summary>
    public const int Rows = 128;

    /// <summary>Floats for the statistics of a row: mean, deviation, its inverse, and one to fill up 16 bytes.</summary>
    public const int StatisticsOfRow = 4;

    /// <summary>Bytes of the statistics of all rows.</summary>
    public const int StatisticsBytes = Rows * StatisticsOfRow * sizeof(float);

    /// <summary>Bytes of the rounded results that all warps turn around, 32 channels of 16 pixels at a time.</summary>
    public const int TurnBytes = Rows * 32 * 2;

    /// <summary>From row to row of the results in float32 that a warp turns around.</summary>
    public const int ResultPitch = 64 + 8;

    /// <summary>Bytes of the results in float32 that all warps turn around, 64 channels of 16 pixels at a time.</summary>
    public const int ResultBytes = Rows * ResultPitch * sizeof(float);

    /// <summary>Slices of weights that are in shared memory at once.</summary>
    public const int Stages = 2;

    /// <summary>Bytes of the rows of 64 channels and of the ring.</summary>
    public const int Bytes64 = (Rows + Stages * Warpgroups128x64.ColumnCount) * Float16Tiles.RowBytes + Float16Tiles.RingBytes;

    /// <summary>Bytes of the rows of 192 channels and of the ring.</summary>
    public const int Bytes192 = (3 * Rows + Stages * Warpgroups128x192.ColumnCount) * Float16Tiles.RowBytes + Float16Tiles.RingBytes;

    /// <summary>Vectors of a feed-forward network that are in shared memory.</summary>
    public const int Vectors = 4;

    /// <summary>Bytes of shared memory of a group for a feed-forward network of 192 channels.</summary>
    public const int FeedForwardBytes192 = Float16Tiles.Alignment + Bytes192 + Vectors * Warpgroups128x192.ColumnCount * sizeof(float) + StatisticsBytes;

    /// <summary>Bytes of shared memory of a group for a linear layer on 64 normalised channels.</summary>
    public const int NormalizedBytes64 = Float16Tiles.Alignment + Bytes64 + TurnBytes + StatisticsBytes;

    /// <summary>Bytes of shared memory of a group for a linear layer on 192 normalised channels.</summary>
    public const int NormalizedBytes192 = Float16Tiles.Alignment + Bytes192 + TurnBytes + StatisticsBytes;
}
