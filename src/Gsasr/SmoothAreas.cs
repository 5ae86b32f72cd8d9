using System.Numerics;
using System.Runtime.CompilerServices;

namespace Gsasr;

/// <summary>
/// The parts of an image in which cubic interpolation takes the network's place. Networks that have seen
/// textures everywhere can go astray where nothing happens: an even grey can come out green. There, interpolation has the right
/// answer.
/// </summary>
/// <remarks>
/// A pixel counts as smooth if all pixels around it are equal, or if what the network drew in it lies outside the range of the pixels
/// around it farther than true details do. The weight of the interpolation fades
/// out over a pixel. Only the input and the drawn field decide, so that parts of a field are drawn alike in every view.
/// </remarks>
internal sealed class SmoothAreas
{
    // Pixels on each side that a pixel is compared with.
    private const int Reach = 2;

    // How far a drawn value may leave the range of the pixels around it: a few levels, and a share of the range that grows with it.
    // Details of textures and glints leave it by far, gradients hardly at all.
    private const float ToleratedLevels = 5 / 255f;
    private const float LargestShare = 1.5f;
    private const float ShareGrowth = 8;

    // Around a pixel where the network went astray its neighbours are not to be trusted either.
    private const int Spread = 2;

    private readonly float[] _image;
    private readonly int _width;
    private readonly int _height;
    private readonly float[] _weights;

    private SmoothAreas(float[] image, int width, int height, float[] weights)
    {
        _image = image;
        _width = width;
        _height = height;
        _weights = weights;
    }

    /// <summary>Draws rows of pixels of the described image, at <see cref="Magnification"/>, as values of 0 to 1.</summary>
    /// <param name="firstRow">The first row of the image.</param>
    /// <param name="rows">Rows of the image.</param>
    /// <param name="destination">[Magnification * rows, Magnification * width, 3].</param>
    public delegate void Draw(int firstRow, int rows, Span<float> destination);

    /// <summary>How many rows and columns are drawn for each pixel that is looked at.</summary>
    public static int Magnification => 2;

    /// <summary>Finds the smooth areas of an image; null if there are none.</summary>
    /// <param name="image">[height, width, 3] values of 0 to 1; kept.</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    /// <param name="bandRows">Rows to draw at once.</param>
    /// <param name="draw">Draws the network's result.</param>
    public static SmoothAreas? Find(float[] image, int width, int height, int bandRows, Draw draw)
    {
        var smooth = new bool[width * height];
        var astray = new bool[width * height];
        var drawn = new float[Magnification * Magnification * 3 * width * Math.Min(bandRows, height)];
        for (int first = 0; first < height; first += bandRows)
        {
            int rows = Math.Min(bandRows, height - first);
            draw(first, rows, drawn.AsSpan(0, Magnification * Magnification * 3 * width * rows));
            int start = first;
            Parallel.For(0, rows, row => Judge(image, width, height, start + row, drawn, row, smooth, astray));
        }

        if (Array.IndexOf(astray, true) >= 0)
        {
            for (int i = 0; i < smooth.Length; i++)
                smooth[i] |= astray[i] || AnyAround(astray, width, height, i, Spread);
        }

        if (Array.IndexOf(smooth, true) < 0)
            return null;
        var weights = new float[width * height];
        Parallel.For(0, height, row =>
        {
            for (int column = 0; column < width; column++)
                weights[row * width + column] = ShareAround(smooth, width, height, row, column);
        });
        return new SmoothAreas(image, width, height, weights);
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
        int height = pixels.Length / (width * 3);
        fixed (T* first = pixels)
        {
            nint address = (nint)first;
            Parallel.For(0, height, row =>
                BlendRow(left, top + row * rowStep, columnStep, new Span<T>((T*)address + (long)row * width * 3, width * 3)));
        }
    }

    private static void Judge(
        float[] image, int width, int height, int row, float[] drawn, int drawnRow, bool[] smooth, bool[] astray)
    {
        int top = Math.Max(row - Reach, 0);
        int bottom = Math.Min(row + Reach, height - 1);
        for (int column = 0; column < width; column++)
        {
            int left = Math.Max(column - Reach, 0);
            int right = Math.Min(column + Reach, width - 1);
            bool flat = true;
            bool inside = true;
            for (int channel = 0; channel < 3; channel++)
            {
                float least = float.PositiveInfinity;
                float most = float.NegativeInfinity;
                for (int y = top; y <= bottom; y++)
                {
                    for (int x = left; x <= right; x++)
                    {
                        float value = image[(y * width + x) * 3 + channel];
                        least = Math.Min(least, value);
                        most = Math.Max(most, value);
                    }
                }

                flat &= least == most;
                float range = most - least;
                float tolerance = ToleratedLevels + Math.Min(LargestShare, ShareGrowth * range) * range;
                for (int sample = 0; sample < Magnification * Magnification; sample++)
                {
                    int y = Magnification * drawnRow + sample / Magnification;
                    int x = Magnification * column + sample % Magnification;
                    float value = Math.Clamp(drawn[(y * Magnification * width + x) * 3 + channel], 0, 1);
                    inside &= value >= least - tolerance && value <= most + tolerance;
                }
            }

            smooth[row * width + column] = flat;
            astray[row * width + column] = !inside;
        }
    }

    private static bool AnyAround(bool[] marks, int width, int height, int pixel, int reach)
    {
        int row = pixel / width;
        int column = pixel % width;
        for (int y = Math.Max(row - reach, 0); y <= Math.Min(row + reach, height - 1); y++)
        {
            int left = Math.Max(column - reach, 0);
            int right = Math.Min(column + reach, width - 1);
            if (marks.AsSpan(y * width + left, right - left + 1).Contains(true))
                return true;
        }

        return false;
    }

    // The share of a pixel and its eight neighbours that are marked; those outside the image count as the nearest inside.
    private static float ShareAround(bool[] marks, int width, int height, int row, int column)
    {
        int count = 0;
        for (int y = row - 1; y <= row + 1; y++)
        {
            for (int x = column - 1; x <= column + 1; x++)
            {
                if (marks[Math.Clamp(y, 0, height - 1) * width + Math.Clamp(x, 0, width - 1)])
                    count++;
            }
        }

        return count / 9f;
    }

    private void BlendRow<T>(double left, double row, double columnStep, Span<T> pixels)
        where T : unmanaged
    {
        Span<float> rowFactors = stackalloc float[4];
        Span<float> columnFactors = stackalloc float[4];
        int firstRow = Position(row, rowFactors);
        for (int i = 0; i < pixels.Length / 3; i++)
        {
            double column = left + i * columnStep;
            float weight = WeightAt(row, column);
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

    // Interpolated between the four nearest pixels.
    private float WeightAt(double row, double column)
    {
        int top = (int)Math.Floor(row);
        int left = (int)Math.Floor(column);
        float down = (float)(row - top);
        float across = (float)(column - left);
        int upper = Math.Clamp(top, 0, _height - 1) * _width;
        int lower = Math.Clamp(top + 1, 0, _height - 1) * _width;
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
