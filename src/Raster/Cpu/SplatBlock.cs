namespace Gsasr.Raster.Cpu;

/// <summary>What activating a block of consecutive Gaussians resulted in.</summary>
internal struct SplatBlock
{
    /// <summary>Gaussians of one block; bounds the pair list too (see <see cref="CpuRasterizer"/>).</summary>
    public const int Size = 128;

    /// <summary>How many of them can touch the viewport; their splats come first in the block, in order.</summary>
    public int Count;

    /// <summary>An upper bound of how many pairs of a splat and a tile they make.</summary>
    public int Pairs;

    /// <summary>The first row of tiles that one of them can touch.</summary>
    public int FirstTileRow;

    /// <summary>The last row of tiles that one of them can touch.</summary>
    public int LastTileRow;

    /// <summary>How many of them hold a value that is not finite or outside its range.</summary>
    public int Invalid;
}
