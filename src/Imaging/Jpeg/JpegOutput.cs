namespace Gsasr.Imaging.Jpeg;

/// <summary>
/// Brings the components to full size and converts them to grey or RGB. Halved components are interpolated with the triangle
/// filter (3/4 of the nearer sample, 1/4 of the farther one) with libjpeg's roundings; other ratios repeat samples.
/// </summary>
internal static class JpegOutput
{
    // Bands of rows are independent of one another and shared out among the processors.
    private const int RowsPerBand = 64;

    /// <summary>The pixels of a decoded frame, [height, width, components].</summary>
    public static byte[] Assemble(JpegFrame frame, bool isRgb)
    {
        int width = frame.Width;
        int channels = frame.Components.Length;
        byte[] pixels = new byte[width * frame.Height * channels];
        int bandCount = (frame.Height + RowsPerBand - 1) / RowsPerBand;
        Parallel.For(0, bandCount, band =>
        {
            Upsampler[] upsamplers = Array.ConvertAll(frame.Components, component => new Upsampler(frame, component));
            int end = Math.Min(frame.Height, (band + 1) * RowsPerBand);
            for (int y = band * RowsPerBand; y < end; y++)
                Convert(upsamplers, y, isRgb, pixels.AsSpan(y * width * channels, width * channels));
        });
        return pixels;
    }

    private static void Convert(Upsampler[] upsamplers, int y, bool isRgb, Span<byte> target)
    {
        if (upsamplers.Length == 1)
            upsamplers[0].Row(y)[..target.Length].CopyTo(target);
        else if (isRgb)
            JpegColour.Interleave(upsamplers[0].Row(y), upsamplers[1].Row(y), upsamplers[2].Row(y), target);
        else
            JpegColour.YccToRgb(upsamplers[0].Row(y), upsamplers[1].Row(y), upsamplers[2].Row(y), target);
    }

    /// <summary>Delivers the full-size rows of one component.</summary>
    private sealed class Upsampler
    {
        // Narrower components are repeated rather than interpolated, as libjpeg does.
        private const int MinimumFilteredWidth = 3;

        private readonly JpegComponent _component;
        private readonly int _horizontal;
        private readonly int _vertical;
        private readonly byte[] _row;
        private readonly int[] _sums;

        public Upsampler(JpegFrame frame, JpegComponent component)
        {
            _component = component;
            _horizontal = frame.MaximumHorizontalSampling / component.HorizontalSampling;
            _vertical = frame.MaximumVerticalSampling / component.VerticalSampling;
            _row = new byte[component.Width * _horizontal];
            _sums = new int[component.Width];
        }

        /// <summary>At least as many samples as the image is wide; valid until the next call.</summary>
        public ReadOnlySpan<byte> Row(int y)
        {
            bool isWide = _component.Width >= MinimumFilteredWidth;
            ReadOnlySpan<byte> near = StoredRow(y / _vertical);
            if (_horizontal == 1 && _vertical == 1)
                return near;
            // The row on the other side of the output row's centre; beyond the picture its last row counts again.
            ReadOnlySpan<byte> far = StoredRow(Math.Clamp(y / 2 + ((y & 1) == 0 ? -1 : 1), 0, _component.Height - 1));
            if (_horizontal == 2 && _vertical == 1 && isWide)
                DoubleAcross(near);
            else if (_horizontal == 1 && _vertical == 2)
                DoubleDown(near, far, rounding: (y & 1) == 0 ? 1 : 2);
            else if (_horizontal == 2 && _vertical == 2 && isWide)
                DoubleBoth(near, far);
            else
                Repeat(near);
            return _row;
        }

        private ReadOnlySpan<byte> StoredRow(int y) => _component.Samples.AsSpan(y * _component.Stride * 8, _component.Width);

        private void DoubleAcross(ReadOnlySpan<byte> near)
        {
            Span<byte> row = _row;
            int last = near.Length - 1;
            row[0] = near[0];
            row[1] = (byte)((3 * near[0] + near[1] + 2) >> 2);
            for (int x = 1; x < last; x++)
            {
                int centre = 3 * near[x];
                row[2 * x] = (byte)((centre + near[x - 1] + 1) >> 2);
                row[2 * x + 1] = (byte)((centre + near[x + 1] + 2) >> 2);
            }
            row[2 * last] = (byte)((3 * near[last] + near[last - 1] + 1) >> 2);
            row[2 * last + 1] = near[last];
        }

        private void DoubleDown(ReadOnlySpan<byte> near, ReadOnlySpan<byte> far, int rounding)
        {
            Span<byte> row = _row;
            for (int x = 0; x < near.Length; x++)
                row[x] = (byte)((3 * near[x] + far[x] + rounding) >> 2);
        }

        private void DoubleBoth(ReadOnlySpan<byte> near, ReadOnlySpan<byte> far)
        {
            Span<int> sums = _sums;
            for (int x = 0; x < near.Length; x++)
                sums[x] = 3 * near[x] + far[x];
            Span<byte> row = _row;
            int last = near.Length - 1;
            row[0] = (byte)((4 * sums[0] + 8) >> 4);
            row[1] = (byte)((3 * sums[0] + sums[1] + 7) >> 4);
            for (int x = 1; x < last; x++)
            {
                int centre = 3 * sums[x];
                row[2 * x] = (byte)((centre + sums[x - 1] + 8) >> 4);
                row[2 * x + 1] = (byte)((centre + sums[x + 1] + 7) >> 4);
            }
            row[2 * last] = (byte)((3 * sums[last] + sums[last - 1] + 8) >> 4);
            row[2 * last + 1] = (byte)((4 * sums[last] + 7) >> 4);
        }

        private void Repeat(ReadOnlySpan<byte> near)
        {
            for (int x = 0; x < near.Length; x++)
                _row.AsSpan(x * _horizontal, _horizontal).Fill(near[x]);
        }
    }
}
