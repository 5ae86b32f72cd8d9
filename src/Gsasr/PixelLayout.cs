namespace Gsasr;

/// <summary>
/// The channels of a pixel in memory, in this order, without gaps. Alpha is straight: colours are not multiplied by it, unless the name
/// says so.
/// </summary>
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

    /// <summary>Blue, green, red.</summary>
    Bgr,

    /// <summary>Blue, green, red, alpha.</summary>
    Bgra,

    /// <summary>Grey multiplied by alpha, and alpha.</summary>
    GreyAlphaPremultiplied,

    /// <summary>Red, green and blue, each multiplied by alpha, and alpha.</summary>
    RgbaPremultiplied,

    /// <summary>Blue, green and red, each multiplied by alpha, and alpha.</summary>
    BgraPremultiplied,
}
