using Gsasr.Kernels;
using ILGPU;
using ILGPU.Algorithms;

namespace Gsasr.Layers;

/// <summary>
/// Attention within windows, softmax(q k^T / sqrt(head size) + bias) v, of float16 with both products on tensor cores. Biases, scores,
/// softmax and sums are float32.
/// </summary>
/// <remarks>
/// A group takes one window and one head. It holds all keys of the window, rotated, and all values in shared memory, a token in a row. A
/// warp takes 16 queries at a time and reads them into the registers in which the product needs them: an item has pairs of neighbouring
/// channels, and a rotation turns such pairs. It goes over the keys in blocks. The sums of q k^T stay where they are and become the left
/// operand of the product with the values.
/// </remarks>
internal static class Float16AttentionKernels
{
    // A score this low vanishes beside any other.
    private const float Masked = -100f;

    /// <summary>
    /// positions: with a rotary embedding [heads, keys, headSize], cosine and sine of each pair, else the bias [heads, queries, keys]. side,
    /// keySide: pixels along a side of a window; keyStart: where a key window starts, seen from the query's; wraps: whether keys outside the
    /// image are those at its other side, or zero. maskShift: the shift whose wrapped tokens are masked, 0 for no mask; only with a bias.
    /// scale: log2(e) / sqrt(headSize). Offsets and pitches are multiples of 8.
    /// </summary>
    [Kernel(Heads16Keys144.Items, Specialization = typeof(Heads16Keys144), GroupsPerProcessor = 6, Target = "sm_80", DynamicSharedBytes = Heads16Keys144.SharedBytes)]
    [Kernel(Heads32Keys144.Items, Specialization = typeof(Heads32Keys144), GroupsPerProcessor = 6, Target = "sm_80", DynamicSharedBytes = Heads32Keys144.SharedBytes)]
    [Kernel(Heads32Keys256.Items, Specialization = typeof(Heads32Keys256), GroupsPerProcessor = 2, Target = "sm_80", DynamicSharedBytes = Heads32Keys256.SharedBytes)]
    [Kernel(Heads32Keys576.Items, Specialization = typeof(Heads32Keys576), GroupsPerProcessor = 2, Target = "sm_80", DynamicSharedBytes = Heads32Keys576.SharedBytes)]
    [Kernel(Heads32Keys64Biased.Items, Specialization = typeof(Heads32Keys64Biased), GroupsPerProcessor = 4, Target = "sm_80", DynamicSharedBytes = Heads32Keys64Biased.SharedBytes)]
    [Kernel(Heads32Keys144Biased.Items, Specialization = typeof(Heads32Keys144Biased), GroupsPerProcessor = 6, Target = "sm_80", DynamicSharedBytes = Heads32Keys144Biased.SharedBytes)]
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
        int heads,
        int side,
        int keySide,
        int queryShift,
        int keyStart,
        int wraps,
        int maskShift,
        float scale)
        where TTile : struct, IFloat16AttentionTile
    {
        ArrayView<int> shared = SharedMemory.GetDynamic<int>();
        int firstValue = TTile.MostKeys * RowBytes<TTile>() / 4;
        int item = Group.IdxX;
        int lane = item & 31;
        int tokens = side * side;
        int keyTokens = keySide * keySide;
        int window = Grid.IdxX / heads;
        int head = Grid.IdxX - window * heads;
        int windowsAcross = width / side;
        int windowRow = window / windowsAcross;
        int windowColumn = Gpu.Keep((window - windowRow * windowsAcross) * side);
        windowRow = Gpu.Keep(windowRow * side);
        int headChannel = Gpu.Keep(head * TTile.HeadSize);
        int firstPosition = Gpu.Keep(head * keyTokens * (TTile.Rotates ? TTile.HeadSize : tokens));

        // Regions differ only in the windows of the last row and the last column.
        bool masks = !TTile.Rotates && maskShift > 0 && (windowRow == height - side || windowColumn == width - side);

        for (int i = item; i < TTile.MostKeys * (TTile.HeadSize / 8); i += TTile.Warps * 32)
        {
            int token = i / (TTile.HeadSize / 8);
            int channel = (i & (TTile.HeadSize / 8 - 1)) * 8;
            Int4 turned = default;
            Int4 loaded = default;
            int pixel = AttentionTokens.PixelOf(token, keySide, windowRow + keyStart, windowColumn + keyStart, height, width, wraps);
            if (pixel >= 0)
            {
                turned = TensorCores.LoadReadOnly8(ref key[pixel * keyPitch + headChannel + channel]);
                loaded = TensorCores.LoadReadOnly8(ref value[pixel * valuePitch + headChannel + channel]);
                if (TTile.Rotates)
                {
                    int angles = firstPosition + token * TTile.HeadSize + channel;
                    turned = Float16Values.Pack(
                        AttentionTokens.Rotated(Float16Values.First(turned), Gpu.Load4(ref positions[angles])),
                        AttentionTokens.Rotated(Float16Values.Second(turned), Gpu.Load4(ref positions[angles + 4])));
                }
            }

            int place = (token * RowBytes<TTile>() + channel * 2) / 4;
            Gpu.Store4(ref shared[place], turned);
            Gpu.Store4(ref shared[firstValue + place], loaded);
        }

        Group.Barrier();

        // The rows that matrices are read from: 2 blocks of 8 keys by 16 channels for keys, 16 keys by 2 blocks of channels for values.
        int keyRow = Gpu.Keep(TensorCores.AddressOf(ref shared[0]) + ((lane & 7) + ((lane >> 4) << 3)) * RowBytes<TTile>() + ((lane >> 3) & 1) * 16);
        int valueRow = Gpu.Keep(TensorCores.AddressOf(ref shared[firstValue]) + (lane & 15) * RowBytes<TTile>() + (lane >> 4) * 16);

        // What a score is multiplied with to be a power of two. A bias is added to scores that are powers of two already.
        float unit = TTile.Rotates ? scale : 1f;
        var queries = new Int4[HeadSteps<TTile>() + 1];
        var scores = new Float4[TTile.KeyBlock / 8];
        var result = new Float4[TTile.HeadSize / 8];
        for (int tile = item / 32 * 16; tile < tokens; tile += TTile.Warps * 16)
        {
            // The item's two queries. Past the last token the last one is taken.
            int upper = Gpu.Keep(XMath.Min(tile + lane / 4, tokens - 1));
            int lower = Gpu.Keep(XMath.Min(tile + lane / 4 + 8, tokens - 1));
            int upperPixel = Gpu.Keep(AttentionTokens.PixelOf(upper, side, windowRow + queryShift, windowColumn + queryShift, height, width, 1));
            int lowerPixel = Gpu.Keep(AttentionTokens.PixelOf(lower, side, windowRow + queryShift, windowColumn + queryShift, height, width, 1));
            for (int k = 0; k < HeadSteps<TTile>(); k++)
            {
                int channel = k * 16 + (lane & 3) * 2;
                queries[k] = new Int4(
                    Query<TTile>(query, upperPixel * queryPitch + headChannel + channel, positions, firstPosition + upper * TTile.HeadSize + channel),
                    Query<TTile>(query, lowerPixel * queryPitch + headChannel + channel, positions, firstPosition + lower * TTile.HeadSize + channel),
                    Query<TTile>(query, upperPixel * queryPitch + headChannel + channel + 8, positions, firstPosition + upper * TTile.HeadSize + channel + 8),
                    Query<TTile>(query, lowerPixel * queryPitch + headChannel + channel + 8, positions, firstPosition + lower * TTile.HeadSize + channel + 8));
            }

            for (int n = 0; n < TTile.HeadSize / 8; n++)
                result[n] = default;
            float upperLargest = float.NegativeInfinity;
            float lowerLargest = float.NegativeInfinity;
            float upperTotal = 0f;
            float lowerTotal = 0f;
            for (int firstKey = 0; firstKey < keyTokens; firstKey += TTile.KeyBlock)
            {
                int keyAddress = keyRow + firstKey * RowBytes<TTile>();
                int valueAddress = valueRow + firstKey * RowBytes<TTile>();
                for (int j = 0; j < TTile.KeyBlock / 16; j++)
                {
                    scores[2 * j] = default;
                    scores[2 * j + 1] = default;
                    for (int k = 0; k < HeadSteps<TTile>(); k++)
                    {
                        Int4 right = TensorCores.LoadMatrices(keyAddress + j * 16 * RowBytes<TTile>() + k * 32);
                        scores[2 * j] = TensorCores.MultiplyFloat16(scores[2 * j], queries[k], right.X, right.Y);
                        scores[2 * j + 1] = TensorCores.MultiplyFloat16(scores[2 * j + 1], queries[k], right.Z, right.W);
                    }
                }

                if (!TTile.Rotates)
                {
                    AddBias<TTile>(positions, firstPosition + upper * keyTokens, firstPosition + lower * keyTokens, firstKey, keyTokens, scale, lane, scores);
                    if (masks)
                        AddMask<TTile>(upper, lower, firstKey, keyTokens, side, windowRow, windowColumn, height, width, maskShift, lane, scores);
                }

                // Keys that only pad the last block have no weight.
                if (firstKey + TTile.KeyBlock > keyTokens)
                {
                    for (int j = 0; j < TTile.KeyBlock / 8; j++)
                    {
                        int number = firstKey + j * 8 + (lane & 3) * 2;
                        if (number >= keyTokens)
                        {
                            scores[j].X = float.NegativeInfinity;
                            scores[j].Z = float.NegativeInfinity;
                        }

                        if (number + 1 >= keyTokens)
                        {
                            scores[j].Y = float.NegativeInfinity;
                            scores[j].W = float.NegativeInfinity;
                        }
                    }
                }

                float upperMost = upperLargest;
                float lowerMost = lowerLargest;
                for (int j = 0; j < TTile.KeyBlock / 8; j++)
                {
                    upperMost = XMath.Max(upperMost, XMath.Max(scores[j].X, scores[j].Y));
                    lowerMost = XMath.Max(lowerMost, XMath.Max(scores[j].Z, scores[j].W));
                }

                upperMost = RowMaximum(upperMost);
                lowerMost = RowMaximum(lowerMost);
                float upperFactor = Gpu.NativeExp2((upperLargest - upperMost) * unit);
                float lowerFactor = Gpu.NativeExp2((lowerLargest - lowerMost) * unit);
                upperLargest = upperMost;
                lowerLargest = lowerMost;
                upperTotal *= upperFactor;
                lowerTotal *= lowerFactor;
                for (int n = 0; n < TTile.HeadSize / 8; n++)
                    result[n] = new Float4(result[n].X * upperFactor, result[n].Y * upperFactor, result[n].Z * lowerFactor, result[n].W * lowerFactor);

                float upperStart = -upperMost * unit;
                float lowerStart = -lowerMost * unit;
                for (int j = 0; j < TTile.KeyBlock / 8; j++)
                {
                    scores[j] = new Float4(
                        Gpu.NativeExp2(Gpu.Fma(scores[j].X, unit, upperStart)),
                        Gpu.NativeExp2(Gpu.Fma(scores[j].Y, unit, upperStart)),
                        Gpu.NativeExp2(Gpu.Fma(scores[j].Z, unit, lowerStart)),
                        Gpu.NativeExp2(Gpu.Fma(scores[j].W, unit, lowerStart)));
                    upperTotal += scores[j].X + scores[j].Y;
                    lowerTotal += scores[j].Z + scores[j].W;
                }

                for (int j = 0; j < TTile.KeyBlock / 16; j++)
                {
                    var weights = new Int4(
                        TensorCores.PackFloat16(scores[2 * j].X, scores[2 * j].Y),
                        TensorCores.PackFloat16(scores[2 * j].Z, scores[2 * j].W),
                        TensorCores.PackFloat16(scores[2 * j + 1].X, scores[2 * j + 1].Y),
                        TensorCores.PackFloat16(scores[2 * j + 1].Z, scores[2 * j + 1].W));
                    for (int n = 0; n < TTile.HeadSize / 16; n++)
                    {
                        Int4 right = TensorCores.LoadMatricesTransposed(valueAddress + j * 16 * RowBytes<TTile>() + n * 32);
                        result[2 * n] = TensorCores.MultiplyFloat16(result[2 * n], weights, right.X, right.Y);
                        result[2 * n + 1] = TensorCores.MultiplyFloat16(result[2 * n + 1], weights, right.Z, right.W);
                    }
                }
            }

            float upperInverse = 1f / RowSum(upperTotal);
            float lowerInverse = 1f / RowSum(lowerTotal);
            for (int n = 0; n < TTile.HeadSize / 8; n++)
            {
                int channel = headChannel + n * 8 + (lane & 3) * 2;
                if (tile + lane / 4 < tokens)
                {
                    int two = TensorCores.PackFloat16(result[n].X * upperInverse, result[n].Y * upperInverse);
                    TensorCores.Store2(ref y[upperPixel * yPitch + channel], two);
                }

                if (tile + lane / 4 + 8 < tokens)
                {
                    int two = TensorCores.PackFloat16(result[n].Z * lowerInverse, result[n].W * lowerInverse);
                    TensorCores.Store2(ref y[lowerPixel * yPitch + channel], two);
                }
            }
        }
    }

    // Blocks of 16 channels of a head.
    private static int HeadSteps<TTile>()
        where TTile : struct, IFloat16AttentionTile => TTile.HeadSize / 16;

    // 16 bytes more than a token's channels take, so that the rows of a matrix lie in different banks.
    private static int RowBytes<TTile>()
        where TTile : struct, IFloat16AttentionTile => TTile.HeadSize * 2 + 16;

    // Two neighbouring channels of a query, turned if there is a rotary embedding.
    private static int Query<TTile>(ArrayView<short> query, int index, ArrayView<float> positions, int angle)
        where TTile : struct, IFloat16AttentionTile
    {
        int loaded = TensorCores.Load2(ref query[index]);
        if (!TTile.Rotates)
            return loaded;
        Float2 pair = TensorCores.UnpackFloat16(loaded);
        Float2 turn = Gpu.Load2(ref positions[angle]);
        return TensorCores.PackFloat16(pair.X * turn.X - pair.Y * turn.Y, pair.X * turn.Y + pair.Y * turn.X);
    }

    // Makes the scores of the item's two queries powers of two and adds the biases. Past the last key the last one's is read.
    private static void AddBias<TTile>(
        ArrayView<float> bias, int upperBias, int lowerBias, int firstKey, int keys, float scale, int lane, Float4[] scores)
        where TTile : struct, IFloat16AttentionTile
    {
        for (int j = 0; j < TTile.KeyBlock / 8; j++)
        {
            int first = XMath.Min(firstKey + j * 8 + (lane & 3) * 2, keys - 1);
            int second = XMath.Min(firstKey + j * 8 + (lane & 3) * 2 + 1, keys - 1);
            scores[j] = new Float4(
                Gpu.Fma(Functions.Log2E, Gpu.LoadReadOnly(ref bias[upperBias + first]), scores[j].X * scale),
                Gpu.Fma(Functions.Log2E, Gpu.LoadReadOnly(ref bias[upperBias + second]), scores[j].Y * scale),
                Gpu.Fma(Functions.Log2E, Gpu.LoadReadOnly(ref bias[lowerBias + first]), scores[j].Z * scale),
                Gpu.Fma(Functions.Log2E, Gpu.LoadReadOnly(ref bias[lowerBias + second]), scores[j].W * scale));
        }
    }

    // For the item's two queries and keys that are neighbours only because the image was shifted.
    private static void AddMask<TTile>(
        int upper,
        int lower,
        int firstKey,
        int keys,
        int side,
        int windowRow,
        int windowColumn,
        int height,
        int width,
        int shift,
        int lane,
        Float4[] scores)
        where TTile : struct, IFloat16AttentionTile
    {
        int upperRegion = AttentionTokens.RegionOf(upper, side, windowRow, windowColumn, height, width, shift);
        int lowerRegion = AttentionTokens.RegionOf(lower, side, windowRow, windowColumn, height, width, shift);
        for (int j = 0; j < TTile.KeyBlock / 8; j++)
        {
            int first = firstKey + j * 8 + (lane & 3) * 2;
            int firstRegion = AttentionTokens.RegionOf(XMath.Min(first, keys - 1), side, windowRow, windowColumn, height, width, shift);
            int secondRegion = AttentionTokens.RegionOf(XMath.Min(first + 1, keys - 1), side, windowRow, windowColumn, height, width, shift);
            scores[j].X += firstRegion == upperRegion ? 0f : Functions.Log2E * Masked;
            scores[j].Y += secondRegion == upperRegion ? 0f : Functions.Log2E * Masked;
            scores[j].Z += firstRegion == lowerRegion ? 0f : Functions.Log2E * Masked;
            scores[j].W += secondRegion == lowerRegion ? 0f : Functions.Log2E * Masked;
        }
    }

    // Over the four items that share a row.
    private static float RowMaximum(float value)
    {
        value = XMath.Max(value, TensorCores.Exchange(value, 1));
        return XMath.Max(value, TensorCores.Exchange(value, 2));
    }

    private static float RowSum(float value)
    {
        value += TensorCores.Exchange(value, 1);
        return value + TensorCores.Exchange(value, 2);
    }
}
