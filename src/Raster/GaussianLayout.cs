namespace Gsasr.Raster;

/// <summary>What the columns of a tensor of Gaussians mean.</summary>
internal enum GaussianLayout
{
    /// <summary>
    /// As the decoder leaves them, 9 or 11 columns: sigma0 (of y), sigma1 (of x), rho, alpha, red, green, blue, all before their
    /// activation; mean x and y with [0, 1] spanning the canvas; and, with 11, what float32 left out of the means.
    /// </summary>
    Raw,

    /// <summary>
    /// As they are drawn, 6 to 9 columns: sigma x and y, above 0, in units of a canvas's scale (at scale 1, pixels); the correlation rho,
    /// above -1 and below 1; mean x and y with [0, 1] spanning the canvas; and one to four colours, any numbers. The image has as
    /// many channels as a Gaussian has colours.
    /// </summary>
    Activated,
}
