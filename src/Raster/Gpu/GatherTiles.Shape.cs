namespace Gsasr.Raster;

/// <summary>The size of the tile that a work-group of the rasteriser draws (GatherKernels.Kernel.cs).</summary>
internal interface IGatherTile
{
    /// <summary>Rows: 16, where each work-item draws two pixels, or 8, where it draws one.</summary>
    static abstract int Rows { get; }
}

/// <summary>16 x 16 pixels.</summary>
internal readonly struct Tile16x16 : IGatherTile
{
    /// <summary>Rows of the tile.</summary>
    public const int RowCount = 16;

    /// <inheritdoc/>
    public static int Rows => RowCount;
}

/// <summary>16 columns and 8 rows, for images so small that there would not be enough tiles for the device.</summary>
internal readonly struct Tile16x8 : IGatherTile
{
    /// <summary>Rows of the tile.</summary>
    public const int RowCount = 8;

    /// <inheritdoc/>
    public static int Rows => RowCount;
}
