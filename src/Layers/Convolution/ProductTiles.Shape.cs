namespace Gsasr.Layers;

/// <summary>The sizes of a tile of a matrix product on GPUs (TileProduct.Kernel.cs), for kernels and for those who launch them.</summary>
internal interface IProductTile
{
    /// <summary>Rows that a group computes, a multiple of 64.</summary>
    static abstract int Rows { get; }

    /// <summary>Columns that a group computes, a multiple of 32.</summary>
    static abstract int Columns { get; }

    /// <summary>1 if pitch, offset and channels of the left factor are multiples of 4, else 0.</summary>
    static abstract int AlignedInput { get; }
}

/// <summary>What all tiles have in common.</summary>
internal static class ProductTiles
{
    /// <summary>
    /// The depth is multiplied in steps of so many values; packed weights are filled up with zeros to whole steps.
    /// </summary>
    public const int Depth = 8;
}

/// <summary>For most layers.</summary>
internal readonly struct Tile128x64 : IProductTile
{
    /// <summary>Work-items of a group.</summary>
    public const int GroupSize = 128 * 64 / 64;

    /// <summary>Groups that a multiprocessor of NVIDIA hardware runs side by side.</summary>
    public const int GroupsPerProcessor = 4;

    /// <inheritdoc/>
    public static int Rows => 128;

    /// <inheritdoc/>
    public static int Columns => 64;

    /// <inheritdoc/>
    public static int AlignedInput => 1;
}

/// <summary>For small images, the last pixels of large ones, and devices with little shared memory.</summary>
internal readonly struct Tile64x64 : IProductTile
{
    /// <summary>Work-items of a group.</summary>
    public const int GroupSize = 64 * 64 / 64;

    /// <summary>Groups that a multiprocessor of NVIDIA hardware runs side by side.</summary>
    public const int GroupsPerProcessor = 6;

    /// <inheritdoc/>
    public static int Rows => 64;

    /// <inheritdoc/>
    public static int Columns => 64;

    /// <inheritdoc/>
    public static int AlignedInput => 1;
}

/// <summary>For inputs whose channels are no whole vectors of four.</summary>
internal readonly struct Tile64x64Unaligned : IProductTile
{
    /// <summary>Work-items of a group.</summary>
    public const int GroupSize = Tile64x64.GroupSize;

    /// <inheritdoc/>
    public static int Rows => 64;

    /// <inheritdoc/>
    public static int Columns => 64;

    /// <inheritdoc/>
    public static int AlignedInput => 0;
}

/// <summary>For the Gaussian heads, on devices with the shared memory for it.</summary>
internal readonly struct Tile128x128 : IProductTile
{
    /// <summary>Work-items of a group.</summary>
    public const int GroupSize = 128 * 128 / 64;

    /// <inheritdoc/>
    public static int Rows => 128;

    /// <inheritdoc/>
    public static int Columns => 128;

    /// <inheritdoc/>
    public static int AlignedInput => 1;
}

/// <summary>For the Gaussian heads elsewhere.</summary>
internal readonly struct Tile64x96 : IProductTile
{
    /// <summary>Work-items of a group.</summary>
    public const int GroupSize = 64 * 96 / 64;

    /// <inheritdoc/>
    public static int Rows => 64;

    /// <inheritdoc/>
    public static int Columns => 96;

    /// <inheritdoc/>
    public static int AlignedInput => 1;
}
