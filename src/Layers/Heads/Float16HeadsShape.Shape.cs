namespace Gsasr.Layers;

/// <summary>The sizes of the Gaussian heads on tensor cores.</summary>
internal static class Float16HeadsShape
{
    /// <summary>The most channels of a cell, because all of them lie in shared memory.</summary>
    public const int MostChannels = 192;

    /// <summary>Bytes of shared memory of a group: all slices of the cells, and the slices of the weights that are being copied.</summary>
    public const int SharedBytes =
        (MostChannels / Float16Tiles.Depth * Half128x128.RowCount + Half128x128.StageCount * Half128x128.ColumnCount) * Float16Tiles.RowBytes;

    /// <summary>As <see cref="SharedBytes"/>, on Turing.</summary>
    public const int SharedBytesOnTuring =
        (MostChannels / Float16Tiles.Depth * Half64x64OnTuring.RowCount + Half64x64OnTuring.StageCount * Half64x64OnTuring.ColumnCount) * Float16Tiles.RowBytes;

    /// <summary>On Hopper, bytes of shared memory of a group for up to 64 channels: rows, slices of weights, and four floats for each inner value.</summary>
    public const int RowsBytes64 = Float16Tiles.Alignment + Float16RowsShape.Bytes64 + 4 * Warpgroups128x64.ColumnCount * 4 * sizeof(float);

    /// <summary>As <see cref="RowsBytes64"/>, for up to 192 channels.</summary>
    public const int RowsBytes192 = Float16Tiles.Alignment + Float16RowsShape.Bytes192 + 4 * Warpgroups128x192.ColumnCount * 4 * sizeof(float);
}
