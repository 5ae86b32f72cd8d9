namespace Gsasr.Imaging.Jpeg;

internal static class JpegEncoder
{
    public const int MaximumSide = 65535;

    public static void Encode(Stream stream, Image image, ImageWriteOptions options) =>
        throw new ImageFormatException($"JPEG files cannot be written yet ({image.Width} x {image.Height}, quality {options.JpegQuality}).");
}
