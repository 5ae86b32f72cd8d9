using Gsasr.Kernels;
using ILGPU;
using ILGPU.Algorithms;

namespace Gsasr.Layers;

/// <summary>
/// Attention within windows, softmax(q k^T / sqrt(head size)) v, of float16 with both products on tensor cores. Scores, softmax and sums
/// are float32.
/// </summary>
/// <remarks>
/// A group takes one window and one head. It holds all keys of the window, rotated, and all values in shared memory, a token in a row. A
/// warp takes 16 queries at a time and reads them into the registers in which the product needs them: an item has pairs of neighbouring
/// channels, and a rotation turns such pairs. It goes over the keys in blocks. The sums of q k^T stay where they are and become the left
/// operand of the product with the values.
/// </remarks>
internal static class Float16AttentionKernels
{
    /// <summary>
    /// rotary: [heads, tokens, headSize] of float32, cosine and sine of each pair. side: pixels along a side of a window. Query and key
    /// shifts wrap around the image. scale: log2(e) / sqrt(headSize). Offsets and pitches are multiples of 8.
    /// </summary>
    [Kernel(Heads16Keys144.Items, Specialization = typeof(Heads16Keys144), GroupsPerProcessor = 6, Target = "sm_80")]
    [Kernel(Heads32Keys144.Items, Specialization = typeof(Heads32Keys144), GroupsPerProcessor = 6, Target = "sm_80")]
    public static void AttendFloat16<TTile>(
        ArrayView<short> query,
        int queryPitch,
        ArrayView<short> key,
        int keyPitch,
        ArrayView<short> value,
        int valuePitch,
        ArrayView<float> rotary,
        ArrayView<short> y,
        int yPitch,
        int height,
        int width,
        int heads,
        int side,
        int queryShift,
        int keyShift,
        float scale)
        where TTile : struct, IFloat16AttentionTile
    {
        ArrayView<int> keys = SharedMemory.Allocate<int>(TTile.MostKeys * RowBytes<TTile>() / 4);
        ArrayView<int> values = SharedMemory.Allocate<int>(TTile.MostKeys * RowBytes<TTile>() / 4);
        int item = Group.IdxX;
        int lane = item & 31;
        int tokens = side * side;
        int window = Grid.IdxX / heads;
        int head = Grid.IdxX - window * heads;
        int windowsAcross = width / side;
        int windowRow = window / windowsAcross;
        int windowColumn = Gpu.Keep((window - windowRow * windowsAcross) * side);
        windowRow = Gpu.Keep(windowRow * side);
        int headChannel = Gpu.Keep(head * TTile.HeadSize);
        int firstAngle = Gpu.Keep(head * tokens * TTile.HeadSize);

        for (int i = item; i < TTile.MostKeys * (TTile.HeadSize / 8); i += TTile.Warps * 32)
        {
            int token = i / (TTile.HeadSize / 8);
            int channel = (i & (TTile.HeadSize / 8 - 1)) * 8;
            Int4 turned = default;
            Int4 loaded = default;
            if (token < tokens)
            {
                int pixel = AttentionTokens.PixelOf(token, side, windowRow + keyShift, windowColumn + keyShift, height, width, 1);
                Int4 packed = TensorCores.LoadReadOnly8(ref key[pixel * keyPitch + headChannel + channel]);
                loaded = TensorCores.LoadReadOnly8(ref value[pixel * valuePitch + headChannel + channel]);
                int angles = firstAngle + token * TTile.HeadSize + channel;
                turned = Float16Values.Pack(
                    AttentionTokens.Rotated(Float16Values.First(packed), Gpu.Load4(ref rotary[angles])),
                    AttentionTokens.Rotated(Float16Values.Second(packed), Gpu.Load4(ref rotary[angles + 4])));
            }

            int place = (token * RowBytes<TTile>() + channel * 2) / 4;
            Gpu.Store4(ref keys[place], turned);
            Gpu.Store4(ref values[place], loaded);
        }

        Group.Barrier();

        // The rows that matrices are read from: 2 blocks of 8 keys by 16 channels for keys, 16 keys by 2 blocks of channels for values.
        int keyRow = Gpu.Keep(TensorCores.AddressOf(ref keys[0]) + ((lane & 7) + ((lane >> 4) << 3)) * RowBytes<TTile>() + ((lane >> 3) & 1) * 16);
        int valueRow = Gpu.Keep(TensorCores.AddressOf(ref values[0]) + (lane & 15) * RowBytes<TTile>() + (lane >> 4) * 16);
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
                    Query<TTile>(query, upperPixel * queryPitch + headChannel + channel, rotary, firstAngle + upper * TTile.HeadSize + channel),
                    Query<TTile>(query, lowerPixel * queryPitch + headChannel + channel, rotary, firstAngle + lower * TTile.HeadSize + channel),
                    Query<TTile>(query, upperPixel * queryPitch + headChannel + channel + 8, rotary, firstAngle + upper * TTile.HeadSize + channel + 8),
                    Query<TTile>(query, lowerPixel * queryPitch + headChannel + channel + 8, rotary, firstAngle + lower * TTile.HeadSize + channel + 8));
            }

            for (int n = 0; n < TTile.HeadSize / 8; n++)
                result[n] = default;
            float upperLargest = float.NegativeInfinity;
            float lowerLargest = float.NegativeInfinity;
            float upperTotal = 0f;
            float lowerTotal = 0f;
            for (int firstKey = 0; firstKey < tokens; firstKey += TTile.KeyBlock)
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

                // Keys that only pad the last block have no weight.
                if (firstKey + TTile.KeyBlock > tokens)
                {
                    for (int j = 0; j < TTile.KeyBlock / 8; j++)
                    {
                        int number = firstKey + j * 8 + (lane & 3) * 2;
                        if (number >= tokens)
                        {
                            scores[j].X = float.NegativeInfinity;
                            scores[j].Z = float.NegativeInfinity;
                        }

                        if (number + 1 >= tokens)
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
                float upperFactor = Gpu.NativeExp2((upperLargest - upperMost) * scale);
                float lowerFactor = Gpu.NativeExp2((lowerLargest - lowerMost) * scale);
                upperLargest = upperMost;
                lowerLargest = lowerMost;
                upperTotal *= upperFactor;
                lowerTotal *= lowerFactor;
                for (int n = 0; n < TTile.HeadSize / 8; n++)
                    result[n] = new Float4(result[n].X * upperFactor, result[n].Y * upperFactor, result[n].Z * lowerFactor, result[n].W * lowerFactor);

                float upperStart = -upperMost * scale;
                float lowerStart = -lowerMost * scale;
                for (int j = 0; j < TTile.KeyBlock / 8; j++)
                {
                    scores[j] = new Float4(
                        Gpu.NativeExp2(Gpu.Fma(scores[j].X, scale, upperStart)),
                        Gpu.NativeExp2(Gpu.Fma(scores[j].Y, scale, upperStart)),
                        Gpu.NativeExp2(Gpu.Fma(scores[j].Z, scale, lowerStart)),
                        Gpu.NativeExp2(Gpu.Fma(scores[j].W, scale, lowerStart)));
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

    // Two neighbouring channels of a query, turned.
    private static int Query<TTile>(ArrayView<short> query, int index, ArrayView<float> rotary, int angle)
        where TTile : struct, IFloat16AttentionTile
    {
        Float2 pair = TensorCores.UnpackFloat16(TensorCores.Load2(ref query[index]));
        Float2 turn = Gpu.Load2(ref rotary[angle]);
        return TensorCores.PackFloat16(pair.X * turn.X - pair.Y * turn.Y, pair.X * turn.Y + pair.Y * turn.X);
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
