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
        PixelLayout.GreyAlpha or PixelLayout.GreyAlphaPremultiplied => 2,
        PixelLayout.Rgb or PixelLayout.Bgr => 3,
        PixelLayout.Rgba or PixelLayout.Bgra or PixelLayout.RgbaPremultiplied or PixelLayout.BgraPremultiplied => 4,
        _ => throw new ArgumentOutOfRangeException(nameof(layout), layout, "There is no such pixel layout."),
    };

    /// <summary>Whether the last channel is alpha.</summary>
    /// <param name="layout">The layout.</param>
    public static bool HasAlpha(this PixelLayout layout) => layout.ChannelCount() is 2 or 4;

    /// <summary>Whether there is one channel beside alpha.</summary>
    internal static bool IsGrey(this PixelLayout layout) => layout.ChannelCount() < 3;

    /// <summary>Whether colours are multiplied by alpha.</summary>
    internal static bool IsPremultiplied(this PixelLayout layout) => layout is
        PixelLayout.GreyAlphaPremultiplied or PixelLayout.RgbaPremultiplied or PixelLayout.BgraPremultiplied;

    /// <summary>The channel that holds red; blue is two before or after it.</summary>
    internal static int RedChannel(this PixelLayout layout) =>
        layout is PixelLayout.Bgr or PixelLayout.Bgra or PixelLayout.BgraPremultiplied ? 2 : 0;
}
