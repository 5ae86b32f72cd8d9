namespace Gsasr.Layers;

/// <summary>The sizes of the window attention on tensor cores (Float16AttentionKernels.Kernel.cs).</summary>
internal interface IFloat16AttentionTile
{
    /// <summary>Channels of a head: 16 or 32. Smaller heads are filled up with zeros.</summary>
    static abstract int HeadSize { get; }

    /// <summary>Warps of a group. Their work-items bring whole fractions of <see cref="MostKeys"/> into shared memory at once.</summary>
    static abstract int Warps { get; }

    /// <summary>Tiles of 16 queries that a warp takes at once.</summary>
    static abstract int QueryTiles { get; }

    /// <summary>Keys that a warp takes at once, a multiple of 16.</summary>
    static abstract int KeyBlock { get; }

    /// <summary>
    /// The most keys of a window, and the most queries; a multiple of <see cref="KeyBlock"/> and of the queries that a warp takes at once.
    /// </summary>
    static abstract int MostKeys { get; }

    /// <summary>The queries that shared memory holds: all, or those that the warps of a group take at once.</summary>
    static abstract int MostQueries { get; }

    /// <summary>Whether positions enter by a rotary embedding; if not, by a bias.</summary>
    static abstract bool Rotates { get; }
}

/// <summary>Windows of up to 144 tokens, heads of 16 channels, rotary embedding.</summary>
internal readonly struct Heads16Keys144 : IFloat16AttentionTile
{
    /// <summary>Work-items of a group.</summary>
    public const int Items = 288;

    /// <summary>Groups that share a multiprocessor.</summary>
    public const int Groups = 3;

    /// <summary>Bytes of shared memory of a group.</summary>
    public const int SharedBytes = 3 * 144 * 16 * 2;

    /// <inheritdoc/>
    public static int HeadSize => 16;

    /// <inheritdoc/>
    public static int Warps => 9;

    /// <inheritdoc/>
    public static int QueryTiles => 1;

    /// <inheritdoc/>
    public static int KeyBlock => 48;

    /// <inheritdoc/>
    public static int MostKeys => 144;

    /// <inheritdoc/>
    public static int MostQueries => MostKeys;

    /// <inheritdoc/>
    public static bool Rotates => true;
}

/// <summary>Windows of up to 144 tokens, heads of up to 32 channels, rotary embedding.</summary>
internal readonly struct Heads32Keys144 : IFloat16AttentionTile
{
    /// <summary>Work-items of a group.</summary>
    public const int Items = 96;

    /// <summary>Groups that share a multiprocessor.</summary>
    public const int Groups = 6;

    /// <summary>Bytes of shared memory of a group.</summary>
    public const int SharedBytes = 3 * 144 * 32 * 2;

    /// <inheritdoc/>
    public static int HeadSize => 32;

    /// <inheritdoc/>
    public static int Warps => 3;

    /// <inheritdoc/>
    public static int QueryTiles => 1;

    /// <inheritdoc/>
    public static int KeyBlock => 48;

    /// <inheritdoc/>
    public static int MostKeys => 144;

    /// <inheritdoc/>
    public static int MostQueries => MostKeys;

    /// <inheritdoc/>
    public static bool Rotates => true;
}

/// <summary>Windows of up to 256 tokens, heads of up to 32 channels, rotary embedding.</summary>
internal readonly struct Heads32Keys256 : IFloat16AttentionTile
{
    /// <summary>Work-items of a group.</summary>
    public const int Items = 256;

    /// <summary>Groups that share a multiprocessor.</summary>
    public const int Groups = 3;

    /// <summary>Bytes of shared memory of a group.</summary>
    public const int SharedBytes = 3 * 256 * 32 * 2;

    /// <inheritdoc/>
    public static int HeadSize => 32;

    /// <inheritdoc/>
    public static int Warps => 8;

    /// <inheritdoc/>
    public static int QueryTiles => 1;

    /// <inheritdoc/>
    public static int KeyBlock => 32;

    /// <inheritdoc/>
    public static int MostKeys => 256;

    /// <inheritdoc/>
    public static int MostQueries => MostKeys;

    /// <inheritdoc/>
    public static bool Rotates => true;
}

/// <summary>Key windows of up to 576 tokens, heads of up to 32 channels, rotary embedding.</summary>
internal readonly struct Heads32Keys576 : IFloat16AttentionTile
{
    /// <summary>Work-items of a group.</summary>
    public const int Items = 256;

    /// <summary>Groups that share a multiprocessor.</summary>
    public const int Groups = 2;

    /// <summary>Bytes of shared memory of a group.</summary>
    public const int SharedBytes = (2 * 576 + 256) * 32 * 2;

    /// <inheritdoc/>
    public static int HeadSize => 32;

    /// <inheritdoc/>
    public static int Warps => 8;

    /// <inheritdoc/>
    public static int QueryTiles => 2;

    /// <inheritdoc/>
    public static int KeyBlock => 32;

    /// <inheritdoc/>
    public static int MostKeys => 576;

    /// <inheritdoc/>
    public static int MostQueries => 256;

    /// <inheritdoc/>
    public static bool Rotates => true;
}

/// <summary>Windows of up to 64 tokens, heads of up to 32 channels, position bias.</summary>
internal readonly struct Heads32Keys64Biased : IFloat16AttentionTile
{
    /// <summary>Work-items of a group.</summary>
    public const int Items = 128;

    /// <summary>Groups that share a multiprocessor.</summary>
    public const int Groups = 6;

    /// <summary>Bytes of shared memory of a group.</summary>
    public const int SharedBytes = 3 * 64 * 32 * 2;

    /// <inheritdoc/>
    public static int HeadSize => 32;

    /// <inheritdoc/>
    public static int Warps => 4;

    /// <inheritdoc/>
    public static int QueryTiles => 1;

    /// <inheritdoc/>
    public static int KeyBlock => 32;

    /// <inheritdoc/>
    public static int MostKeys => 64;

    /// <inheritdoc/>
    public static int MostQueries => MostKeys;

    /// <inheritdoc/>
    public static bool Rotates => false;
}

/// <summary>Windows of up to 144 tokens, heads of up to 32 channels, position bias.</summary>
internal readonly struct Heads32Keys144Biased : IFloat16AttentionTile
{
    /// <summary>Work-items of a group.</summary>
    public const int Items = 96;

    /// <summary>Groups that share a multiprocessor.</summary>
    public const int Groups = 6;

    /// <summary>Bytes of shared memory of a group.</summary>
    public const int SharedBytes = 3 * 144 * 32 * 2;

    /// <inheritdoc/>
    public static int HeadSize => 32;

    /// <inheritdoc/>
    public static int Warps => 3;

    /// <inheritdoc/>
    public static int QueryTiles => 1;

    /// <inheritdoc/>
    public static int KeyBlock => 48;

    /// <inheritdoc/>
    public static int MostKeys => 144;

    /// <inheritdoc/>
    public static int MostQueries => MostKeys;

    /// <inheritdoc/>
    public static bool Rotates => false;
}
