namespace Gsasr.Imaging.Jpeg;

internal static class JpegDecoder
{
    public static Image Decode(ReadOnlySpan<byte> file, ImageLimits limits) =>
        throw new ImageFormatException($"JPEG files cannot be read yet ({file.Length} bytes, limit {limits.MaximumPixels} pixels).");
}
