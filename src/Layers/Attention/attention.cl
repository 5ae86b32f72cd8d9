// Attention within windows: softmax(q k^T / sqrt(head size) + bias) v; scores never leave the chip.
// HEAD_SIZE: the most channels of a head; smaller heads are filled up with zeros. QUERIES, KEYS: queries and keys of a work-item;
// both are even.
//
// A group takes one window, one head and QUERY_BLOCK of its queries, and the keys KEY_BLOCK by KEY_BLOCK. It has 8 work-items
// (or 16, if GROUP_SIZE is 128) along the queries by 8 along the keys, and these 8 share the channels of the result. Item (y, x) computes the scores of the
// queries y * QUERIES + {0, 1, ...} with the keys 2x + 16j + {0, 1}; the softmax is brought up to date for each block of keys
// ("online"), in powers of two; then the weights pass through local memory, 16 keys at a time, to the product with the values.
#include "channels.clh"
#include "functions.clh"
#include "Attention/tokens.clh"

#ifndef GROUP_SIZE
#define GROUP_SIZE 64
#endif
#define QUERY_BLOCK (GROUP_SIZE / 8 * QUERIES)
#define KEY_BLOCK (8 * KEYS)
#define RESULT_CHANNELS (HEAD_SIZE / 8)
#define FOURS (HEAD_SIZE / 4)

// Pitches that spread the lines over the banks, and keep the alignment of the widest read.
#define QUERY_PITCH (QUERY_BLOCK + 4)
#define KEY_PITCH (KEY_BLOCK + 2)
#define WEIGHT_FLOATS (16 * QUERY_PITCH)
#define SHARED_FLOATS (HEAD_SIZE * KEY_PITCH > 2 * WEIGHT_FLOATS ? HEAD_SIZE * KEY_PITCH : 2 * WEIGHT_FLOATS)

// bias: [heads, queries, keys]; rotary: [heads, keys, headSize], cosine and sine of each pair. side, keySide: pixels along a side of
// a window; keyStart: where a key window starts, seen from the query's; wraps: whether keys outside the image are those at its other
// side, or zero. maskShift: the shift whose wrapped tokens are masked, 0 for no mask. scale: log2(e) / sqrt(headSize). aligned:
// offsets, pitches and headSize are multiples of 4.
__attribute__((reqd_work_group_size(GROUP_SIZE, 1, 1)))
kernel void attend(
    global const float* restrict query, int queryOffset, int queryPitch,
    global const float* restrict key, int keyOffset, int keyPitch,
    global const float* restrict value, int valueOffset, int valuePitch,
    global const float* restrict bias, int biasOffset, int hasBias,
    global const float* restrict rotary, int rotaryOffset, int hasRotary,
    global float* restrict y, int yOffset, int yPitch,
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
{
    local float queries[HEAD_SIZE * QUERY_PITCH] __attribute__((aligned(16)));   // [channel][query]
    local float values[KEY_BLOCK * HEAD_SIZE] __attribute__((aligned(16)));      // [key][channel]
    local float shared[SHARED_FLOATS] __attribute__((aligned(16)));              // keys [channel][key], then weights [key][query]
    local float reduction[8 * QUERY_BLOCK] __attribute__((aligned(16)));
    local int queryPixels[QUERY_BLOCK];
    local int keyPixels[KEY_BLOCK];
    local int queryRegions[QUERY_BLOCK];
    local int keyRegions[KEY_BLOCK];

    int item = (int)get_local_id(0);
    // Of neighbouring items one bit is the column's and the next the row's, so that the hardware can merge their reads.
    int x = (item & 1) | ((item >> 1) & 6);
    int firstQuery = (((item >> 1) & 1) | ((item >> 3) & 14)) * QUERIES;

    int queryTokens = side * side;
    int keyTokens = keySide * keySide;
    int blocks = (queryTokens + QUERY_BLOCK - 1) / QUERY_BLOCK;
    int group = (int)get_group_id(0);
    int firstToken = group % blocks * QUERY_BLOCK;
    int head = group / blocks % heads;
    int window = group / blocks / heads;
    int windowRow = window / (width / side) * side;
    int windowColumn = window % (width / side) * side;
    int headChannel = head * headSize;
    rotaryOffset += head * keyTokens * headSize;
    biasOffset += head * queryTokens * keyTokens;
    // Regions differ only in the windows of the last row and the last column.
    int masks = maskShift > 0 && (windowRow == height - side || windowColumn == width - side);

    if (item < QUERY_BLOCK)
    {
        queryPixels[item] = pixel_of(firstToken + item, side, windowRow + queryShift, windowColumn + queryShift, height, width, 1);
        queryRegions[item] = masks ? region_of(firstToken + item, side, windowRow, windowColumn, height, width, maskShift) : 0;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
#pragma unroll 2
    for (int i = item; i < QUERY_BLOCK * FOURS; i += GROUP_SIZE)
    {
        int token = i / FOURS;
        int channel = i % FOURS * 4;
        int pixel = queryPixels[token];
        int count = pixel >= 0 ? headSize - channel : 0;
        float4 four = head_channels(
            query, queryOffset + pixel * queryPitch + headChannel + channel,
            rotary, rotaryOffset + (firstToken + token) * headSize + channel, hasRotary, count, aligned);
        store_column(queries + channel * QUERY_PITCH + token, QUERY_PITCH, four * scale);
    }

    float result[QUERIES][RESULT_CHANNELS];
    float largest[QUERIES];
    float total[QUERIES];
#pragma unroll
    for (int i = 0; i < QUERIES; i++)
    {
        largest[i] = -INFINITY;
        total[i] = 0.0f;
#pragma unroll
        for (int c = 0; c < RESULT_CHANNELS; c++)
            result[i][c] = 0.0f;
    }

    for (int firstKey = 0; firstKey < keyTokens; firstKey += KEY_BLOCK)
    {
        if (item < KEY_BLOCK)
        {
            keyPixels[item] = pixel_of(firstKey + item, keySide, windowRow + keyStart, windowColumn + keyStart, height, width, wraps);
            keyRegions[item] = masks ? region_of(firstKey + item, side, windowRow, windowColumn, height, width, maskShift) : 0;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
#pragma unroll 2
        for (int i = item; i < KEY_BLOCK * FOURS; i += GROUP_SIZE)
        {
            int token = i / FOURS;
            int channel = i % FOURS * 4;
            int pixel = keyPixels[token];
            int count = pixel >= 0 ? headSize - channel : 0;
            float4 four = head_channels(
                key, keyOffset + pixel * keyPitch + headChannel + channel,
                rotary, rotaryOffset + (firstKey + token) * headSize + channel, hasRotary, count, aligned);
            store_column(shared + channel * KEY_PITCH + token, KEY_PITCH, four);
            *(local float4*)(values + token * HEAD_SIZE + channel) =
                load_channels(value + (valueOffset + pixel * valuePitch + headChannel + channel), count, aligned);
        }
        barrier(CLK_LOCAL_MEM_FENCE);

        float scores[QUERIES][KEYS];
#pragma unroll
        for (int i = 0; i < QUERIES; i++)
        {
#pragma unroll
            for (int j = 0; j < KEYS; j++)
                scores[i][j] = 0.0f;
        }
#pragma unroll 4
        for (int c = 0; c < HEAD_SIZE; c++)
        {
            float q[QUERIES];
            load_queries(queries + c * QUERY_PITCH + firstQuery, q);
#pragma unroll
            for (int j = 0; j < KEYS; j += 2)
            {
                float2 k = *(local const float2*)(shared + c * KEY_PITCH + x * 2 + j * 8);
#pragma unroll
                for (int i = 0; i < QUERIES; i++)
                {
                    scores[i][j] += q[i] * k.x;
                    scores[i][j + 1] += q[i] * k.y;
                }
            }
        }

        if (hasBias || masks || firstKey + KEY_BLOCK > keyTokens)
        {
#pragma unroll
            for (int j = 0; j < KEYS; j++)
            {
                int column = x * 2 + j / 2 * 16 + j % 2;
                int keyToken = firstKey + column;
                int isKey = keyToken < keyTokens;
                int keyRegion = keyRegions[column];
#pragma unroll
                for (int i = 0; i < QUERIES; i++)
                {
                    int queryToken = firstToken + firstQuery + i;
                    float added = masks && queryRegions[firstQuery + i] != keyRegion ? -100.0f : 0.0f;
                    if (hasBias && isKey && queryToken < queryTokens)
                        added += bias[biasOffset + queryToken * keyTokens + keyToken];
                    scores[i][j] = isKey ? scores[i][j] + LOG2_E * added : -INFINITY;
                }
            }
        }

        float reduced[QUERIES];
#pragma unroll
        for (int i = 0; i < QUERIES; i++)
        {
            reduced[i] = scores[i][0];
#pragma unroll
            for (int j = 1; j < KEYS; j++)
                reduced[i] = max(reduced[i], scores[i][j]);
        }
        store_queries(reduction + x * QUERY_BLOCK + firstQuery, reduced);
        barrier(CLK_LOCAL_MEM_FENCE);
#pragma unroll
        for (int i = 0; i < QUERIES; i++)
            reduced[i] = largest[i];
#pragma unroll
        for (int n = 0; n < 8; n++)
        {
            float others[QUERIES];
            load_queries(reduction + n * QUERY_BLOCK + firstQuery, others);
#pragma unroll
            for (int i = 0; i < QUERIES; i++)
                reduced[i] = max(reduced[i], others[i]);
        }
#pragma unroll
        for (int i = 0; i < QUERIES; i++)
        {
            float fade = exp2_of(largest[i] - reduced[i]);
            largest[i] = reduced[i];
            total[i] *= fade;
#pragma unroll
            for (int c = 0; c < RESULT_CHANNELS; c++)
                result[i][c] *= fade;
#pragma unroll
            for (int j = 0; j < KEYS; j++)
            {
                scores[i][j] = exp2_of(scores[i][j] - reduced[i]);
                total[i] += scores[i][j];
            }
        }

        // Two buffers of weights take turns, over the keys, which are done with.
#pragma unroll
        for (int j = 0; j < KEYS; j += 2)
        {
            local float* weights = shared + j / 2 % 2 * WEIGHT_FLOATS;
            float first[QUERIES];
            float next[QUERIES];
#pragma unroll
            for (int i = 0; i < QUERIES; i++)
            {
                first[i] = scores[i][j];
                next[i] = scores[i][j + 1];
            }
            store_queries(weights + x * 2 * QUERY_PITCH + firstQuery, first);
            store_queries(weights + (x * 2 + 1) * QUERY_PITCH + firstQuery, next);
            barrier(CLK_LOCAL_MEM_FENCE);
#pragma unroll 4
            for (int n = 0; n < 16; n++)
            {
                float w[QUERIES];
                load_queries(weights + n * QUERY_PITCH + firstQuery, w);
                local const float* line = values + (j * 8 + n) * HEAD_SIZE + x * RESULT_CHANNELS;
#if RESULT_CHANNELS % 4 == 0
#pragma unroll
                for (int c = 0; c < RESULT_CHANNELS; c += 4)
                {
                    float4 v = *(local const float4*)(line + c);
#pragma unroll
                    for (int i = 0; i < QUERIES; i++)
                    {
                        result[i][c] += w[i] * v.x;
                        result[i][c + 1] += w[i] * v.y;
                        result[i][c + 2] += w[i] * v.z;
                        result[i][c + 3] += w[i] * v.w;
                    }
                }
#else
                float2 v = *(local const float2*)line;
#pragma unroll
                for (int i = 0; i < QUERIES; i++)
                {
                    result[i][0] += w[i] * v.x;
                    result[i][1] += w[i] * v.y;
                }
#endif
            }
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }

    store_queries(reduction + x * QUERY_BLOCK + firstQuery, total);
    barrier(CLK_LOCAL_MEM_FENCE);
#pragma unroll
    for (int i = 0; i < QUERIES; i++)
        total[i] = 0.0f;
#pragma unroll
    for (int n = 0; n < 8; n++)
    {
        float others[QUERIES];
        load_queries(reduction + n * QUERY_BLOCK + firstQuery, others);
#pragma unroll
        for (int i = 0; i < QUERIES; i++)
            total[i] += others[i];
    }
#pragma unroll
    for (int i = 0; i < QUERIES; i++)
    {
        int pixel = queryPixels[firstQuery + i];
        if (pixel < 0)
            continue;
        float inverse = 1.0f / total[i];
        int place = yOffset + pixel * yPitch + headChannel;
#if RESULT_CHANNELS % 4 == 0
#pragma unroll
        for (int c = 0; c < RESULT_CHANNELS; c += 4)
        {
            int channel = x * RESULT_CHANNELS + c;
            float4 four = (float4)(result[i][c], result[i][c + 1], result[i][c + 2], result[i][c + 3]) * inverse;
            store_channels(y + (place + channel), headSize - channel, aligned, four);
        }
#else
#pragma unroll
        for (int c = 0; c < RESULT_CHANNELS; c++)
        {
            int channel = x * RESULT_CHANNELS + c;
            if (channel < headSize)
                y[place + channel] = result[i][c] * inverse;
        }
#endif
    }
}
