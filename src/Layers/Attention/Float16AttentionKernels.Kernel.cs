using Gsasr.Kernels;
using ILGPU;
using ILGPU.Algorithms;
using static Gsasr.Layers.Float16AttentionTokens;

namespace Gsasr.Layers;

/// <summary>
/// Attention within windows, softmax(q k^T / sqrt(head size) + bias) v, of float16 with both products on tensor cores. Biases, scores,
/// softmax and sums are float32.
/// </summary>
/// <remarks>
/// A group takes one window and one head, and holds all keys, values and queries in shared memory, a token in a row. A warp takes some
/// tiles of 16 queries at a time, so that what it reads of keys and values serves several products, and goes over the keys in blocks. The
/// sums of q k^T stay where they are and become the left operand of the product with the values. In the end the results take the place of
/// the queries, to be written to the image 16 bytes at a time.
/// </remarks>
internal static class Float16AttentionKernels
{
    // Weights are 2^(score - base). The base is the greatest score of the first block of keys, and is only raised when a later score is
    // greater by more than this. 2^8 leaves float16 as exact as 1 does, and far from its end.
    private const float Slack = 8f;

    // Two float16.
    private const int TwoOnes = 0x3C003C00;

    /// <summary>
    /// positions: with a rotary embedding [heads, keys, headSize], cosine and sine of each pair, else the bias [heads, queries, keys]. side,
    /// keySide: pixels along a side of a window; the reciprocals are 65536 / side + 1. keyStart: where a key window starts, seen from the
    /// query's; wraps: whether keys outside the image are those at its other side, or zero. maskShift: the shift whose wrapped tokens are
    /// masked, 0 for no mask; only with a bias. scale: log2(e) / sqrt(headSize). Offsets and pitches are multiples of 8.
    /// </summary>
    [Kernel(Heads16Keys144.Items, Specialization = typeof(Heads16Keys144), GroupsPerProcessor = Heads16Keys144.Groups, Target = "sm_75", DynamicSharedBytes = Heads16Keys144.SharedBytes)]
    [Kernel(Heads32Keys144.Items, Specialization = typeof(Heads32Keys144), GroupsPerProcessor = Heads32Keys144.Groups, Target = "sm_75", DynamicSharedBytes = Heads32Keys144.SharedBytes)]
    [Kernel(Heads32Keys256.Items, Specialization = typeof(Heads32Keys256), GroupsPerProcessor = Heads32Keys256.Groups, Target = "sm_75", DynamicSharedBytes = Heads32Keys256.SharedBytes)]
    [Kernel(Heads32Keys576.Items, Specialization = typeof(Heads32Keys576), GroupsPerProcessor = Heads32Keys576.Groups, Target = "sm_80", DynamicSharedBytes = Heads32Keys576.SharedBytes)]
    [Kernel(Heads32Keys64Biased.Items, Specialization = typeof(Heads32Keys64Biased), GroupsPerProcessor = Heads32Keys64Biased.Groups, Target = "sm_75", DynamicSharedBytes = Heads32Keys64Biased.SharedBytes)]
    [Kernel(Heads32Keys144Biased.Items, Specialization = typeof(Heads32Keys144Biased), GroupsPerProcessor = Heads32Keys144Biased.Groups, Target = "sm_75", DynamicSharedBytes = Heads32Keys144Biased.SharedBytes)]
    public static void AttendFloat16<TTile>(
        ArrayView<short> query,
        int queryPitch,
        ArrayView<short> key,
        int keyPitch,
        ArrayView<short> value,
        int valuePitch,
        ArrayView<float> positions,
        ArrayView<short> y,
        int yPitch,
        int height,
        int width,
        int windowsAcross,
        int windows,
        int side,
        int sideReciprocal,
        int keySide,
        int keySideReciprocal,
        int queryShift,
        int keyStart,
        int wraps,
        int maskShift,
        float scale)
        where TTile : struct, IFloat16AttentionTile
    {
        ArrayView<int> shared = SharedMemory.GetDynamic<int>();
        int lane = Group.IdxX & 31;
        int tokens = Gpu.Keep(side * side);
        int keyTokens = Gpu.Keep(keySide * keySide);

        // Groups that run at the same time have the same head, whose angles or biases are then in the cache.
        int head = Grid.IdxX / windows;
        int window = Grid.IdxX - head * windows;
        int windowRow = window / windowsAcross;
        int windowColumn = Gpu.Keep((window - windowRow * windowsAcross) * side);
        windowRow = Gpu.Keep(windowRow * side);
        int headChannel = Gpu.Keep(head * TTile.HeadSize);
        int firstPosition = Gpu.Keep(head * keyTokens * (TTile.Rotates ? TTile.HeadSize : tokens));

        Load<TTile>(
            shared, query, queryPitch, key, keyPitch, value, valuePitch, positions, firstPosition, headChannel, height, width, windowRow, windowColumn,
            side, sideReciprocal, keySide, keySideReciprocal, queryShift, keyStart, wraps);
        Group.Barrier();

        // Regions differ only in the windows of the last row and the last column.
        bool masks = !TTile.Rotates && maskShift > 0 && (windowRow == height - side || windowColumn == width - side);

        // The rows that matrices are read from: 2 blocks of 8 keys by 16 channels for keys, 16 tokens by 2 blocks of channels for the others.
        var keyRows = new int[HeadSteps<TTile>() + 1];
        var tokenRows = new int[HeadSteps<TTile>() + 1];
        int start = TensorCores.AddressOf(ref shared[0]);
        for (int k = 0; k < HeadSteps<TTile>(); k++)
        {
            keyRows[k] = Gpu.Keep(start + PlaceOf<TTile>((lane & 7) + ((lane >> 4) << 3), 2 * k + ((lane >> 3) & 1)) * 4);
            tokenRows[k] = Gpu.Keep(start + PlaceOf<TTile>(lane & 15, 2 * k + (lane >> 4)) * 4);
        }

        // The item's chunk of the rows that it writes to the image.
        int chunkPlace = Gpu.Keep(PlaceOf<TTile>(lane / Chunks<TTile>(), lane & (Chunks<TTile>() - 1)));
        int chunkChannel = Gpu.Keep(headChannel + (lane & (Chunks<TTile>() - 1)) * 8);

        // What a bias is multiplied with to be a score before its scaling.
        float biasScale = Gpu.Keep(Functions.Log2E / scale);
        var queries = new Int4[TTile.QueryTiles * HeadSteps<TTile>() + 1];
        var scores = new Float4[TTile.QueryTiles * TTile.KeyBlock / 8];
        var biases = new Float4[TTile.QueryTiles * TTile.KeyBlock / 8];
        var result = new Float4[TTile.QueryTiles * TTile.HeadSize / 8];

        // The sums of the weights are a product with ones.
        int ones = Gpu.Keep(TwoOnes);
        var totals = new Float4[TTile.QueryTiles + 1];

        // Of each of the item's rows, of which a tile has two: minus the base, and the greatest of a block's scores.
        var starts = new float[2 * TTile.QueryTiles];
        var most = new float[2 * TTile.QueryTiles];
        for (int firstQuery = 0; firstQuery < tokens; firstQuery += QueriesAtOnce<TTile>())
        {
            if (HasPartOfQueries<TTile>() && firstQuery > 0)
            {
                Group.Barrier();
                LoadMoreQueries<TTile>(
                    shared, query, queryPitch, positions, firstPosition, headChannel, height, width, windowRow + queryShift, windowColumn + queryShift, side,
                    sideReciprocal, firstQuery);
                Group.Barrier();
            }

            // The first query of the warp, and its row.
            int tile = firstQuery + Group.IdxX / 32 * (16 * TTile.QueryTiles);
            int tileRow = 2 * TTile.MostKeys + tile - (HasPartOfQueries<TTile>() ? firstQuery : 0);
            if (tile < tokens)
            {
                for (int t = 0; t < TTile.QueryTiles; t++)
                {
                    for (int k = 0; k < HeadSteps<TTile>(); k++)
                        queries[t * HeadSteps<TTile>() + k] = TensorCores.LoadMatrices(tokenRows[k] + (tileRow + 16 * t) * RowBytes<TTile>());
                    for (int n = 0; n < TTile.HeadSize / 8; n++)
                        result[t * (TTile.HeadSize / 8) + n] = default;
                    totals[t] = default;
                    starts[2 * t] = float.PositiveInfinity;
                    starts[2 * t + 1] = float.PositiveInfinity;
                }

                for (int firstKey = 0; firstKey < keyTokens; firstKey += TTile.KeyBlock)
                {
                    // Biases are on their way while products are computed.
                    if (!TTile.Rotates)
                    {
                        Float16AttentionScores.LoadBias<TTile>(positions, firstPosition, tile, tokens, firstKey, keyTokens, lane, biases);
                        if (masks)
                            Float16AttentionScores.AddMask<TTile>(tile, tokens, firstKey, keyTokens, side, sideReciprocal, windowRow, windowColumn, height, width, maskShift, lane, biases);
                    }

                    for (int i = 0; i < TTile.QueryTiles * TTile.KeyBlock / 8; i++)
                        scores[i] = default;
                    for (int j = 0; j < TTile.KeyBlock / 16; j++)
                    {
                        for (int k = 0; k < HeadSteps<TTile>(); k++)
                        {
                            Int4 right = TensorCores.LoadMatrices(keyRows[k] + (firstKey + j * 16) * RowBytes<TTile>());
                            for (int t = 0; t < TTile.QueryTiles; t++)
                            {
                                int i = t * (TTile.KeyBlock / 8) + 2 * j;
                                scores[i] = TensorCores.MultiplyFloat16(scores[i], queries[t * HeadSteps<TTile>() + k], right.X, right.Y);
                                scores[i + 1] = TensorCores.MultiplyFloat16(scores[i + 1], queries[t * HeadSteps<TTile>() + k], right.Z, right.W);
                            }
                        }
                    }

                    if (!TTile.Rotates)
                        Float16AttentionScores.AddBias<TTile>(biases, biasScale, scores);
                    if (firstKey + TTile.KeyBlock > keyTokens)
                        Float16AttentionScores.LeaveOutPadding<TTile>(firstKey, keyTokens, lane, scores);

                    bool rises = false;
                    for (int t = 0; t < TTile.QueryTiles; t++)
                    {
                        float upperMost = float.NegativeInfinity;
                        float lowerMost = float.NegativeInfinity;
                        for (int j = 0; j < TTile.KeyBlock / 8; j++)
                        {
                            Float4 four = scores[t * (TTile.KeyBlock / 8) + j];
                            upperMost = XMath.Max(upperMost, XMath.Max(four.X, four.Y));
                            lowerMost = XMath.Max(lowerMost, XMath.Max(four.Z, four.W));
                        }

                        most[2 * t] = upperMost;
                        most[2 * t + 1] = lowerMost;
                        rises |= Gpu.Fma(upperMost, scale, starts[2 * t]) > Slack | Gpu.Fma(lowerMost, scale, starts[2 * t + 1]) > Slack;
                    }

                    if (TensorCores.Any(rises) != 0)
                        Raise<TTile>(most, scale, starts, totals, result);

                    for (int t = 0; t < TTile.QueryTiles; t++)
                    {
                        for (int j = 0; j < TTile.KeyBlock / 8; j++)
                        {
                            Float4 four = scores[t * (TTile.KeyBlock / 8) + j];
                            scores[t * (TTile.KeyBlock / 8) + j] = new Float4(
                                Gpu.NativeExp2(Gpu.Fma(four.X, scale, starts[2 * t])),
                                Gpu.NativeExp2(Gpu.Fma(four.Y, scale, starts[2 * t])),
                                Gpu.NativeExp2(Gpu.Fma(four.Z, scale, starts[2 * t + 1])),
                                Gpu.NativeExp2(Gpu.Fma(four.W, scale, starts[2 * t + 1])));
                        }
                    }

                    MultiplyValues<TTile>(tokenRows, firstKey, scores, ones, totals, result);
                }

                KeepResults<TTile>(shared, tileRow, lane, totals, result);
                Warp.Barrier();
                for (int i = 0; i < TTile.QueryTiles * 16 * Chunks<TTile>() / 32; i++)
                {
                    int token = tile + i * (32 / Chunks<TTile>()) + lane / Chunks<TTile>();
                    int row = token * sideReciprocal >> 16;
                    int column = token - row * side;
                    int pixel = AttentionTokens.WrappedPixel(row + windowRow + queryShift, column + windowColumn + queryShift, height, width);
                    if (token < tokens)
                    {
                        int place = chunkPlace + (tileRow + i * (32 / Chunks<TTile>())) * (RowBytes<TTile>() / 4);
                        TensorCores.Store8(ref y[pixel * yPitch + chunkChannel], Gpu.Load4(ref shared[place]));
                    }
                }
            }
        }
    }

    // Blocks of 16 channels of a head.
    private static int HeadSteps<TTile>()
        where TTile : struct, IFloat16AttentionTile => TTile.HeadSize / 16;

    // Queries that the warps of a group take at once.
    private static int QueriesAtOnce<TTile>()
        where TTile : struct, IFloat16AttentionTile => TTile.Warps * 16 * TTile.QueryTiles;

    // Adds the values, weighed, to the results, and the weights to the totals.
    private static void MultiplyValues<TTile>(int[] valueRows, int firstKey, Float4[] scores, int ones, Float4[] totals, Float4[] result)
        where TTile : struct, IFloat16AttentionTile
    {
        var weights = new Int4[TTile.QueryTiles + 1];
        for (int j = 0; j < TTile.KeyBlock / 16; j++)
        {
            for (int t = 0; t < TTile.QueryTiles; t++)
            {
                Float4 first = scores[t * (TTile.KeyBlock / 8) + 2 * j];
                Float4 second = scores[t * (TTile.KeyBlock / 8) + 2 * j + 1];
                weights[t] = new Int4(
                    TensorCores.PackFloat16(first.X, first.Y),
                    TensorCores.PackFloat16(first.Z, first.W),
                    TensorCores.PackFloat16(second.X, second.Y),
                    TensorCores.PackFloat16(second.Z, second.W));
                totals[t] = TensorCores.MultiplyFloat16(totals[t], weights[t], ones, ones);
            }

            for (int n = 0; n < HeadSteps<TTile>(); n++)
            {
                Int4 right = TensorCores.LoadMatricesTransposed(valueRows[n] + (TTile.MostKeys + firstKey + j * 16) * RowBytes<TTile>());
                for (int t = 0; t < TTile.QueryTiles; t++)
                {
                    int i = t * (TTile.HeadSize / 8) + 2 * n;
                    result[i] = TensorCores.MultiplyFloat16(result[i], weights[t], right.X, right.Y);
                    result[i + 1] = TensorCores.MultiplyFloat16(result[i + 1], weights[t], right.Z, right.W);
                }
            }
        }
    }

    // Puts the results in the place of the queries.
    private static void KeepResults<TTile>(ArrayView<int> shared, int tileRow, int lane, Float4[] totals, Float4[] result)
        where TTile : struct, IFloat16AttentionTile
    {
        for (int t = 0; t < TTile.QueryTiles; t++)
        {
            float upperInverse = Gpu.DivideFast(1f, totals[t].X);
            float lowerInverse = Gpu.DivideFast(1f, totals[t].Z);
            for (int n = 0; n < TTile.HeadSize / 8; n++)
            {
                Float4 four = result[t * (TTile.HeadSize / 8) + n];
                int place = PlaceOf<TTile>(lane / 4, n) + (lane & 3) + (tileRow + 16 * t) * (RowBytes<TTile>() / 4);
                shared[place] = TensorCores.PackFloat16(four.X * upperInverse, four.Y * upperInverse);
                shared[place + 8 * (RowBytes<TTile>() / 4)] = TensorCores.PackFloat16(four.Z * lowerInverse, four.W * lowerInverse);
            }
        }
    }

    // Raises the bases of all rows to their greatest scores. What was summed up is made to fit; before the first block that is nothing.
    private static void Raise<TTile>(float[] most, float scale, float[] starts, Float4[] totals, Float4[] result)
        where TTile : struct, IFloat16AttentionTile
    {
        for (int t = 0; t < TTile.QueryTiles; t++)
        {
            float upperStart = XMath.Min(starts[2 * t], -RowMaximum(most[2 * t]) * scale);
            float lowerStart = XMath.Min(starts[2 * t + 1], -RowMaximum(most[2 * t + 1]) * scale);
            float upperFactor = Gpu.NativeExp2(upperStart - starts[2 * t]);
            float lowerFactor = Gpu.NativeExp2(lowerStart - starts[2 * t + 1]);
            starts[2 * t] = upperStart;
            starts[2 * t + 1] = lowerStart;
            totals[t] = new Float4(totals[t].X * upperFactor, totals[t].Y * upperFactor, totals[t].Z * lowerFactor, totals[t].W * lowerFactor);
            for (int n = 0; n < TTile.HeadSize / 8; n++)
            {
                Float4 four = result[t * (TTile.HeadSize / 8) + n];
                result[t * (TTile.HeadSize / 8) + n] = new Float4(four.X * upperFactor, four.Y * upperFactor, four.Z * lowerFactor, four.W * lowerFactor);
            }
        }
    }

    // Over the four items that share a row.
    private static float RowMaximum(float value)
    {
        value = XMath.Max(value, TensorCores.Exchange(value, 1));
        return XMath.Max(value, TensorCores.Exchange(value, 2));
    }
}
