namespace Gsasr.Imaging;

/// <summary>What the header of an image file says of the picture, before it is turned as its EXIF orientation asks.</summary>
/// <param name="Width">Pixels in a row.</param>
/// <param name="Height">Rows.</param>
/// <param name="Layout">The channels that the picture will have in memory.</param>
/// <param name="BitDepth">The bits of a sample that the picture will have in memory: 8 or 16.</param>
public readonly record struct ImageHeader(int Width, int Height, ChannelLayout Layout, int BitDepth);
