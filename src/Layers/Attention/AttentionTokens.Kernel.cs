using Gsasr.Kernels;
using ILGPU;

namespace Gsasr.Layers;

/// <summary>Tokens of windows: where they lie in the image, and how they get into shared memory and registers.</summary>
internal static class AttentionTokens
{
    /// <summary>The queries at an index, on a boundary of 8 bytes, or 16 if their number is a multiple of 4.</summary>
    public static void LoadQueries<TTile>(ArrayView<float> source, int index, float[] values)
        where TTile : struct, IAttentionTile
    {
        if (TTile.Queries % 4 == 0)
        {
            for (int i = 0; i < TTile.Queries / 4; i++)
            {
                Float4 four = Gpu.Load4(ref source[index + 4 * i]);
                values[4 * i] = four.X;
                values[4 * i + 1] = four.Y;
                values[4 * i + 2] = four.Z;
                values[4 * i + 3] = four.W;
            }
        }
        else
        {
            for (int i = 0; i < TTile.Queries / 2; i++)
            {
                Float2 two = Gpu.Load2(ref source[index + 2 * i]);
                values[2 * i] = two.X;
                values[2 * i + 1] = two.Y;
            }
        }
    }

    /// <summary>As <see cref="LoadQueries"/>, the other way.</summary>
    public static void StoreQueries<TTile>(ArrayView<float> target, int index, float[] values)
        where TTile : struct, IAttentionTile
    {
        if (TTile.Queries % 4 == 0)
        {
            for (int i = 0; i < TTile.Queries / 4; i++)
                Gpu.Store4(ref target[index + 4 * i], new Float4(values[4 * i], values[4 * i + 1], values[4 * i + 2], values[4 * i + 3]));
        }
        else
        {
            for (int i = 0; i < TTile.Queries / 2; i++)
                Gpu.Store2(ref target[index + 2 * i], new Float2(values[2 * i], values[2 * i + 1]));
        }
    }

    /// <summary>The 16 / KeyLanes keys at an index, on their own boundary.</summary>
    public static void LoadKeys<TTile>(ArrayView<float> source, int index, float[] values)
        where TTile : struct, IAttentionTile
    {
        if (TTile.KeyLanes == 4)
        {
            Float4 four = Gpu.Load4(ref source[index]);
            values[0] = four.X;
            values[1] = four.Y;
            values[2] = four.Z;
            values[3] = four.W;
        }
        else
        {
            Float2 two = Gpu.Load2(ref source[index]);
            values[0] = two.X;
            values[1] = two.Y;
        }
    }

    /// <summary>
    /// The pixel of a token of a window of <paramref name="side"/> pixels whose first pixel is (firstRow, firstColumn), or -1 if there is
    /// none. With cyclically shifted windows (<paramref name="wraps"/>) the image continues at its other side.
    /// </summary>
    public static int PixelOf(int token, int side, int firstRow, int firstColumn, int height, int width, int wraps)
    {
        int rowInWindow = token / side;
        int row = firstRow + rowInWindow;
        int column = firstColumn + token - rowInWindow * side;
        if (wraps != 0)
        {
            row -= row >= height ? height : 0;
            column -= column >= width ? width : 0;
        }

        bool isInside = token < side * side & row >= 0 & row < height & column >= 0 & column < width;
        return isInside ? row * width + column : -1;
    }

    /// <summary>The pixel at a place that can lie past the last row or column: the image continues at its other side.</summary>
    public static int WrappedPixel(int row, int column, int height, int width)
    {
        row -= row >= height ? height : 0;
        column -= column >= width ? width : 0;
        return row * width + column;
    }

    /// <summary>
    /// The part of the shifted image that a token belongs to. Only tokens of the same part are neighbours in the image too.
    /// </summary>
    public static int RegionOf(int token, int side, int firstRow, int firstColumn, int height, int width, int shift)
    {
        int row = token / side;
        return RegionAt(firstRow + row, firstColumn + token - row * side, side, height, width, shift);
    }

    /// <summary>As <see cref="RegionOf"/>, by the token's row and column in the shifted image.</summary>
    public static int RegionAt(int row, int column, int side, int height, int width, int shift)
    {
        int rowRegion = row < height - side ? 0 : row < height - shift ? 1 : 2;
        int columnRegion = column < width - side ? 0 : column < width - shift ? 1 : 2;
        return rowRegion * 3 + columnRegion;
    }

    /// <summary>Two pairs, each turned by its angle, given as cosine and sine.</summary>
    public static Float4 Rotated(Float4 pairs, Float4 angles) => new(
        pairs.X * angles.X - pairs.Y * angles.Y,
        pairs.X * angles.Y + pairs.Y * angles.X,
        pairs.Z * angles.Z - pairs.W * angles.W,
        pairs.Z * angles.W + pairs.W * angles.Z);

    /// <summary>Stores four values with a pitch between them.</summary>
    public static void StoreColumn(ArrayView<float> target, int index, int pitch, Float4 four)
    {
        target[index] = four.X;
        target[index + pitch] = four.Y;
        target[index + 2 * pitch] = four.Z;
        target[index + 3 * pitch] = four.W;
    }
}
