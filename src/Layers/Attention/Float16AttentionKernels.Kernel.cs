using Gsasr.Kernels;
using ILGPU;
using ILGPU.Algorithms;

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
    // A score this low vanishes beside any other.
    private const float Masked = -100f;

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
    [Kernel(Heads16Keys144.Items, Specialization = typeof(Heads16Keys144), GroupsPerProcessor = Heads16Keys144.Groups, Target = "sm_80", DynamicSharedBytes = Heads16Keys144.SharedBytes)]
    [Kernel(Heads32Keys144.Items, Specialization = typeof(Heads32Keys144), GroupsPerProcessor = Heads32Keys144.Groups, Target = "sm_80", DynamicSharedBytes = Heads32Keys144.SharedBytes)]
    [Kernel(Heads32Keys256.Items, Specialization = typeof(Heads32Keys256), GroupsPerProcessor = Heads32Keys256.Groups, Target = "sm_80", DynamicSharedBytes = Heads32Keys256.SharedBytes)]
    [Kernel(Heads32Keys576.Items, Specialization = typeof(Heads32Keys576), GroupsPerProcessor = Heads32Keys576.Groups, Target = "sm_80", DynamicSharedBytes = Heads32Keys576.SharedBytes)]
    [Kernel(Heads32Keys64Biased.Items, Specialization = typeof(Heads32Keys64Biased), GroupsPerProcessor = Heads32Keys64Biased.Groups, Target = "sm_80", DynamicSharedBytes = Heads32Keys64Biased.SharedBytes)]
    [Kernel(Heads32Keys144Biased.Items, Specialization = typeof(Heads32Keys144Biased), GroupsPerProcessor = Heads32Keys144Biased.Groups, Target = "sm_80", DynamicSharedBytes = Heads32Keys144Biased.SharedBytes)]
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
                        LoadBias<TTile>(positions, firstPosition, tile, tokens, firstKey, keyTokens, lane, biases);
                        if (masks)
                            AddMask<TTile>(tile, tokens, firstKey, keyTokens, side, sideReciprocal, windowRow, windowColumn, height, width, maskShift, lane, biases);
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
                        AddBias<TTile>(biases, biasScale, scores);
                    if (firstKey + TTile.KeyBlock > keyTokens)
                        LeaveOutPadding<TTile>(firstKey, keyTokens, lane, scores);

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

    // Blocks of 8 channels of a head, 16 bytes.
    private static int Chunks<TTile>()
        where TTile : struct, IFloat16AttentionTile => TTile.HeadSize / 8;

    private static int RowBytes<TTile>()
        where TTile : struct, IFloat16AttentionTile => TTile.HeadSize * 2;

    // Where a chunk of a row lies. Rows come without gaps, keys, values, queries; the chunks of a row change places so that those of the
    // eight rows of a matrix lie in different banks.
    private static int PlaceOf<TTile>(int row, int chunk)
        where TTile : struct, IFloat16AttentionTile =>
        row * (TTile.HeadSize / 2) + (chunk ^ (row >> (TTile.HeadSize == 32 ? 1 : 2) & (Chunks<TTile>() - 1))) * 4;

    // Brings keys, values and queries into shared memory, turned if there is a rotary embedding; zeros where there is no token. An item has
    // the same channels of every so many tokens, and waits for one while the next are on their way.
    private static void Load<TTile>(
        ArrayView<int> shared,
        ArrayView<short> query,
        int queryPitch,
        ArrayView<short> key,
        int keyPitch,
        ArrayView<short> value,
        int valuePitch,
        ArrayView<float> positions,
        int firstPosition,
        int headChannel,
        int height,
        int width,
        int windowRow,
        int windowColumn,
        int side,
        int sideReciprocal,
        int keySide,
        int keySideReciprocal,
        int queryShift,
        int keyStart,
        int wraps)
        where TTile : struct, IFloat16AttentionTile
    {
        int tokens = Gpu.Keep(side * side);
        int keyTokens = Gpu.Keep(keySide * keySide);
        int firstToken = Gpu.Keep(Group.IdxX / Chunks<TTile>());
        int chunk = Group.IdxX & (Chunks<TTile>() - 1);
        int channel = Gpu.Keep(headChannel + chunk * 8);
        int place = Gpu.Keep(PlaceOf<TTile>(firstToken, chunk));
        int address = Gpu.Keep(TensorCores.AddressOf(ref shared[0]) + place * 4);
        int keyRow = Gpu.Keep(windowRow + keyStart);
        int keyColumn = Gpu.Keep(windowColumn + keyStart);
        int wrappedHeight = Gpu.Keep(wraps != 0 ? height : 0);
        int wrappedWidth = Gpu.Keep(wraps != 0 ? width : 0);
        int queryRow = Gpu.Keep(windowRow + queryShift);
        int queryColumn = Gpu.Keep(windowColumn + queryShift);

        // Where key windows are larger, there are fewer queries than keys.
        int queryRows = Gpu.Keep(
            XMath.Min((tokens + 16 * TTile.QueryTiles - 1) / (16 * TTile.QueryTiles) * (16 * TTile.QueryTiles), TTile.MostQueries));
        for (int i = 0; i < LoadSteps<TTile>(); i++)
        {
            int token = firstToken + i * TokensOfStep<TTile>();
            int row = token * keySideReciprocal >> 16;
            int column = token - row * keySide + keyColumn;
            row += keyRow;
            row -= row >= height ? wrappedHeight : 0;
            column -= column >= width ? wrappedWidth : 0;
            bool isInside = token < keyTokens & (uint)row < (uint)height & (uint)column < (uint)width;
            int pixel = isInside ? row * width + column : 0;
            int bytes = isInside ? 16 : 0;
            TensorCores.StartCopy(address + StepBytes<TTile>(i), ref key[pixel * keyPitch + channel], bytes);
            TensorCores.StartCopy(address + StepBytes<TTile>(i) + TTile.MostKeys * RowBytes<TTile>(), ref value[pixel * valuePitch + channel], bytes);
            if (i * TokensOfStep<TTile>() < queryRows)
            {
                row = token * sideReciprocal >> 16;
                pixel = AttentionTokens.WrappedPixel(row + queryRow, token - row * side + queryColumn, height, width);
                TensorCores.StartCopy(
                    address + StepBytes<TTile>(i) + QueryBytes<TTile>(),
                    ref query[(token < tokens ? pixel : 0) * queryPitch + channel],
                    token < tokens ? 16 : 0);
            }

            TensorCores.EndCopyGroup();
        }

        if (TTile.Rotates)
        {
            var angles = new Float4[2 * LoadSteps<TTile>()];
            for (int i = 0; i < LoadSteps<TTile>(); i++)
            {
                int angle = firstPosition + XMath.Min(firstToken + i * TokensOfStep<TTile>(), keyTokens - 1) * TTile.HeadSize + chunk * 8;
                angles[2 * i] = Gpu.Load4(ref positions[angle]);
                angles[2 * i + 1] = Gpu.Load4(ref positions[angle + 4]);
            }

            for (int i = 0; i < LoadSteps<TTile>(); i++)
            {
                TensorCores.WaitForCopies(LoadSteps<TTile>() - 1 - i);
                Turn(shared, place + StepBytes<TTile>(i) / 4, angles[2 * i], angles[2 * i + 1]);
                if (i * TokensOfStep<TTile>() < queryRows)
                    Turn(shared, place + (StepBytes<TTile>(i) + QueryBytes<TTile>()) / 4, angles[2 * i], angles[2 * i + 1]);
            }
        }
        else
        {
            TensorCores.WaitForCopies(0);
        }
    }

    // Puts queries from a certain one on in the place of the first ones.
    private static void LoadMoreQueries<TTile>(
        ArrayView<int> shared,
        ArrayView<short> query,
        int queryPitch,
        ArrayView<float> positions,
        int firstPosition,
        int headChannel,
        int height,
        int width,
        int queryRow,
        int queryColumn,
        int side,
        int sideReciprocal,
        int firstQuery)
        where TTile : struct, IFloat16AttentionTile
    {
        int tokens = side * side;
        int chunk = Group.IdxX & (Chunks<TTile>() - 1);
        int place = Gpu.Keep(PlaceOf<TTile>(Group.IdxX / Chunks<TTile>(), chunk) + QueryBytes<TTile>() / 4);
        for (int i = 0; i < TTile.MostQueries / TokensOfStep<TTile>(); i++)
        {
            int token = firstQuery + Group.IdxX / Chunks<TTile>() + i * TokensOfStep<TTile>();
            int row = token * sideReciprocal >> 16;
            int pixel = AttentionTokens.WrappedPixel(row + queryRow, token - row * side + queryColumn, height, width);
            TensorCores.StartCopy(
                TensorCores.AddressOf(ref shared[0]) + place * 4 + StepBytes<TTile>(i),
                ref query[(token < tokens ? pixel : 0) * queryPitch + headChannel + chunk * 8],
                token < tokens ? 16 : 0);
        }

        TensorCores.EndCopyGroup();
        TensorCores.WaitForCopies(0);
        if (TTile.Rotates)
        {
            for (int i = 0; i < TTile.MostQueries / TokensOfStep<TTile>(); i++)
            {
                int token = XMath.Min(firstQuery + Group.IdxX / Chunks<TTile>() + i * TokensOfStep<TTile>(), tokens - 1);
                int angle = firstPosition + token * TTile.HeadSize + chunk * 8;
                Turn(shared, place + StepBytes<TTile>(i) / 4, Gpu.Load4(ref positions[angle]), Gpu.Load4(ref positions[angle + 4]));
            }
        }
    }

    // Queries that the warps of a group take at once.
    private static int QueriesAtOnce<TTile>()
        where TTile : struct, IFloat16AttentionTile => TTile.Warps * 16 * TTile.QueryTiles;

    // Whether shared memory holds only the queries that the warps take at once.
    private static bool HasPartOfQueries<TTile>()
        where TTile : struct, IFloat16AttentionTile => TTile.MostQueries < TTile.MostKeys;

    // Where queries begin in shared memory.
    private static int QueryBytes<TTile>()
        where TTile : struct, IFloat16AttentionTile => 2 * TTile.MostKeys * RowBytes<TTile>();

    // Tokens that the items of a group bring at once.
    private static int TokensOfStep<TTile>()
        where TTile : struct, IFloat16AttentionTile => TTile.Warps * 32 / Chunks<TTile>();

    private static int LoadSteps<TTile>()
        where TTile : struct, IFloat16AttentionTile => TTile.MostKeys / TokensOfStep<TTile>();

    // How far the rows of a step are from those of the first. A step has whole eights of rows, so chunks change places alike.
    private static int StepBytes<TTile>(int step)
        where TTile : struct, IFloat16AttentionTile => step * TokensOfStep<TTile>() * RowBytes<TTile>();

    // Turns the pairs of a chunk in shared memory.
    private static void Turn(ArrayView<int> shared, int place, Float4 first, Float4 second)
    {
        Int4 loaded = Gpu.Load4(ref shared[place]);
        Gpu.Store4(
            ref shared[place],
            Float16Values.Pack(
                AttentionTokens.Rotated(Float16Values.First(loaded), first), AttentionTokens.Rotated(Float16Values.Second(loaded), second)));
    }

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

    private static void AddBias<TTile>(Float4[] biases, float biasScale, Float4[] scores)
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

    // Past the last query and the last key the last one's is read.
    private static void LoadBias<TTile>(
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

    // For the item's queries and keys that are neighbours only because the image was shifted.
    private static void AddMask<TTile>(
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

    private static int RegionOf(int token, int side, int sideReciprocal, int windowRow, int windowColumn, int height, int width, int shift)
    {
        int row = token * sideReciprocal >> 16;
        return AttentionTokens.RegionAt(windowRow + row, windowColumn + token - row * side, side, height, width, shift);
    }

    // Keys that only pad the last block have no weight.
    private static void LeaveOutPadding<TTile>(int firstKey, int keys, int lane, Float4[] scores)
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
