using System.Runtime.Intrinsics;

namespace Gsasr.Imaging.Jpeg;

/// <summary>The quantised coefficients of an image to be written.</summary>
internal sealed class JpegPlanes
{
    private readonly Image _image;
    private readonly int _mcuSide;

    // One row of MCUs at a time: the converted rows of all components at full size, padded on the right to whole MCUs.
    private readonly byte[][] _band;
    private readonly int _stride;

    private JpegPlanes(Image image, bool isSubsampled)
    {
        _image = image;
        int count = image.ChannelCount;
        int lumaSampling = isSubsampled && count > 1 ? 2 : 1;
        _mcuSide = 8 * lumaSampling;
        McusAcross = (image.Width + _mcuSide - 1) / _mcuSide;
        McusDown = (image.Height + _mcuSide - 1) / _mcuSide;
        _stride = McusAcross * _mcuSide;
        _band = [.. Enumerable.Range(0, count).Select(_ => new byte[_mcuSide * _stride])];
        Components = new Component[count];
        for (int c = 0; c < count; c++)
        {
            bool isHalved = c > 0 && lumaSampling == 2;
            Components[c] = isHalved
                ? new Component(1, (image.Width + 1) / 2, (image.Height + 1) / 2)
                : new Component(c == 0 ? lumaSampling : 1, image.Width, image.Height);
        }
    }

    public int McusAcross { get; }

    public int McusDown { get; }

    public Component[] Components { get; }

    /// <summary>Converts, subsamples, transforms and quantises an image.</summary>
    /// <param name="image">An 8-bit grey or RGB image.</param>
    /// <param name="isSubsampled">Whether colour differences are halved both ways.</param>
    /// <param name="luminance">Quantisation factors of the first component, row by row.</param>
    /// <param name="chrominance">Quantisation factors of the others, row by row.</param>
    public static JpegPlanes Transform(Image image, bool isSubsampled, int[] luminance, int[] chrominance)
    {
        var planes = new JpegPlanes(image, isSubsampled);
        for (int mcuY = 0; mcuY < planes.McusDown; mcuY++)
        {
            int rows = Math.Min(planes._mcuSide, image.Height - mcuY * planes._mcuSide);
            planes.Convert(mcuY * planes._mcuSide, rows);
            for (int c = 0; c < planes.Components.Length; c++)
            {
                int filled = rows;
                if (planes.Components[c].Sampling * 8 < planes._mcuSide)
                    filled = planes.Halve(planes._band[c], rows);
                planes.Quantise(c, mcuY, filled, c == 0 ? luminance : chrominance);
            }
        }
        return planes;
    }

    private void Convert(int firstRow, int rows)
    {
        int width = _image.Width;
        for (int row = 0; row < rows; row++)
        {
            ReadOnlySpan<byte> pixels = _image.Samples8.AsSpan((firstRow + row) * width * _band.Length, width * _band.Length);
            Range range = (row * _stride)..((row + 1) * _stride);
            if (_band.Length == 1)
                pixels.CopyTo(_band[0].AsSpan(range));
            else
                JpegColour.RgbToYcc(pixels, _band[0].AsSpan(range), _band[1].AsSpan(range), _band[2].AsSpan(range));
            foreach (byte[] band in _band)
                band.AsSpan(range)[width..].Fill(band[row * _stride + width - 1]);
        }
    }

    // Averages 2 x 2 samples in place and returns the number of rows. Rounding alternates between down and up from column to
    // column, so that it adds nothing to the average.
    private int Halve(byte[] band, int rows)
    {
        int halfRows = (rows + 1) / 2;
        for (int y = 0; y < halfRows; y++)
        {
            Span<byte> target = band.AsSpan(y * _stride, _stride / 2);
            ReadOnlySpan<byte> upper = band.AsSpan(2 * y * _stride, _stride);
            ReadOnlySpan<byte> lower = band.AsSpan(Math.Min(2 * y + 1, rows - 1) * _stride, _stride);
            for (int x = 0; x < target.Length; x++)
                target[x] = (byte)((upper[2 * x] + upper[2 * x + 1] + lower[2 * x] + lower[2 * x + 1] + 1 + (x & 1)) >> 2);
        }
        return halfRows;
    }

    private void Quantise(int index, int mcuY, int filledRows, int[] quantisation)
    {
        Component component = Components[index];
        byte[] band = _band[index];
        // Below the picture its last row goes on.
        for (int row = filledRows; row < component.Sampling * 8; row++)
            band.AsSpan((filledRows - 1) * _stride, _stride).CopyTo(band.AsSpan(row * _stride, _stride));
        // The transform's results are eight times too large.
        float[] divisors = Array.ConvertAll(quantisation, factor => 8f * factor);
        Span<int> transformed = stackalloc int[64];
        for (int blockRow = 0; blockRow < component.Sampling; blockRow++)
        {
            int y = mcuY * component.Sampling + blockRow;
            if (y >= component.BlocksDown)
                break;
            for (int x = 0; x < component.BlocksAcross; x++)
            {
                JpegTransform.Forward(band.AsSpan(blockRow * 8 * _stride + x * 8), _stride, transformed);
                Divide(transformed, divisors, component.Coefficients.AsSpan((y * component.BlocksAcross + x) * 64, 64));
            }
        }
    }

    // Rounds to the nearest, halves away from zero. The numerators are below 2^14 and the divisors at most 2040, so the float
    // quotient of two integers is never rounded up to a whole number and truncation is exact.
    private static void Divide(ReadOnlySpan<int> values, ReadOnlySpan<float> divisors, Span<short> zigZagged)
    {
        Span<int> quotients = stackalloc int[64];
        for (int i = 0; i < 64; i += Vector256<int>.Count)
        {
            Vector256<int> value = Vector256.Create(values[i..]);
            Vector256<float> divisor = Vector256.Create(divisors[i..]);
            Vector256<float> numerator = Vector256.ConvertToSingle(Vector256.Abs(value)) + divisor * 0.5f;
            Vector256<int> magnitude = Vector256.ConvertToInt32(numerator / divisor);
            Vector256<int> sign = value >> 31;
            ((magnitude ^ sign) - sign).CopyTo(quotients[i..]);
        }
        for (int k = 0; k < 64; k++)
            zigZagged[k] = (short)quotients[JpegTables.ZigZag[k]];
    }

    /// <summary>One component: its blocks in an MCU are Sampling x Sampling; only blocks that hold picture are kept.</summary>
    internal sealed class Component(int sampling, int width, int height)
    {
        public int Sampling { get; } = sampling;

        public int BlocksAcross { get; } = (width + 7) / 8;

        public int BlocksDown { get; } = (height + 7) / 8;

        /// <summary>[BlocksDown, BlocksAcross, 64], each block in zigzag order.</summary>
        public short[] Coefficients { get; } = new short[64L * ((width + 7) / 8) * ((height + 7) / 8)];
    }
}
