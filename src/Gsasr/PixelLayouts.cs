namespace Gsasr;

/// <summary>Facts about <see cref="PixelLayout"/>.</summary>
public static class PixelLayouts
{
    /// <summary>Channels of a pixel, alpha included.</summary>
    /// <param name="layout">The layout.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such layout.</exception>
    public static int ChannelCount(this PixelLayout layout) => layout switch
    {
        PixelLayout.Grey => 1,
        PixelLayout.GreyAlpha => 2,
        PixelLayout.Rgb => 3,
        PixelLayout.Rgba => 4,
        _ => throw new ArgumentOutOfRangeException(nameof(layout), layout, "There is no such pixel layout."),
    };

    /// <summary>Whether the last channel is alpha.</summary>
    /// <param name="layout">The layout.</param>
    public static bool HasAlpha(this PixelLayout layout) => layout is PixelLayout.GreyAlpha or PixelLayout.Rgba;
}
