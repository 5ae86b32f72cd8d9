namespace Gsasr.Raster;

/// <summary>What the rasteriser's kernels and their launches agree on.</summary>
internal static class RasterShape
{
    /// <summary>Gaussians of a block, and blocks of a group of them; also the work-items of a work-group.</summary>
    public const int BlockSize = 128;

    /// <summary>Rows and columns of the tile that a work-group draws.</summary>
    public const int TileSize = 16;

    /// <summary>Floats of a splat.</summary>
    public const int SplatFloats = 12;

    /// <summary>Numbers of bounds: left, top, right, bottom.</summary>
    public const int BoundsSize = 4;

    /// <summary>Values that a work-group of the quantiser rounds.</summary>
    public const int QuantizeGroupSize = 256;
}
