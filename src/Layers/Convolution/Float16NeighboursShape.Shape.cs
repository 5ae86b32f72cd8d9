namespace Gsasr.Layers;

/// <summary>
/// How tiles of a 3x3 convolution lie in the image (Float16NeighboursKernels.Kernel.cs): 8 pixels wide, and with the pixels around them in shared memory.
/// </summary>
internal static class Float16NeighboursShape
{
    /// <summary>Pixels across a tile.</summary>
    public const int TileWidth = 8;

    /// <summary>Pixels across a tile and its neighbours.</summary>
    public const int SurroundedWidth = TileWidth + 2;

    /// <summary>Bytes of a slice of the pixels of a tile of 128 rows, filled up to a boundary of 1024.</summary>
    public const int PixelBytes128 = 23 << 10;

    /// <summary>As <see cref="PixelBytes128"/>, of 64 rows.</summary>
    public const int PixelBytes64 = 13 << 10;

    /// <summary>Bytes of a group for tiles of 64 x 64.</summary>
    public const int SharedBytes64x64 =
        Float16Tiles.Alignment + 2 * PixelBytes64 + Warpgroups64x64.StageCount * Warpgroups64x64.ColumnCount * Float16Tiles.RowBytes + Float16Tiles.RingBytes;
}
