using Gsasr.Kernels;
using ILGPU;
using ILGPU.Algorithms;

namespace Gsasr.Layers;

/// <summary>What is added to the scores of attention of float16: biases, the mask of shifted windows, and no weight for keys that are none.</summary>
internal static class Float16AttentionScores
{
    // A score this low vanishes beside any other.
    private const float Masked = -100f;

    /// <summary>Past the last query and the last key the last one's is read.</summary>
    public static void LoadBias<TTile>(
        ArrayView<float> bias, int firstBias, int tile, int tokens, int firstKey, int keys, int lane, Float4[] biases)
        where TTile : struct, IFloat16AttentionTile
    {
        // Rows of an odd number of biases do not begin at pairs.
        if ((keys & 1) == 0)
        {
            for (int t = 0; t < TTile.QueryTiles; t++)
            {
                int upper = firstBias + XMath.Min(tile + 16 * t + lane / 4, tokens - 1) * keys;
                int lower = firstBias + XMath.Min(tile + 16 * t + lane / 4 + 8, tokens - 1) * keys;
                for (int j = 0; j < TTile.KeyBlock / 8; j++)
                {
                    int first = XMath.Min(firstKey + j * 8 + (lane & 3) * 2, keys - 2);
                    Float2 upperTwo = Gpu.Load2(ref bias[upper + first]);
                    Float2 lowerTwo = Gpu.Load2(ref bias[lower + first]);
                    biases[t * (TTile.KeyBlock / 8) + j] = new Float4(upperTwo.X, upperTwo.Y, lowerTwo.X, lowerTwo.Y);
                }
            }
        }
        else
        {
            for (int t = 0; t < TTile.QueryTiles; t++)
            {
                int upper = firstBias + XMath.Min(tile + 16 * t + lane / 4, tokens - 1) * keys;
                int lower = firstBias + XMath.Min(tile + 16 * t + lane / 4 + 8, tokens - 1) * keys;
                for (int j = 0; j < TTile.KeyBlock / 8; j++)
                {
                    int first = XMath.Min(firstKey + j * 8 + (lane & 3) * 2, keys - 1);
                    int second = XMath.Min(firstKey + j * 8 + (lane & 3) * 2 + 1, keys - 1);
                    biases[t * (TTile.KeyBlock / 8) + j] = new Float4(
                        Gpu.LoadReadOnly(ref bias[upper + first]),
                        Gpu.LoadReadOnly(ref bias[upper + second]),
                        Gpu.LoadReadOnly(ref bias[lower + first]),
                        Gpu.LoadReadOnly(ref bias[lower + second]));
                }
            }
        }
    }

    /// <summary>Adds the biases to the scores.</summary>
    public static void AddBias<TTile>(Float4[] biases, float biasScale, Float4[] scores)
        where TTile : struct, IFloat16AttentionTile
    {
        for (int i = 0; i < TTile.QueryTiles * TTile.KeyBlock / 8; i++)
        {
            scores[i] = new Float4(
                Gpu.Fma(biases[i].X, biasScale, scores[i].X),
                Gpu.Fma(biases[i].Y, biasScale, scores[i].Y),
                Gpu.Fma(biases[i].Z, biasScale, scores[i].Z),
                Gpu.Fma(biases[i].W, biasScale, scores[i].W));
        }
    }

    /// <summary>For the item's queries and keys that are neighbours only because the image was shifted.</summary>
    public static void AddMask<TTile>(
        int tile,
        int tokens,
        int firstKey,
        int keys,
        int side,
        int sideReciprocal,
        int windowRow,
        int windowColumn,
        int height,
        int width,
        int shift,
        int lane,
        Float4[] biases)
        where TTile : struct, IFloat16AttentionTile
    {
        var regions = new int[2 * TTile.QueryTiles];
        for (int row = 0; row < 2 * TTile.QueryTiles; row++)
            regions[row] = RegionOf(XMath.Min(tile + 8 * row + lane / 4, tokens - 1), side, sideReciprocal, windowRow, windowColumn, height, width, shift);
        for (int j = 0; j < TTile.KeyBlock / 8; j++)
        {
            int first = firstKey + j * 8 + (lane & 3) * 2;
            int firstRegion = RegionOf(XMath.Min(first, keys - 1), side, sideReciprocal, windowRow, windowColumn, height, width, shift);
            int secondRegion = RegionOf(XMath.Min(first + 1, keys - 1), side, sideReciprocal, windowRow, windowColumn, height, width, shift);
            for (int t = 0; t < TTile.QueryTiles; t++)
            {
                Float4 four = biases[t * (TTile.KeyBlock / 8) + j];
                biases[t * (TTile.KeyBlock / 8) + j] = new Float4(
                    four.X + (firstRegion == regions[2 * t] ? 0f : Masked),
                    four.Y + (secondRegion == regions[2 * t] ? 0f : Masked),
                    four.Z + (firstRegion == regions[2 * t + 1] ? 0f : Masked),
                    four.W + (secondRegion == regions[2 * t + 1] ? 0f : Masked));
            }
        }
    }

    /// <summary>Keys that only pad the last block have no weight.</summary>
    public static void LeaveOutPadding<TTile>(int firstKey, int keys, int lane, Float4[] scores)
        where TTile : struct, IFloat16AttentionTile
    {
        for (int j = 0; j < TTile.KeyBlock / 8; j++)
        {
            int number = firstKey + j * 8 + (lane & 3) * 2;
            for (int t = 0; t < TTile.QueryTiles; t++)
            {
                Float4 four = scores[t * (TTile.KeyBlock / 8) + j];
                scores[t * (TTile.KeyBlock / 8) + j] = new Float4(
                    number < keys ? four.X : float.NegativeInfinity,
                    number + 1 < keys ? four.Y : float.NegativeInfinity,
                    number < keys ? four.Z : float.NegativeInfinity,
                    number + 1 < keys ? four.W : float.NegativeInfinity);
            }
        }
    }

    private static int RegionOf(int token, int side, int sideReciprocal, int windowRow, int windowColumn, int height, int width, int shift)
    {
        int row = token * sideReciprocal >> 16;
        return AttentionTokens.RegionAt(windowRow + row, windowColumn + token - row * side, side, height, width, shift);
    }
}
