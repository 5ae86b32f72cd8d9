namespace Gsasr.Layers;

/// <summary>How pixels are shared out to the work-items that normalise them.</summary>
internal static class NormalizationShape
{
    /// <summary>Work-items of a group.</summary>
    public const int GroupSize = 256;

    /// <summary>Pixels that a group normalises.</summary>
    public const int PixelsOfGroup = 16;
}
