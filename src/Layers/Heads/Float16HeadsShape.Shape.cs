namespace Gsasr.Layers;

/// <summary>The sizes of the Gaussian heads on tensor cores.</summary>
internal static class Float16HeadsShape
{
    /// <summary>The most channels of a cell, because all of them lie in shared memory.</summary>
    public const int MostChannels = 192;

    /// <summary>Bytes of shared memory of a group: all slices of the cells, and the slices of the weights that are being copied.</summary>
    public const int SharedBytes =
        (MostChannels / Float16Tiles.Depth * Half128x128.RowCount + Half128x128.StageCount * Half128x128.ColumnCount) * Float16Tiles.RowBytes;

    /// <summary>Bytes of shared memory of a group with rows of 64 channels: the rows, two slices of weights, and four floats for each inner value.</summary>
    public const int Rows128x64SharedBytes = Float16Tiles.Alignment
        + (Float16RowsShape.Rows + 2 * Rows128x64.ColumnCount) * Float16Tiles.RowBytes + 4 * Rows128x64.ColumnCount * 4 * sizeof(float);

    /// <summary>As <see cref="Rows128x64SharedBytes"/>, with rows of 192 channels.</summary>
    public const int Rows128x192SharedBytes = Float16Tiles.Alignment
        + (3 * Float16RowsShape.Rows + 2 * Rows128x192.ColumnCount) * Float16Tiles.RowBytes + 4 * Rows128x192.ColumnCount * 4 * sizeof(float);
}
