namespace Gsasr.Layers;

/// <summary>How the normalisation of float16 shares pixels out to work-items.</summary>
internal static class Float16NormalizationShape
{
    /// <summary>Work-items of a group.</summary>
    public const int GroupSize = 128;

    /// <summary>Work-items of a pixel.</summary>
    public const int ItemsPerPixel = 8;

    /// <summary>Pixels of a group.</summary>
    public const int PixelsOfGroup = GroupSize / ItemsPerPixel;

    /// <summary>The most channels that the items of a pixel keep.</summary>
    public const int MostChannels = 192;
}
