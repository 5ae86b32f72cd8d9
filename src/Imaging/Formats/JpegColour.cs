namespace Gsasr.Imaging.Formats;

/// <summary>Converts a JPEG's components to colours as libjpeg does, in the image that holds the components.</summary>
internal static class JpegColour
{
    // Bands of rows are shared among the processors. A row of a component belongs to 1 to 4 rows of the image, which stay in one band.
    private const int RowsPerBand = 48;

    /// <summary>Turns components into colours.</summary>
    /// <param name="image">The components of the frame, with samples repeated where a component is smaller; in the end the colours.</param>
    /// <param name="frame">The frame.</param>
    /// <param name="isRgb">Whether the components are red, green and blue, not YCbCr.</param>
    public static void Convert(Image image, JpegFrame frame, bool isRgb)
    {
        // What a band needs of its neighbours' rows is copied before any of them is converted.
        JpegUpsampling[][] bands =
        [
            .. Enumerable.Range(0, (image.Height + RowsPerBand - 1) / RowsPerBand).Select(band => Enumerable.Range(0, 3).Select(
                component => new JpegUpsampling(image, frame, component, band * RowsPerBand, Math.Min(image.Height, (band + 1) * RowsPerBand))).ToArray()),
        ];
        Parallel.For(0, bands.Length, band =>
        {
            for (int y = band * RowsPerBand; y < Math.Min(image.Height, (band + 1) * RowsPerBand); y++)
            {
                ReadOnlySpan<byte> first = bands[band][0].Row(y), second = bands[band][1].Row(y), third = bands[band][2].Row(y);
                if (isRgb)
                    Interleave(first, second, third, image.RowBytes(y));
                else
                    Convert(first, second, third, image.RowBytes(y));
            }

            bands[band] = [];
        });
    }

    /// <summary>
    /// Bounds the colours of YCCK. The decoder makes (255 - (Y + 1.402 (Cr - 128))) K / 255 of it, for red, where the difference may be more than
    /// 255; what it gives is K at most.
    /// </summary>
    /// <param name="image">The colours.</param>
    /// <param name="components">Y K / 255, Cb K / 255 and Cr K / 255.</param>
    public static void Bound(Image image, Image components)
    {
        const double RedPerCr = 1.402, BluePerCb = 1.772, GreenPerCb = -0.344136, GreenPerCr = -0.714136, Middle = 128 / 255.0;
        byte[] colours = image.Samples8, parts = components.Samples8;
        for (int i = 0; i < colours.Length; i += 3)
        {
            // Every colour that the decoder did not cut off gives K times a weight.
            double sum = 0, weight = 0;
            Add(colours[i], 0, RedPerCr);
            Add(colours[i + 1], GreenPerCb, GreenPerCr);
            Add(colours[i + 2], BluePerCb, 0);
            if (weight == 0)
                continue;
            byte bound = (byte)Math.Clamp(Math.Round(sum / weight), 0, 255);
            for (int c = 0; c < 3; c++)
                colours[i + c] = Math.Min(colours[i + c], bound);

            void Add(byte colour, double perCb, double perCr)
            {
                if (colour is 0 or 255)
                    return;
                sum += colour + parts[i] + perCb * parts[i + 1] + perCr * parts[i + 2];
                weight += 1 + (perCb + perCr) * Middle;
            }
        }
    }

    private static void Interleave(ReadOnlySpan<byte> red, ReadOnlySpan<byte> green, ReadOnlySpan<byte> blue, Span<byte> target)
    {
        for (int x = 0; target.Length >= 3; x++, target = target[3..])
            (target[0], target[1], target[2]) = (red[x], green[x], blue[x]);
    }

    // ITU-R BT.601, full range, with 16 fractional bits and libjpeg's rounding.
    private static void Convert(ReadOnlySpan<byte> luma, ReadOnlySpan<byte> blueDifference, ReadOnlySpan<byte> redDifference, Span<byte> target)
    {
        const int Half = 1 << 15;
        int width = target.Length / 3;
        luma = luma[..width];
        blueDifference = blueDifference[..width];
        redDifference = redDifference[..width];
        for (int x = 0, i = 0; x < luma.Length; x++, i += 3)
        {
            int y = luma[x], cb = blueDifference[x] - 128, cr = redDifference[x] - 128;
            target[i + 2] = (byte)Math.Clamp(y + ((116130 * cb + Half) >> 16), 0, 255);
            target[i + 1] = (byte)Math.Clamp(y + ((Half - 22554 * cb - 46802 * cr) >> 16), 0, 255);
            target[i] = (byte)Math.Clamp(y + ((91881 * cr + Half) >> 16), 0, 255);
        }
    }
}
