namespace Gsasr.Imaging.Jpeg;

/// <summary>YCbCr of JFIF (ITU-R BT.601, full range) from and to RGB, with 16 fractional bits and libjpeg's roundings.</summary>
internal static class JpegColour
{
    private const int Half = 1 << 15;

    // round(x * 2^16)
    private const int F140200 = 91881, F177200 = 116130, F071414 = 46802, F034414 = 22554;
    private const int F029900 = 19595, F058700 = 38470, F011400 = 7471, F016874 = 11059, F033126 = 21709, F050000 = 32768;
    private const int F041869 = 27439, F008131 = 5329;

    /// <summary>Converts a row of pixels; the target's length decides how many.</summary>
    public static void YccToRgb(ReadOnlySpan<byte> luma, ReadOnlySpan<byte> blue, ReadOnlySpan<byte> red, Span<byte> target)
    {
        int width = target.Length / 3;
        luma = luma[..width];
        blue = blue[..width];
        red = red[..width];
        for (int x = 0; x < luma.Length; x++)
        {
            int y = luma[x], cb = blue[x] - 128, cr = red[x] - 128;
            Span<byte> pixel = target.Slice(3 * x, 3);
            pixel[0] = Clamp(y + ((F140200 * cr + Half) >> 16));
            pixel[1] = Clamp(y + ((Half - F034414 * cb - F071414 * cr) >> 16));
            pixel[2] = Clamp(y + ((F177200 * cb + Half) >> 16));
        }
    }

    /// <summary>Joins three rows; the target's length decides how many pixels.</summary>
    public static void Interleave(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third, Span<byte> target)
    {
        for (int x = 0; x < target.Length / 3; x++)
        {
            target[3 * x] = first[x];
            target[3 * x + 1] = second[x];
            target[3 * x + 2] = third[x];
        }
    }

    /// <summary>Converts a row of RGB pixels.</summary>
    public static void RgbToYcc(ReadOnlySpan<byte> pixels, Span<byte> luma, Span<byte> blue, Span<byte> red)
    {
        // Half less one, so that 128 + 127.5 does not become 256.
        const int Offset = (128 << 16) + Half - 1;
        for (int x = 0; x < pixels.Length / 3; x++)
        {
            int r = pixels[3 * x], g = pixels[3 * x + 1], b = pixels[3 * x + 2];
            luma[x] = (byte)((F029900 * r + F058700 * g + F011400 * b + Half) >> 16);
            blue[x] = (byte)((F050000 * b - F016874 * r - F033126 * g + Offset) >> 16);
            red[x] = (byte)((F050000 * r - F041869 * g - F008131 * b + Offset) >> 16);
        }
    }

    private static byte Clamp(int value) => (byte)Math.Clamp(value, 0, 255);
}
