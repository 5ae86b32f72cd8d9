namespace Gsasr.Layers;

/// <summary>The sizes of the Gaussian heads of float32 on tensor cores.</summary>
internal static class SplitHeadsShape
{
    /// <summary>The most channels of a cell, because all of them lie in shared memory.</summary>
    public const int MostChannels = 192;

    /// <summary>Slices of the weights that are in shared memory at once.</summary>
    public const int Stages = 3;

    /// <summary>Bytes of shared memory of a group: all slices of the cells, and those of the weights.</summary>
    public const int SharedBytes = Float16Tiles.Alignment +
        (MostChannels / SplitTiles.Depth * SplitTiles.Rows + Stages * Split64x128.ColumnCount) * Float16Tiles.RowBytes;
}
