using Gsasr.Kernels;
using ILGPU;
using ILGPU.Algorithms;

namespace Gsasr.Layers;

/// <summary>Attention within windows: softmax(q k^T / sqrt(head size) + bias) v; scores never leave the chip.</summary>
/// <remarks>
/// A group takes one window, one head and a block of its queries, and goes through the keys block by block. KeyLanes of its items lie along
/// the keys, the others along the queries; items along the keys also share the channels of the result. Item (y, x) computes the scores of
/// the queries y * Queries + {0, 1, ...} with the keys KeyVector * x + 16 j + {0, 1, ...}. The softmax, in powers of two, is updated with
/// each block of keys ("online"). Then the weights pass through shared memory, 16 keys at a time, to the product with the values. While one
/// block is worked on, the next one's keys and values are read into registers.
/// </remarks>
internal static class AttentionKernels
{
    // A score this low vanishes beside any other.
    private const float Masked = -100f;

    /// <summary>
    /// bias: [heads, queries, keys]; rotary: [heads, keys, headSize], cosine and sine of each pair. side, keySide: pixels along a side of
    /// a window; keyStart: where a key window starts, seen from the query's; wraps: whether keys outside the image are those at its other
    /// side, or zero. maskShift: the shift whose wrapped tokens are masked, 0 for no mask. scale: log2(e) / sqrt(headSize). aligned:
    /// offsets, pitches and headSize are multiples of 4.
    /// </summary>
    [Kernel(Heads16Block144x16.Items, Specialization = typeof(Heads16Block144x16), GroupsPerProcessor = 4)]
    [Kernel(Heads32Block144x16.Items, Specialization = typeof(Heads32Block144x16), GroupsPerProcessor = 4)]
    [Kernel(Heads32Block128x16.Items, Specialization = typeof(Heads32Block128x16), GroupsPerProcessor = 4)]
    [Kernel(Heads32Block128x32.Items, Specialization = typeof(Heads32Block128x32), GroupsPerProcessor = 3, Target = "sm_75")]
    [Kernel(Heads128Block16x16.Items, Specialization = typeof(Heads128Block16x16))]
    public static void Attend<TTile>(
        ArrayView<float> query,
        int queryPitch,
        ArrayView<float> key,
        int keyPitch,
        ArrayView<float> value,
        int valuePitch,
        ArrayView<float> bias,
        int hasBias,
        ArrayView<float> rotary,
        int hasRotary,
        ArrayView<float> y,
        int yPitch,
        int height,
        int width,
        int heads,
        int headSize,
        int side,
        int keySide,
        int queryShift,
        int keyStart,
        int wraps,
        int maskShift,
        float scale,
        int aligned)
        where TTile : struct, IAttentionTile
    {
        // [channel][query], [key][channel], keys [channel][key] and later weights [key][query], [key lane][query].
        ArrayView<float> queries = SharedMemory.Allocate<float>(TTile.HeadSize * QueryPitch<TTile>());
        ArrayView<float> values = SharedMemory.Allocate<float>(KeyBlock<TTile>() * TTile.HeadSize);
        ArrayView<float> shared = SharedMemory.Allocate<float>(SharedFloats<TTile>());
        ArrayView<float> reduction = SharedMemory.Allocate<float>(TTile.KeyLanes * QueryBlock<TTile>());
        int keyVector = KeyVector<TTile>();
        int keyBlock = KeyBlock<TTile>();

        // Neighbouring items differ in turn in a bit of the column and a bit of the row, so that the hardware can merge their reads.
        int item = Group.IdxX;
        int x = Gpu.Keep((item & 1) | ((item >> 1) & (TTile.KeyLanes - 2)));
        int itemRow = ((item >> 1) & 1) | ((item / TTile.KeyLanes) & (32 / TTile.KeyLanes - 2)) | item / 32 * (32 / TTile.KeyLanes);
        int firstQuery = Gpu.Keep(itemRow * TTile.Queries);

        int queryTokens = side * side;
        int keyTokens = keySide * keySide;
        int blocks = (queryTokens + QueryBlock<TTile>() - 1) / QueryBlock<TTile>();
        int blockOfHeads = Grid.IdxX / blocks;
        int firstToken = Gpu.Keep((Grid.IdxX - blockOfHeads * blocks) * QueryBlock<TTile>());
        int window = blockOfHeads / heads;
        int head = blockOfHeads - window * heads;
        int rowOfWindows = window / (width / side);
        int windowRow = Gpu.Keep(rowOfWindows * side);
        int windowColumn = Gpu.Keep((window - rowOfWindows * (width / side)) * side);
        int headChannel = Gpu.Keep(head * headSize);
        int firstAngle = Gpu.Keep(head * keyTokens * headSize);
        int firstBias = Gpu.Keep(head * queryTokens * keyTokens);

        // Regions differ only in the windows of the last row and the last column.
        bool masks = maskShift > 0 && (windowRow == height - side || windowColumn == width - side);
        int queryRow = windowRow + queryShift;
        int queryColumn = windowColumn + queryShift;
        int keyRow = windowRow + keyStart;
        int keyColumn = windowColumn + keyStart;

        // One element more than is used: ILGPU does not put an array of a single element into registers.
        var fetchedKeys = new Float4[KeyFetches<TTile>() + 1];
        var fetchedValues = new Float4[KeyFetches<TTile>() + 1];
        var fetchedAngles = new Float4[KeyFetches<TTile>() + 1];
        if (aligned != 0)
        {
            FetchKeys<TTile>(
                key, keyPitch, value, valuePitch, rotary, hasRotary, firstAngle, headChannel, item, 0, keySide, keyRow, keyColumn,
                height, width, wraps, headSize, 1, fetchedKeys, fetchedValues, fetchedAngles);
        }
        else
        {
            FetchKeys<TTile>(
                key, keyPitch, value, valuePitch, rotary, hasRotary, firstAngle, headChannel, item, 0, keySide, keyRow, keyColumn,
                height, width, wraps, headSize, 0, fetchedKeys, fetchedValues, fetchedAngles);
        }

        for (int i = item; i < QueryBlock<TTile>() * (TTile.HeadSize / 4); i += TTile.GroupSize)
        {
            int token = firstToken + i / (TTile.HeadSize / 4);
            int channel = (i & (TTile.HeadSize / 4 - 1)) * 4;
            int pixel = AttentionTokens.PixelOf(token, side, queryRow, queryColumn, height, width, 1);
            int count = pixel >= 0 ? headSize - channel : 0;
            Float4 four = Channels.LoadReadOnly(query, pixel * queryPitch + headChannel + channel, count, aligned);
            if (hasRotary != 0)
                four = AttentionTokens.Rotated(four, Channels.LoadReadOnly(rotary, firstAngle + token * headSize + channel, count, aligned));
            AttentionTokens.StoreColumn(queries, channel * QueryPitch<TTile>() + i / (TTile.HeadSize / 4), QueryPitch<TTile>(), four * scale);
        }

        var result = new float[TTile.Queries * ResultChannels<TTile>()];
        var largest = new float[TTile.Queries];
        var total = new float[TTile.Queries];
        var scores = new float[TTile.Queries * TTile.Keys];
        var reduced = new float[TTile.Queries];
        var own = new float[TTile.Queries];
        var keys = new float[KeyVector<TTile>()];
        for (int i = 0; i < TTile.Queries; i++)
        {
            largest[i] = float.NegativeInfinity;
            total[i] = 0f;
            for (int c = 0; c < ResultChannels<TTile>(); c++)
                result[i * ResultChannels<TTile>() + c] = 0f;
        }

        for (int firstKey = 0; firstKey < keyTokens; firstKey += keyBlock)
        {
            for (int n = 0; n < KeyFetches<TTile>(); n++)
            {
                int i = item + n * TTile.GroupSize;
                if (i < KeyBlock<TTile>() * (TTile.HeadSize / 4))
                {
                    Float4 four = fetchedKeys[n];
                    if (hasRotary != 0)
                        four = AttentionTokens.Rotated(fetchedKeys[n], fetchedAngles[n]);
                    int place = (i & (TTile.HeadSize / 4 - 1)) * 4 * KeyPitch<TTile>() + i / (TTile.HeadSize / 4);
                    AttentionTokens.StoreColumn(shared, place, KeyPitch<TTile>(), four);
                    Gpu.Store4(ref values[i * 4], fetchedValues[n]);
                }
            }

            // After the last block nothing is fetched, because no tokens are left.
            if (aligned != 0)
            {
                FetchKeys<TTile>(
                    key, keyPitch, value, valuePitch, rotary, hasRotary, firstAngle, headChannel, item, firstKey + keyBlock, keySide, keyRow, keyColumn,
                    height, width, wraps, headSize, 1, fetchedKeys, fetchedValues, fetchedAngles);
            }
            else
            {
                FetchKeys<TTile>(
                    key, keyPitch, value, valuePitch, rotary, hasRotary, firstAngle, headChannel, item, firstKey + keyBlock, keySide, keyRow, keyColumn,
                    height, width, wraps, headSize, 0, fetchedKeys, fetchedValues, fetchedAngles);
            }

            Group.Barrier();
            for (int i = 0; i < TTile.Queries * TTile.Keys; i++)
                scores[i] = 0f;
            AddScores<TTile>(queries, shared, firstQuery, x, own, keys, scores);

            if (hasBias != 0 || masks || firstKey + keyBlock > keyTokens)
            {
                for (int j = 0; j < TTile.Keys; j++)
                {
                    int keyToken = firstKey + x * keyVector + j / KeyVector<TTile>() * 16 + j % KeyVector<TTile>();
                    bool isKey = keyToken < keyTokens;
                    int keyRegion = masks ? AttentionTokens.RegionOf(keyToken, side, windowRow, windowColumn, height, width, maskShift) : 0;
                    for (int i = 0; i < TTile.Queries; i++)
                    {
                        int queryToken = firstToken + firstQuery + i;
                        float added = 0f;
                        if (masks
                            && AttentionTokens.RegionOf(queryToken, side, windowRow, windowColumn, height, width, maskShift) != keyRegion)
                        {
                            added = Masked;
                        }

                        if (hasBias != 0 && isKey && queryToken < queryTokens)
                            added += bias[firstBias + queryToken * keyTokens + keyToken];
                        float score = scores[i * TTile.Keys + j];
                        scores[i * TTile.Keys + j] = isKey ? Gpu.Fma(Functions.Log2E, added, score) : float.NegativeInfinity;
                    }
                }
            }

            for (int i = 0; i < TTile.Queries; i++)
            {
                float most = scores[i * TTile.Keys];
                for (int j = 1; j < TTile.Keys; j++)
                    most = XMath.Max(most, scores[i * TTile.Keys + j]);
                reduced[i] = most;
            }

            AttentionTokens.StoreQueries<TTile>(reduction, x * QueryBlock<TTile>() + firstQuery, reduced);
            Group.Barrier();
            for (int i = 0; i < TTile.Queries; i++)
                reduced[i] = largest[i];
            for (int n = 0; n < TTile.KeyLanes; n++)
            {
                AttentionTokens.LoadQueries<TTile>(reduction, n * QueryBlock<TTile>() + firstQuery, own);
                for (int i = 0; i < TTile.Queries; i++)
                    reduced[i] = XMath.Max(reduced[i], own[i]);
            }

            for (int i = 0; i < TTile.Queries; i++)
            {
                float fade = Gpu.Exp2(largest[i] - reduced[i]);
                largest[i] = reduced[i];
                total[i] *= fade;
                for (int c = 0; c < ResultChannels<TTile>(); c++)
                    result[i * ResultChannels<TTile>() + c] *= fade;
                for (int j = 0; j < TTile.Keys; j++)
                {
                    float weight = Gpu.Exp2(scores[i * TTile.Keys + j] - reduced[i]);
                    scores[i * TTile.Keys + j] = weight;
                    total[i] += weight;
                }
            }

            // The buffers of weights lie over the keys, which are not needed any more. Two buffers take turns.
            for (int sixteen = 0; sixteen < TTile.Keys / KeyVector<TTile>(); sixteen++)
            {
                int weights = sixteen % TTile.WeightBuffers * WeightFloats<TTile>();
                if (TTile.WeightBuffers == 1 && sixteen > 0)
                    Group.Barrier();
                for (int n = 0; n < KeyVector<TTile>(); n++)
                {
                    for (int i = 0; i < TTile.Queries; i++)
                        own[i] = scores[i * TTile.Keys + sixteen * KeyVector<TTile>() + n];
                    AttentionTokens.StoreQueries<TTile>(shared, weights + (x * keyVector + n) * QueryPitch<TTile>() + firstQuery, own);
                }

                Group.Barrier();
                AddValues<TTile>(shared, weights, values, sixteen * 16, firstQuery, x, own, result);
            }

            Group.Barrier();
        }

        AttentionTokens.StoreQueries<TTile>(reduction, x * QueryBlock<TTile>() + firstQuery, total);
        Group.Barrier();
        for (int i = 0; i < TTile.Queries; i++)
            total[i] = 0f;
        for (int n = 0; n < TTile.KeyLanes; n++)
        {
            AttentionTokens.LoadQueries<TTile>(reduction, n * QueryBlock<TTile>() + firstQuery, own);
            for (int i = 0; i < TTile.Queries; i++)
                total[i] += own[i];
        }

        for (int i = 0; i < TTile.Queries; i++)
        {
            int pixel = AttentionTokens.PixelOf(firstToken + firstQuery + i, side, queryRow, queryColumn, height, width, 1);
            if (pixel >= 0)
                StoreResult<TTile>(y, pixel * yPitch + headChannel, x * ResultChannels<TTile>(), headSize, aligned, 1f / total[i], i, result);
        }
    }

    private static int KeyVector<TTile>()
        where TTile : struct, IAttentionTile => 16 / TTile.KeyLanes;

    private static int QueryBlock<TTile>()
        where TTile : struct, IAttentionTile => TTile.GroupSize / TTile.KeyLanes * TTile.Queries;

    private static int KeyBlock<TTile>()
        where TTile : struct, IAttentionTile => TTile.KeyLanes * TTile.Keys;

    private static int ResultChannels<TTile>()
        where TTile : struct, IAttentionTile => TTile.HeadSize / TTile.KeyLanes;

    private static int KeyFetches<TTile>()
        where TTile : struct, IAttentionTile => (KeyBlock<TTile>() * (TTile.HeadSize / 4) + TTile.GroupSize - 1) / TTile.GroupSize;

    // Pitches that spread the lines over the banks and keep the alignment of the widest read.
    private static int QueryPitch<TTile>()
        where TTile : struct, IAttentionTile => QueryBlock<TTile>() + 4;

    private static int KeyPitch<TTile>()
        where TTile : struct, IAttentionTile => KeyBlock<TTile>() + KeyVector<TTile>();

    private static int WeightFloats<TTile>()
        where TTile : struct, IAttentionTile => 16 * QueryPitch<TTile>();

    private static int SharedFloats<TTile>()
        where TTile : struct, IAttentionTile
    {
        int keys = TTile.HeadSize * KeyPitch<TTile>();
        int weights = TTile.WeightBuffers * WeightFloats<TTile>();
        return keys > weights ? keys : weights;
    }

    // Starts to read an item's share of a block of keys.
    private static void FetchKeys<TTile>(
        ArrayView<float> key,
        int keyPitch,
        ArrayView<float> value,
        int valuePitch,
        ArrayView<float> rotary,
        int hasRotary,
        int firstAngle,
        int headChannel,
        int item,
        int firstKey,
        int side,
        int firstRow,
        int firstColumn,
        int height,
        int width,
        int wraps,
        int headSize,
        int aligned,
        Float4[] keys,
        Float4[] values,
        Float4[] angles)
        where TTile : struct, IAttentionTile
    {
        for (int n = 0; n < KeyFetches<TTile>(); n++)
        {
            int index = item + n * TTile.GroupSize;
            int token = firstKey + index / (TTile.HeadSize / 4);
            int channel = (index & (TTile.HeadSize / 4 - 1)) * 4;
            int pixel = AttentionTokens.PixelOf(token, side, firstRow, firstColumn, height, width, wraps);
            int count = pixel >= 0 & index < KeyBlock<TTile>() * (TTile.HeadSize / 4) ? headSize - channel : 0;
            keys[n] = Channels.LoadReadOnly(key, headChannel + pixel * keyPitch + channel, count, aligned);
            values[n] = Channels.LoadReadOnly(value, headChannel + pixel * valuePitch + channel, count, aligned);
            int angleCount = hasRotary != 0 ? count : 0;
            angles[n] = Channels.LoadReadOnly(rotary, firstAngle + token * headSize + channel, angleCount, aligned);
        }
    }

    // scores += the products of the item's queries and keys. Four channels are unrolled.
    private static void AddScores<TTile>(
        ArrayView<float> queries, ArrayView<float> keyChannels, int firstQuery, int x, float[] own, float[] keys, float[] scores)
        where TTile : struct, IAttentionTile
    {
        for (int channel = 0; channel < Gpu.Keep(TTile.HeadSize); channel += 4)
        {
            ArrayView<float> queryLines = queries.SubView(channel * QueryPitch<TTile>() + firstQuery, 4 * QueryPitch<TTile>());
            ArrayView<float> keyLines = keyChannels.SubView(channel * KeyPitch<TTile>() + x * KeyVector<TTile>(), 4 * KeyPitch<TTile>());
            for (int c = 0; c < 4; c++)
            {
                AttentionTokens.LoadQueries<TTile>(queryLines, c * QueryPitch<TTile>(), own);
                for (int j = 0; j < TTile.Keys / KeyVector<TTile>(); j++)
                {
                    AttentionTokens.LoadKeys<TTile>(keyLines, c * KeyPitch<TTile>() + j * 16, keys);
                    for (int i = 0; i < TTile.Queries; i++)
                    {
                        for (int n = 0; n < KeyVector<TTile>(); n++)
                        {
                            int score = i * TTile.Keys + j * KeyVector<TTile>() + n;
                            scores[score] = Gpu.Fma(own[i], keys[n], scores[score]);
                        }
                    }
                }
            }
        }
    }

    // result += the weights of sixteen keys times their values. Four keys are unrolled.
    private static void AddValues<TTile>(
        ArrayView<float> shared, int weights, ArrayView<float> values, int firstKey, int firstQuery, int x, float[] own, float[] result)
        where TTile : struct, IAttentionTile
    {
        for (int key = 0; key < Gpu.Keep(16); key += 4)
        {
            ArrayView<float> weightLines = shared.SubView(weights + key * QueryPitch<TTile>() + firstQuery, 4 * QueryPitch<TTile>());
            ArrayView<float> valueLines = values.SubView((firstKey + key) * TTile.HeadSize + x * ResultChannels<TTile>(), 4 * TTile.HeadSize);
            for (int n = 0; n < 4; n++)
            {
                AttentionTokens.LoadQueries<TTile>(weightLines, n * QueryPitch<TTile>(), own);
                if (ResultChannels<TTile>() % 4 == 0)
                {
                    for (int c = 0; c < ResultChannels<TTile>() / 4; c++)
                    {
                        Float4 v = Gpu.Load4(ref valueLines[n * TTile.HeadSize + 4 * c]);
                        for (int i = 0; i < TTile.Queries; i++)
                        {
                            int first = i * ResultChannels<TTile>() + 4 * c;
                            result[first] = Gpu.Fma(own[i], v.X, result[first]);
                            result[first + 1] = Gpu.Fma(own[i], v.Y, result[first + 1]);
                            result[first + 2] = Gpu.Fma(own[i], v.Z, result[first + 2]);
                            result[first + 3] = Gpu.Fma(own[i], v.W, result[first + 3]);
                        }
                    }
                }
                else
                {
                    Float2 v = Gpu.Load2(ref valueLines[n * TTile.HeadSize]);
                    for (int i = 0; i < TTile.Queries; i++)
                    {
                        result[2 * i] = Gpu.Fma(own[i], v.X, result[2 * i]);
                        result[2 * i + 1] = Gpu.Fma(own[i], v.Y, result[2 * i + 1]);
                    }
                }
            }
        }
    }

    private static void StoreResult<TTile>(
        ArrayView<float> y, int place, int firstChannel, int headSize, int aligned, float factor, int query, float[] result)
        where TTile : struct, IAttentionTile
    {
        if (ResultChannels<TTile>() % 4 == 0)
        {
            for (int c = 0; c < ResultChannels<TTile>() / 4; c++)
            {
                int first = query * ResultChannels<TTile>() + 4 * c;
                var four = new Float4(result[first], result[first + 1], result[first + 2], result[first + 3]);
                int channel = firstChannel + 4 * c;
                Channels.Store(y, place + channel, headSize - channel, aligned, four * factor);
            }
        }
        else
        {
            for (int c = 0; c < ResultChannels<TTile>(); c++)
            {
                if (firstChannel + c < headSize)
                    y[place + firstChannel + c] = result[query * ResultChannels<TTile>() + c] * factor;
            }
        }
    }
}
