namespace Gsasr.Imaging;

/// <summary>The size and samples of a picture, as the header of its file states them.</summary>
/// <param name="Width">Pixels in a row.</param>
/// <param name="Height">Rows.</param>
/// <param name="Layout">The channels that the picture will have in memory.</param>
/// <param name="BitDepth">The bits of a sample that the picture will have in memory: 8 or 16.</param>
public readonly record struct ImageHeader(int Width, int Height, ChannelLayout Layout, int BitDepth);
