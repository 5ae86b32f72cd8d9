namespace Gsasr.Layers;

/// <summary>The sizes of the window attention on tensor cores (Float16AttentionKernels.Kernel.cs).</summary>
internal interface IFloat16AttentionTile
{
    /// <summary>Channels of a head: 16 or 32.</summary>
    static abstract int HeadSize { get; }

    /// <summary>Warps of a group.</summary>
    static abstract int Warps { get; }

    /// <summary>Keys that a warp takes at once, a multiple of 16.</summary>
    static abstract int KeyBlock { get; }

    /// <summary>The most keys of a window, a multiple of <see cref="KeyBlock"/>.</summary>
    static abstract int MostKeys { get; }
}

/// <summary>Windows of up to 144 tokens, heads of 16 channels.</summary>
internal readonly struct Heads16Keys144 : IFloat16AttentionTile
{
    /// <summary>Work-items of a group.</summary>
    public const int Items = 96;

    /// <inheritdoc/>
    public static int HeadSize => 16;

    /// <inheritdoc/>
    public static int Warps => 3;

    /// <inheritdoc/>
    public static int KeyBlock => 48;

    /// <inheritdoc/>
    public static int MostKeys => 144;
}

/// <summary>Windows of up to 144 tokens, heads of 32 channels.</summary>
internal readonly struct Heads32Keys144 : IFloat16AttentionTile
{
    /// <summary>Work-items of a group.</summary>
    public const int Items = 96;

    /// <inheritdoc/>
    public static int HeadSize => 32;

    /// <inheritdoc/>
    public static int Warps => 3;

    /// <inheritdoc/>
    public static int KeyBlock => 48;

    /// <inheritdoc/>
    public static int MostKeys => 144;
}
