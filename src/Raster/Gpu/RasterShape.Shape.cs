namespace Gsasr.Raster;

/// <summary>Sizes that the rasteriser's kernels and their launches share.</summary>
internal static class RasterShape
{
    /// <summary>Gaussians of a block, and blocks of a group of them; also the work-items of a work-group.</summary>
    public const int BlockSize = 128;

    /// <summary>Columns of the tile that a work-group draws.</summary>
    public const int TileColumns = 16;

    /// <summary>Floats of a splat.</summary>
    public const int SplatFloats = 12;

    /// <summary>Numbers of bounds: left, top, right, bottom.</summary>
    public const int BoundsSize = 4;

    /// <summary>Values that a work-group of the quantiser rounds.</summary>
    public const int QuantizeGroupSize = 256;

    /// <summary>Floats of the sums over a splat's pixels: four colours, then a, b, aa, ab, bb, and three that are not used.</summary>
    public const int MomentFloats = 12;

    /// <summary>Sums that are made for each splat.</summary>
    public const int Moments = 9;

    /// <summary>Work-items that add up the pixels of one splat.</summary>
    public const int Lanes = 8;

    /// <summary>Splats of a work-group that adds up pixels.</summary>
    public const int SplatsOfGroup = BlockSize / Lanes;

    /// <summary>If a splat's bounds have this many pixels, a whole work-group adds them up, so that none takes long.</summary>
    public const int LargeSplat = 4096;

    /// <summary>Work-groups that share the large splats.</summary>
    public const int LargeSplatGroups = 512;

    /// <summary>Work-items of a work-group of the simple kernels: one for each value.</summary>
    public const int ValueGroupSize = 256;

    /// <summary>Work-items that add up a row of an image.</summary>
    public const int RowGroupSize = 128;
}
