using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace Gsasr;

/// <summary>
/// The parts of an image in which cubic interpolation takes the network's place. Networks that have seen textures everywhere can go
/// astray where nothing happens: an even grey can come out green. There, interpolation has the right answer.
/// </summary>
/// <remarks>
/// A pixel counts as smooth if the pixels around it are equal or change evenly, or if what the network drew in it lies outside the range of the pixels
/// around it farther than true details do. The weight of the interpolation fades out over a pixel. Only the input and the drawn field
/// decide, so that parts of a field are drawn alike in every view. Buffers are kept from one image to the next.
/// </remarks>
internal sealed class SmoothAreas
{
    /// <summary>How many rows and columns are drawn for each row and column that is looked at.</summary>
    public const int Magnification = 2;

    // Pixels on each side that a pixel is compared with.
    private const int Reach = 2;

    // How far a drawn value may leave the range of the pixels around it: a few levels, and a share of the range that grows with it.
    // Details of textures and glints leave it by far, gradients hardly at all.
    private const float ToleratedLevels = 5 / 255f;
    private const float LargestShare = 1.5f;
    private const float ShareGrowth = 8;

    // Two pixels and twice a third, each rounded to 8 bits, and float32's own rounding.
    private const float RoundingOfThree = 2.01f / 255;

    // Around a pixel where the network went astray its neighbours are not to be trusted either.
    private const int Spread = 2;

    private float[] _image = [];
    private int _width;
    private int _height;
    private int _firstRow;
    private int _rows;
    private bool[] _smooth = [];
    private float[] _weights = [];
    private float[] _drawn = [];
    private float[] _line = [];
    private float[] _least = [];
    private float[] _most = [];
    private float[] _drawnLeast = [];
    private float[] _drawnMost = [];
    private (int First, int End)[] _weightedColumns = [];

    /// <summary>Draws rows of the described image, at <see cref="Magnification"/>, as values of about 0 to 1.</summary>
    /// <param name="firstRow">The first row of the image.</param>
    /// <param name="rows">Rows of the image.</param>
    /// <param name="destination">[Magnification * rows, Magnification * width, 3].</param>
    public delegate void Draw(int firstRow, int rows, Span<float> destination);

    private delegate void Choice(ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> destination);

    /// <summary>Finds the smooth areas in rows of an image; says whether there are any.</summary>
    /// <param name="image">[height, width, 3] values of 0 to 1; kept.</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    /// <param name="firstRow">The first row to look at.</param>
    /// <param name="rows">The rows to look at.</param>
    /// <param name="bandRows">Rows to draw at once.</param>
    /// <param name="draw">Draws the network's result.</param>
    public bool Find(float[] image, int width, int height, int firstRow, int rows, int bandRows, Draw draw)
    {
        _image = image;
        _width = width;
        _height = height;
        _firstRow = firstRow;
        _rows = rows;
        Grow(ref _smooth, width * rows);
        Array.Clear(_smooth, 0, width * rows);
        Grow(ref _drawn, Magnification * Magnification * 3 * width * Math.Min(bandRows, rows));
        Grow(ref _line, 3 * (width + 2 * Reach));
        Grow(ref _least, 3 * width);
        Grow(ref _most, 3 * width);
        Grow(ref _drawnLeast, Magnification * 3 * width);
        Grow(ref _drawnMost, Magnification * 3 * width);

        bool any = false;
        for (int first = firstRow; first < firstRow + rows; first += bandRows)
        {
            int count = Math.Min(bandRows, firstRow + rows - first);
            draw(first, count, _drawn.AsSpan(0, Magnification * Magnification * 3 * width * count));
            for (int row = 0; row < count; row++)
                any |= Judge(first + row, row);
        }

        if (any)
            Weigh();
        return any;
    }

    /// <summary>Puts interpolated values over drawn ones.</summary>
    /// <typeparam name="T">byte or ushort.</typeparam>
    /// <param name="left">The column of the image, 0 at the centre of the first, that the first drawn column's centre is at.</param>
    /// <param name="top">Likewise the row.</param>
    /// <param name="columnStep">Columns of the image from one drawn column to the next.</param>
    /// <param name="rowStep">Rows of the image from one drawn row to the next.</param>
    /// <param name="width">Drawn columns.</param>
    /// <param name="pixels">[height, width, 3].</param>
    public unsafe void Blend<T>(double left, double top, double columnStep, double rowStep, int width, Span<T> pixels)
        where T : unmanaged
    {
        fixed (T* first = pixels)
        {
            nint address = (nint)first;
            Parallel.For(0, pixels.Length / (width * 3), row =>
                BlendRow(left, top + row * rowStep, columnStep, new Span<T>((T*)address + (long)row * width * 3, width * 3)));
        }
    }

    private static void Grow<T>(ref T[] array, int length)
    {
        if (array.Length < length)
            array = new T[length];
    }

    // Marks the smooth pixels of a row, given which row of _drawn it is; says whether there are any.
    private bool Judge(int row, int drawnRow)
    {
        Span<float> least = _least.AsSpan(0, 3 * _width);
        Span<float> most = _most.AsSpan(0, 3 * _width);
        ChooseAround(row, TensorPrimitives.Min, least);
        ChooseAround(row, TensorPrimitives.Max, most);
        int line = Magnification * _width * 3;
        Span<float> lowest = _drawnLeast.AsSpan(0, line);
        Span<float> highest = _drawnMost.AsSpan(0, line);
        ReadOnlySpan<float> upper = _drawn.AsSpan(Magnification * drawnRow * line, line);
        ReadOnlySpan<float> lower = _drawn.AsSpan((Magnification * drawnRow + 1) * line, line);
        TensorPrimitives.Min(upper, lower, lowest);
        TensorPrimitives.Max(upper, lower, highest);
        bool any = false;
        for (int column = 0; column < _width; column++)
        {
            bool flat = true;
            bool inside = true;
            for (int channel = 0; channel < 3; channel++)
            {
                float low = least[column * 3 + channel];
                float high = most[column * 3 + channel];
                float range = high - low;
                flat &= range == 0;
                float tolerance = ToleratedLevels + Math.Min(LargestShare, ShareGrowth * range) * range;
                int drawn = Magnification * column * 3 + channel;
                inside &= Math.Min(Math.Min(lowest[drawn], lowest[drawn + 3]), 1) >= low - tolerance
                    && Math.Max(Math.Max(highest[drawn], highest[drawn + 3]), 0) <= high + tolerance;
            }

            // Images of fewer pixels than evenness looks at can still be flat.
            bool even = inside && (flat || IsEven(row, column));
            if (!inside)
                MarkAround(row, column);
            else if (even)
                _smooth[(row - _firstRow) * _width + column] = true;
            any |= even || !inside;
        }

        return any;
    }

    // Whether the pixels around are equal, or change evenly, but for the rounding of the input: what lies on opposite sides of the middle
    // adds up to twice the middle.
    private bool IsEven(int row, int column)
    {
        if (_width <= 2 * Reach || _height <= 2 * Reach)
            return false;
        int line = _width * 3;
        int middle = Math.Clamp(row, Reach, _height - 1 - Reach) * line + Math.Clamp(column, Reach, _width - 1 - Reach) * 3;
        for (int y = 0; y <= Reach; y++)
        {
            for (int x = y == 0 ? 1 : -Reach; x <= Reach; x++)
            {
                int step = y * line + x * 3;
                for (int channel = 0; channel < 3; channel++)
                {
                    int place = middle + channel;
                    if (Math.Abs(_image[place - step] + _image[place + step] - 2 * _image[place]) > RoundingOfThree)
                        return false;
                }
            }
        }

        return true;
    }

    // The least or the greatest values around each pixel of a row, [width, 3].
    private void ChooseAround(int row, Choice choose, Span<float> chosen)
    {
        int floats = _width * 3;
        Span<float> middle = _line.AsSpan(3 * Reach, floats);
        int top = Math.Max(row - Reach, 0);
        int bottom = Math.Min(row + Reach, _height - 1);
        _image.AsSpan(top * floats, floats).CopyTo(middle);
        for (int y = top + 1; y <= bottom; y++)
            choose(middle, _image.AsSpan(y * floats, floats), middle);
        for (int i = 0; i < Reach; i++)
        {
            middle[..3].CopyTo(_line.AsSpan(3 * i));
            middle[^3..].CopyTo(_line.AsSpan(3 * (Reach + _width + i)));
        }

        choose(_line.AsSpan(0, floats), _line.AsSpan(3, floats), chosen);
        for (int i = 2; i <= 2 * Reach; i++)
            choose(chosen, _line.AsSpan(3 * i, floats), chosen);
    }

    private void MarkAround(int row, int column)
    {
        int left = Math.Max(column - Spread, 0);
        int right = Math.Min(column + Spread, _width - 1);
        for (int y = Math.Max(row - Spread, _firstRow); y <= Math.Min(row + Spread, _firstRow + _rows - 1); y++)
            _smooth.AsSpan((y - _firstRow) * _width + left, right - left + 1).Fill(true);
    }

    // A pixel's weight is the share of it and its eight neighbours that are smooth. Most rows have none.
    private void Weigh()
    {
        Grow(ref _weights, _width * _rows);
        Grow(ref _weightedColumns, _rows);
        for (int row = 0; row < _rows; row++)
        {
            int from = Math.Max(row - 1, 0) * _width;
            _weightedColumns[row] = default;
            if (!_smooth.AsSpan(from, Math.Min(row + 2, _rows) * _width - from).Contains(true))
            {
                _weights.AsSpan(row * _width, _width).Clear();
                continue;
            }

            for (int column = 0; column < _width; column++)
            {
                int count = 0;
                for (int y = row - 1; y <= row + 1; y++)
                {
                    int line = Math.Clamp(y, 0, _rows - 1) * _width;
                    for (int x = column - 1; x <= column + 1; x++)
                    {
                        if (_smooth[line + Math.Clamp(x, 0, _width - 1)])
                            count++;
                    }
                }

                _weights[row * _width + column] = count / 9f;
            }

            ReadOnlySpan<float> weights = _weights.AsSpan(row * _width, _width);
            _weightedColumns[row] = (weights.IndexOfAnyExcept(0), weights.LastIndexOfAnyExcept(0) + 1);
        }
    }

    private void BlendRow<T>(double left, double row, double columnStep, Span<T> pixels)
        where T : unmanaged
    {
        // Only columns that lie between weighted ones of the two nearest rows, or next to them.
        (int First, int End) upper = _weightedColumns[Math.Clamp((int)Math.Floor(row) - _firstRow, 0, _rows - 1)];
        (int First, int End) lower = _weightedColumns[Math.Clamp((int)Math.Floor(row) + 1 - _firstRow, 0, _rows - 1)];
        if (upper.End == 0 && lower.End == 0)
            return;
        int first = upper.End == 0 ? lower.First : lower.End == 0 ? upper.First : Math.Min(upper.First, lower.First);
        int end = Math.Max(upper.End, lower.End);
        int firstPixel = first == 0 ? 0 : (int)Math.Clamp((first - 1 - left) / columnStep, 0, pixels.Length / 3);
        int endPixel = end == _width ? pixels.Length / 3 : (int)Math.Clamp((end - left) / columnStep + 1, 0, pixels.Length / 3);

        Span<float> rowFactors = stackalloc float[4];
        Span<float> columnFactors = stackalloc float[4];
        int firstRow = Position(row, rowFactors);
        for (int i = firstPixel; i < endPixel; i++)
        {
            double column = left + i * columnStep;
            float weight = WeightAt(row - _firstRow, column);
            if (weight == 0)
                continue;
            int firstColumn = Position(column, columnFactors);
            Vector3 sum = Vector3.Zero;
            for (int y = 0; y < 4; y++)
            {
                int line = Math.Clamp(firstRow + y, 0, _height - 1) * _width;
                for (int x = 0; x < 4; x++)
                {
                    int source = (line + Math.Clamp(firstColumn + x, 0, _width - 1)) * 3;
                    sum += rowFactors[y] * columnFactors[x] * new Vector3(_image.AsSpan(source, 3));
                }
            }

            Mix(ref pixels[i * 3], sum.X, weight);
            Mix(ref pixels[i * 3 + 1], sum.Y, weight);
            Mix(ref pixels[i * 3 + 2], sum.Z, weight);
        }
    }

    // Interpolated between the four nearest pixels; the row counts from the first that was looked at.
    private float WeightAt(double row, double column)
    {
        int top = (int)Math.Floor(row);
        int left = (int)Math.Floor(column);
        float down = (float)(row - top);
        float across = (float)(column - left);
        int upper = Math.Clamp(top, 0, _rows - 1) * _width;
        int lower = Math.Clamp(top + 1, 0, _rows - 1) * _width;
        int near = Math.Clamp(left, 0, _width - 1);
        int far = Math.Clamp(left + 1, 0, _width - 1);
        float above = float.Lerp(_weights[upper + near], _weights[upper + far], across);
        return float.Lerp(above, float.Lerp(_weights[lower + near], _weights[lower + far], across), down);
    }

    // The first of four pixels around a place, and their factors: Catmull and Rom's cubic.
    private static int Position(double place, Span<float> factors)
    {
        int before = (int)Math.Floor(place);
        float t = (float)(place - before);
        factors[0] = t * (-0.5f + t * (1 - 0.5f * t));
        factors[1] = 1 + t * t * (-2.5f + 1.5f * t);
        factors[2] = t * (0.5f + t * (2 - 1.5f * t));
        factors[3] = t * t * (-0.5f + 0.5f * t);
        return before - 1;
    }

    private static void Mix<T>(ref T pixel, float interpolated, float weight)
        where T : unmanaged
    {
        if (typeof(T) == typeof(byte))
        {
            float mixed = float.Lerp(Unsafe.BitCast<T, byte>(pixel), 255 * Math.Clamp(interpolated, 0, 1), weight);
            pixel = Unsafe.BitCast<byte, T>((byte)MathF.Round(mixed));
        }
        else
        {
            float mixed = float.Lerp(Unsafe.BitCast<T, ushort>(pixel), 65535 * Math.Clamp(interpolated, 0, 1), weight);
            pixel = Unsafe.BitCast<ushort, T>((ushort)MathF.Round(mixed));
        }
    }
}
