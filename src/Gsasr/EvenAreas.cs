using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Gsasr.Pipeline;

namespace Gsasr;

/// <summary>
/// Keeps even areas of an image exactly as they are. Where all pixels within <see cref="Reach"/> of a pixel have its colour, that colour is
/// drawn there. It fades out towards the next pixel that has other colours around it. The input alone decides.
/// </summary>
internal sealed class EvenAreas
{
    /// <summary>How many pixels around a pixel, in both directions, must have its colour; there are fewer at the image's edges.</summary>
    public const int Reach = 2;

    // Drawing the pixels of even areas takes so much longer than what other loops do with a pixel. A photograph has few.
    private const int PixelsInTimeOfOne = 16;

    /// <summary>The image that was looked at last, [height, width, 3].</summary>
    public float[] Image { get; private set; } = [];

    private int _width;
    private int _height;
    private bool[] _even = [];
    private bool[] _evenInRow = [];

    // The first even column of each row and the one after the last; both 0 where there is none.
    private (int First, int End)[] _spans = [];
    private long _evenPixels;

    // Of each drawn column the two columns of the image between whose middles it lies, and how far it is from the first one.
    private (int Near, int Far, float Across)[] _columns = [];

    // The loops over rows, and the pixels that the blending one works on.
    private readonly RowLoop _loop = new();
    private readonly Action<int> _findInRow;
    private readonly Action<int> _findAcrossRows;
    private readonly Action<int> _blendRow;
    private BlendedPixels _blended;

    /// <summary>Knows of no image yet.</summary>
    public EvenAreas()
    {
        _findInRow = FindInRow;
        _findAcrossRows = FindAcrossRows;
        _blendRow = BlendRow;
    }

    /// <summary>The even areas of an image; null where there are none.</summary>
    /// <param name="image">[height, width, 3]; must stay as it is as long as the areas are used.</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    public static EvenAreas? Of(float[] image, int width, int height)
    {
        var areas = new EvenAreas();
        return areas.Find(image, width, height) ? areas : null;
    }

    /// <summary>Finds the even areas of an image; says whether there are any.</summary>
    /// <param name="image">[height, width, 3]; must stay as it is as long as this is used.</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    public bool Find(float[] image, int width, int height)
    {
        Image = image;
        _width = width;
        _height = height;
        if (_even.Length < width * height)
        {
            _even = new bool[width * height];
            _evenInRow = new bool[width * height];
        }

        if (_spans.Length < height)
            _spans = new (int, int)[height];
        _evenPixels = 0;
        _loop.Run(height, width, _findInRow);
        _loop.Run(height, width, _findAcrossRows);
        return _spans.AsSpan(0, height).ContainsAnyExcept((0, 0));
    }

    /// <summary>Puts the colours of even areas over drawn pixels.</summary>
    /// <typeparam name="T">byte, ushort or float.</typeparam>
    /// <param name="left">Drawn columns between the left edge of the image and the first of these pixels.</param>
    /// <param name="top">Likewise rows.</param>
    /// <param name="scaleX">Drawn columns per column of the image.</param>
    /// <param name="scaleY">Drawn rows per row of the image.</param>
    /// <param name="width">Drawn columns.</param>
    /// <param name="pixels">[height, width, 3], drawn.</param>
    public unsafe void Blend<T>(double left, double top, double scaleX, double scaleY, int width, Span<T> pixels)
        where T : unmanaged
    {
        fixed (T* first = pixels)
        {
            _blended = new BlendedPixels(left, top, scaleX, scaleY, width, (nint)first, sizeof(T));

            FindColumns();
            int rows = pixels.Length / (width * 3);
            _loop.Run(rows, (int)Math.Min(PixelsInTimeOfOne * _evenPixels * scaleX * scaleY / rows, width), _blendRow);
        }
    }

    private void FindColumns()
    {
        if (_columns.Length < _blended.Width)
            _columns = new (int, int, float)[_blended.Width];
        for (int i = 0; i < _blended.Width; i++)
        {
            double x = (_blended.Left + i + 0.5) / _blended.ScaleX - 0.5;
            int column = (int)Math.Floor(x);
            _columns[i] = (Math.Clamp(column, 0, _width - 1), Math.Clamp(column + 1, 0, _width - 1), (float)(x - column));
        }
    }

    private unsafe void BlendRow(int row)
    {
        BlendedPixels to = _blended;
        double y = (to.Top + row + 0.5) / to.ScaleY - 0.5;
        int length = to.Width * 3;
        byte* first = (byte*)to.Address + (long)row * length * to.SampleBytes;
        if (to.SampleBytes == sizeof(byte))
            BlendRow(to.Left, y, to.ScaleX, new Span<byte>(first, length));
        else if (to.SampleBytes == sizeof(ushort))
            BlendRow(to.Left, y, to.ScaleX, new Span<ushort>(first, length));
        else
            BlendRow(to.Left, y, to.ScaleX, new Span<float>(first, length));
    }

    private void FindInRow(int row)
    {
        ReadOnlySpan<float> pixels = Image.AsSpan(row * _width * 3, _width * 3);
        Span<bool> even = _evenInRow.AsSpan(row * _width, _width);
        even.Clear();
        for (int start = FirstRepeated(pixels, 0); start < _width; start = FirstRepeated(pixels, start))
        {
            int end = start + 1;
            while (end < _width && AreEqual(pixels, start, pixels, end))
                end++;

            // The pixels of a run of one colour that have no other colour within reach.
            int first = start == 0 ? 0 : start + Reach;
            int last = end == _width ? end : end - Reach;
            if (last > first)
                even[first..last].Fill(true);
            start = end;
        }
    }

    // The first pixel, from one on, that has the colour of the next one; the last pixel if there is none. Photographs have few, so eight are
    // compared at a time.
    private static int FirstRepeated(ReadOnlySpan<float> pixels, int pixel)
    {
        const int Group = 8;
        const uint FirstChannels = 0b001_001_001_001_001_001_001_001;
        int last = pixels.Length / 3 - 1;
        for (; pixel + Group <= last; pixel += Group)
        {
            ref float first = ref Unsafe.Add(ref MemoryMarshal.GetReference(pixels), 3 * pixel);
            uint equal = EqualToNext(ref first, 0) | EqualToNext(ref first, 1) << 8 | EqualToNext(ref first, 2) << 16;
            uint repeated = equal & equal >> 1 & equal >> 2 & FirstChannels;
            if (repeated != 0)
                return pixel + BitOperations.TrailingZeroCount(repeated) / 3;
        }

        while (pixel < last && !AreEqual(pixels, pixel, pixels, pixel + 1))
            pixel++;
        return pixel;
    }

    // Which of eight values the next pixel has as well.
    private static uint EqualToNext(ref float first, int vector) => Vector256.Equals(
        Vector256.LoadUnsafe(ref first, (nuint)(vector * Vector256<float>.Count)), Vector256.LoadUnsafe(ref first, (nuint)(vector * Vector256<float>.Count) + 3))
        .ExtractMostSignificantBits();

    private void FindAcrossRows(int row)
    {
        Span<bool> even = _even.AsSpan(row * _width, _width);
        ReadOnlySpan<float> pixels = Image.AsSpan(row * _width * 3, _width * 3);
        _evenInRow.AsSpan(row * _width, _width).CopyTo(even);
        int bottom = Math.Min(row + Reach, _height - 1);
        for (int y = Math.Max(row - Reach, 0); y <= bottom; y++)
        {
            ReadOnlySpan<float> others = Image.AsSpan(y * _width * 3, _width * 3);
            for (int x = NextEven(even, 0); x < _width; x = NextEven(even, x + 1))
                even[x] = _evenInRow[y * _width + x] && AreEqual(pixels, x, others, x);
        }

        int first = NextEven(even, 0);
        if (first == _width)
        {
            _spans[row] = default;
            return;
        }

        _spans[row] = (first, even.LastIndexOf(true) + 1);
        Interlocked.Add(ref _evenPixels, even.Count(true));
    }

    // The first even pixel of a row from one on; the row's length if there is none.
    private static int NextEven(ReadOnlySpan<bool> even, int pixel)
    {
        if (pixel < even.Length && even[pixel])
            return pixel;
        int distance = even[pixel..].IndexOf(true);
        return distance < 0 ? even.Length : pixel + distance;
    }

    // The first pixel of a row, from one on, that is not even; the row's length if there is none.
    private static int NextUneven(ReadOnlySpan<bool> even, int pixel)
    {
        if (!even[pixel])
            return pixel;
        int distance = even[pixel..].IndexOf(false);
        return distance < 0 ? even.Length : pixel + distance;
    }

    private static bool AreEqual(ReadOnlySpan<float> a, int pixel, ReadOnlySpan<float> b, int other) =>
        a[3 * pixel] == b[3 * other] && a[3 * pixel + 1] == b[3 * other + 1] && a[3 * pixel + 2] == b[3 * other + 2];

    private void BlendRow<T>(double left, double y, double scaleX, Span<T> pixels)
        where T : unmanaged
    {
        int row = (int)Math.Floor(y);
        float down = (float)(y - row);
        int upper = Math.Clamp(row, 0, _height - 1);
        int lower = Math.Clamp(row + 1, 0, _height - 1);
        (int First, int End) span = _spans[upper].End == 0 ? _spans[lower] : _spans[upper];
        if (span.End == 0)
            return;
        if (_spans[lower].End > 0)
            span = (Math.Min(span.First, _spans[lower].First), Math.Max(span.End, _spans[lower].End));

        // Pixels between an even column and the next one on either side.
        int width = pixels.Length / 3;
        int first = span.First == 0 ? 0 : (int)Math.Clamp((span.First - 0.5) * scaleX - left - 1, 0, width);
        int end = span.End == _width ? width : (int)Math.Clamp((span.End + 0.5) * scaleX - left + 1, 0, width);
        for (int i = first; i < end; i++)
        {
            (int near, int far, float across) = _columns[i];

            // Even pixels beside each other have the same colour, because each lies within the other's reach.
            int even = -1;
            float weight = 0;
            Add(upper * _width + near, (1 - down) * (1 - across), ref even, ref weight);
            Add(upper * _width + far, (1 - down) * across, ref even, ref weight);
            Add(lower * _width + near, down * (1 - across), ref even, ref weight);
            Add(lower * _width + far, down * across, ref even, ref weight);
            if (even >= 0)
            {
                Mix(Image.AsSpan(3 * even, 3), Math.Min(weight, 1), pixels.Slice(3 * i, 3));

                // The pixels between here and the last of a run of even columns in both rows are the same.
                int uneven = Math.Min(NextUneven(_even.AsSpan(upper * _width, _width), near), NextUneven(_even.AsSpan(lower * _width, _width), near));
                int same = Math.Min((int)((uneven - 0.5) * scaleX - left - 1.5), end);
                for (; uneven > far & i + 1 < same; i++)
                    pixels.Slice(3 * i, 3).CopyTo(pixels[(3 * i + 3)..]);
                continue;
            }

            // On to the first pixel that can lie between an even column and the one before it.
            int next = Math.Min(NextEven(_even.AsSpan(upper * _width, _width), far), NextEven(_even.AsSpan(lower * _width, _width), far));
            i = Math.Max(i, (int)Math.Min((next - 0.5) * scaleX - left - 2, end));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Add(int pixel, float share, ref int even, ref float weight)
    {
        if (_even[pixel])
        {
            even = pixel;
            weight += share;
        }
    }

    private static void Mix<T>(ReadOnlySpan<float> colour, float weight, Span<T> pixel)
        where T : unmanaged
    {
        for (int channel = 0; channel < 3; channel++)
        {
            if (typeof(T) == typeof(byte))
            {
                float mixed = float.Lerp(Unsafe.BitCast<T, byte>(pixel[channel]), byte.MaxValue * colour[channel], weight);
                pixel[channel] = Unsafe.BitCast<byte, T>((byte)MathF.Round(mixed));
            }
            else if (typeof(T) == typeof(float))
            {
                pixel[channel] = Unsafe.BitCast<float, T>(float.Lerp(Unsafe.BitCast<T, float>(pixel[channel]), colour[channel], weight));
            }
            else
            {
                float mixed = float.Lerp(Unsafe.BitCast<T, ushort>(pixel[channel]), ushort.MaxValue * colour[channel], weight);
                pixel[channel] = Unsafe.BitCast<ushort, T>((ushort)MathF.Round(mixed));
            }
        }
    }

    // Rows of pixels in memory that is pinned meanwhile. Sizes are those of the drawn picture.
    private readonly record struct BlendedPixels(double Left, double Top, double ScaleX, double ScaleY, int Width, nint Address, int SampleBytes);
}
