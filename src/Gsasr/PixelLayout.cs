namespace Gsasr;

/// <summary>The channels of a pixel in memory, in this order, without gaps. Alpha is straight, not premultiplied.</summary>
public enum PixelLayout
{
    /// <summary>One channel.</summary>
    Grey,

    /// <summary>Grey and alpha.</summary>
    GreyAlpha,

    /// <summary>Red, green, blue.</summary>
    Rgb,

    /// <summary>Red, green, blue, alpha.</summary>
    Rgba,
}
