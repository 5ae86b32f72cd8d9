namespace Gsasr.Architecture;

/// <summary>Parts of a network, by the pixels that they are computed for.</summary>
internal enum NetworkPart
{
    /// <summary>Computed for all pixels that a tile sees.</summary>
    Blocks,

    /// <summary>The decoder's first pixel shuffle: for a tile's own pixels and their border.</summary>
    Upsampling,

    /// <summary>The decoder's second pixel shuffle and its heads: for a tile's own pixels.</summary>
    Heads,
}
