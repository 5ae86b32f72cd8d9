namespace Gsasr.Layers;

/// <summary>The sizes of a block of window attention on GPUs, for kernels and for those who launch them.</summary>
internal interface IAttentionTile
{
    /// <summary>The most channels of a head; smaller heads are filled up with zeros.</summary>
    static abstract int HeadSize { get; }

    /// <summary>Queries of a work-item, even.</summary>
    static abstract int Queries { get; }

    /// <summary>Keys of a work-item, a multiple of 16 / <see cref="KeyLanes"/>.</summary>
    static abstract int Keys { get; }

    /// <summary>Work-items along the keys, 4 or 8.</summary>
    static abstract int KeyLanes { get; }

    /// <summary>Buffers for weights: 1, or 2 for fewer barriers at the cost of shared memory.</summary>
    static abstract int WeightBuffers { get; }

    /// <summary>Work-items of a group, a multiple of 32.</summary>
    static abstract int GroupSize { get; }
}

/// <summary>For heads of up to 16 channels.</summary>
internal readonly struct Heads16Block144x16 : IAttentionTile
{
    /// <inheritdoc cref="IAttentionTile.GroupSize"/>
    public const int Items = 96;

    /// <inheritdoc/>
    public static int HeadSize => 16;

    /// <inheritdoc/>
    public static int Queries => 6;

    /// <inheritdoc/>
    public static int Keys => 4;

    /// <inheritdoc/>
    public static int KeyLanes => 4;

    /// <inheritdoc/>
    public static int WeightBuffers => 1;

    /// <inheritdoc/>
    public static int GroupSize => Items;
}

/// <summary>For windows of 144 tokens.</summary>
internal readonly struct Heads32Block144x16 : IAttentionTile
{
    /// <inheritdoc cref="IAttentionTile.GroupSize"/>
    public const int Items = 96;

    /// <inheritdoc/>
    public static int HeadSize => 32;

    /// <inheritdoc/>
    public static int Queries => 6;

    /// <inheritdoc/>
    public static int Keys => 4;

    /// <inheritdoc/>
    public static int KeyLanes => 4;

    /// <inheritdoc/>
    public static int WeightBuffers => 1;

    /// <inheritdoc/>
    public static int GroupSize => Items;
}

/// <summary>For windows of 256 tokens where there is little shared memory.</summary>
internal readonly struct Heads32Block128x16 : IAttentionTile
{
    /// <inheritdoc cref="IAttentionTile.GroupSize"/>
    public const int Items = 64;

    /// <inheritdoc/>
    public static int HeadSize => 32;

    /// <inheritdoc/>
    public static int Queries => 8;

    /// <inheritdoc/>
    public static int Keys => 4;

    /// <inheritdoc/>
    public static int KeyLanes => 4;

    /// <inheritdoc/>
    public static int WeightBuffers => 1;

    /// <inheritdoc/>
    public static int GroupSize => Items;
}

/// <summary>For windows of 256 tokens on NVIDIA hardware.</summary>
internal readonly struct Heads32Block128x32 : IAttentionTile
{
    /// <inheritdoc cref="IAttentionTile.GroupSize"/>
    public const int Items = 128;

    /// <inheritdoc/>
    public static int HeadSize => 32;

    /// <inheritdoc/>
    public static int Queries => 8;

    /// <inheritdoc/>
    public static int Keys => 4;

    /// <inheritdoc/>
    public static int KeyLanes => 8;

    /// <inheritdoc/>
    public static int WeightBuffers => 2;

    /// <inheritdoc/>
    public static int GroupSize => Items;
}

/// <summary>For larger heads. No published model has such heads, so it is not tuned.</summary>
internal readonly struct Heads128Block16x16 : IAttentionTile
{
    /// <inheritdoc cref="IAttentionTile.GroupSize"/>
    public const int Items = 64;

    /// <inheritdoc/>
    public static int HeadSize => 128;

    /// <inheritdoc/>
    public static int Queries => 2;

    /// <inheritdoc/>
    public static int Keys => 2;

    /// <inheritdoc/>
    public static int KeyLanes => 8;

    /// <inheritdoc/>
    public static int WeightBuffers => 2;

    /// <inheritdoc/>
    public static int GroupSize => Items;
}
