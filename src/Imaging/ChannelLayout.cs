namespace Gsasr.Imaging;

/// <summary>The channels of an image, in the order in which they lie in memory. Alpha is straight, not premultiplied.</summary>
public enum ChannelLayout
{
    /// <summary>One grey channel.</summary>
    Grey,

    /// <summary>Grey, alpha.</summary>
    GreyAlpha,

    /// <summary>Red, green, blue.</summary>
    Rgb,

    /// <summary>Red, green, blue, alpha.</summary>
    Rgba,
}

/// <summary>What follows from a <see cref="ChannelLayout"/>.</summary>
public static class ChannelLayouts
{
    /// <summary>The number of channels, alpha included: 1 to 4.</summary>
    /// <param name="layout">The layout.</param>
    public static int ChannelCount(this ChannelLayout layout) => layout switch
    {
        ChannelLayout.Grey => 1,
        ChannelLayout.GreyAlpha => 2,
        ChannelLayout.Rgb => 3,
        ChannelLayout.Rgba => 4,
        _ => throw new ArgumentOutOfRangeException(nameof(layout), layout, "Unknown channel layout."),
    };

    /// <summary>Whether the last channel is alpha.</summary>
    /// <param name="layout">The layout.</param>
    public static bool HasAlpha(this ChannelLayout layout) => layout is ChannelLayout.GreyAlpha or ChannelLayout.Rgba;

    /// <summary>Whether the image has one grey channel rather than red, green and blue.</summary>
    /// <param name="layout">The layout.</param>
    public static bool IsGrey(this ChannelLayout layout) => layout is ChannelLayout.Grey or ChannelLayout.GreyAlpha;

    /// <summary>The channels that are not alpha.</summary>
    /// <param name="layout">The layout.</param>
    public static ChannelLayout WithoutAlpha(this ChannelLayout layout) => layout.IsGrey() ? ChannelLayout.Grey : ChannelLayout.Rgb;
}
