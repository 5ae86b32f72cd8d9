namespace Gsasr.Layers;

/// <summary>The shared memory of Float16LayersOnChip.Kernel.cs, for groups of <see cref="Warpgroups64x64"/>.</summary>
internal static class Float16LayersOnChipShape
{
    /// <summary>The most tiles of 64 outputs of the linear layer at the end.</summary>
    public const int LinearTiles = 3;

    /// <summary>Slices of weights: those of all layers, each with one slice for 64 outputs.</summary>
    public const int WeightSlices = 5 + LinearTiles;

    /// <summary>Vectors of 64 floats of the projection and the two networks: biases, shifts and sums of rows of weights. Those of the linear layer come behind.</summary>
    public const int NetworkVectors = 9;

    /// <summary>Bytes of the rounded results that all warps turn around, 32 channels of 16 pixels at a time.</summary>
    public const int TurnBytes = Warpgroups64x64.RowCount * 32 * 2;

    /// <summary>Bytes of a group.</summary>
    public const int SharedBytes =
        Float16Tiles.Alignment + (2 * Warpgroups64x64.RowCount + WeightSlices * Warpgroups64x64.ColumnCount) * Float16Tiles.RowBytes + Float16Tiles.RingBytes + TurnBytes
        + Warpgroups64x64.RowCount * Float16RowsShape.StatisticsOfRow * sizeof(float) + (NetworkVectors + 2 * LinearTiles) * Warpgroups64x64.ColumnCount * sizeof(float);
}
