namespace Gsasr.Layers;

/// <summary>The sizes of the Gaussian heads on tensor cores.</summary>
internal static class Float16HeadsShape
{
    /// <summary>The most channels of a cell, because all of them lie in shared memory.</summary>
    public const int MostChannels = 192;

    /// <summary>Bytes of shared memory of a group: all slices of the cells, and the slices of the weights that are being copied.</summary>
    public const int SharedBytes = Float16Tiles.Alignment +
        (MostChannels / Float16Tiles.Depth * Half128x128.RowCount + Half128x128.StageCount * Half128x128.ColumnCount) * Float16Tiles.RowBytes;
}
