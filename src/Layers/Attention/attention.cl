// Attention within windows: softmax(q k^T / sqrt(head size) + bias) v; scores never leave the chip.
// HEAD_SIZE: the most channels of a head; smaller heads are filled up with zeros. QUERIES, KEYS: queries and keys of a work-item.
// GROUP_SIZE: a multiple of 32. KEY_LANES: work-items along the keys, 4 or 8. WEIGHT_BUFFERS: 1, or 2 for fewer barriers at the
// cost of local memory.
//
// A group takes one window, one head and QUERY_BLOCK of its queries, and the keys KEY_BLOCK by KEY_BLOCK. KEY_LANES of its items
// lie along the keys, the others along the queries; those along the keys share the channels of the result. Item (y, x) computes
// the scores of the queries y * QUERIES + {0, 1, ...} with the keys KEY_VECTOR * x + 16j + {0, 1, ...}; the softmax is brought up to
// date for each block of keys ("online"), in powers of two; then the weights pass through local memory, 16 keys at a time, to the
// product with the values. While a block is worked on, the next one's keys and values are on their way into registers.
#include "channels.clh"
#include "functions.clh"

#define KEY_VECTOR (16 / KEY_LANES)
#define QUERY_BLOCK (GROUP_SIZE / KEY_LANES * QUERIES)
#define KEY_BLOCK (KEY_LANES * KEYS)
#define RESULT_CHANNELS (HEAD_SIZE / KEY_LANES)
#define FOURS (HEAD_SIZE / 4)
#define KEY_FETCHES ((KEY_BLOCK * FOURS + GROUP_SIZE - 1) / GROUP_SIZE)
#include "Attention/tokens.clh"

// Pitches that spread the lines over the banks, and keep the alignment of the widest read.
#define QUERY_PITCH (QUERY_BLOCK + 4)
#define KEY_PITCH (KEY_BLOCK + KEY_VECTOR)
#define WEIGHT_FLOATS (16 * QUERY_PITCH)
#define SHARED_FLOATS \
    (HEAD_SIZE * KEY_PITCH > WEIGHT_BUFFERS * WEIGHT_FLOATS ? HEAD_SIZE * KEY_PITCH : WEIGHT_BUFFERS * WEIGHT_FLOATS)

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
    local float reduction[KEY_LANES * QUERY_BLOCK] __attribute__((aligned(16)));

    int item = (int)get_local_id(0);
    // Of neighbouring items one bit is the column's and the next the row's, so that the hardware can merge their reads.
    int x = (item & 1) | ((item >> 1) & (KEY_LANES - 2));
    int firstQuery = (((item >> 1) & 1) | ((item / KEY_LANES) & (32 / KEY_LANES - 2)) | item / 32 * (32 / KEY_LANES)) * QUERIES;

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

    int queryRow = windowRow + queryShift;
    int queryColumn = windowColumn + queryShift;
    int keyRow = windowRow + keyStart;
    int keyColumn = windowColumn + keyStart;
    global const float* keys = key + (keyOffset + headChannel);
    global const float* keyValues = value + (valueOffset + headChannel);
    global const float* angles = rotary + rotaryOffset;

    KeyFetch fetch;
    fetch_keys(keys, keyPitch, keyValues, valuePitch, angles, hasRotary, item, 0, keySide, keyRow, keyColumn, height, width, wraps,
        headSize, aligned, &fetch);
#pragma unroll 2
    for (int i = item; i < QUERY_BLOCK * FOURS; i += GROUP_SIZE)
    {
        int token = firstToken + i / FOURS;
        int channel = i % FOURS * 4;
        int pixel = pixel_of(token, side, queryRow, queryColumn, height, width, 1);
        int count = pixel >= 0 ? headSize - channel : 0;
        float4 four = load_channels(query + (queryOffset + pixel * queryPitch + headChannel + channel), count, aligned);
        if (hasRotary)
            four = rotated(four, load_channels(angles + (token * headSize + channel), count, aligned));
        store_column(queries + channel * QUERY_PITCH + i / FOURS, QUERY_PITCH, four * scale);
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
#pragma unroll
        for (int n = 0; n < KEY_FETCHES; n++)
        {
            int i = item + n * GROUP_SIZE;
            if (i < KEY_BLOCK * FOURS)
            {
                float4 four = hasRotary ? rotated(fetch.keys[n], fetch.angles[n]) : fetch.keys[n];
                store_column(shared + i % FOURS * 4 * KEY_PITCH + i / FOURS, KEY_PITCH, four);
                *(local float4*)(values + i * 4) = fetch.values[n];
            }
        }
        if (firstKey + KEY_BLOCK < keyTokens)
        {
            fetch_keys(keys, keyPitch, keyValues, valuePitch, angles, hasRotary, item, firstKey + KEY_BLOCK, keySide, keyRow,
                keyColumn, height, width, wraps, headSize, aligned, &fetch);
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
            for (int j = 0; j < KEYS; j += KEY_VECTOR)
            {
                float k[KEY_VECTOR];
                load_keys(shared + c * KEY_PITCH + x * KEY_VECTOR + j * KEY_LANES, k);
#pragma unroll
                for (int i = 0; i < QUERIES; i++)
                {
#pragma unroll
                    for (int n = 0; n < KEY_VECTOR; n++)
                        scores[i][j + n] += q[i] * k[n];
                }
            }
        }

        if (hasBias || masks || firstKey + KEY_BLOCK > keyTokens)
        {
#pragma unroll
            for (int j = 0; j < KEYS; j++)
            {
                int column = x * KEY_VECTOR + j / KEY_VECTOR * 16 + j % KEY_VECTOR;
                int keyToken = firstKey + column;
                int isKey = keyToken < keyTokens;
                int keyRegion = masks ? region_of(keyToken, side, windowRow, windowColumn, height, width, maskShift) : 0;
#pragma unroll
                for (int i = 0; i < QUERIES; i++)
                {
                    int queryToken = firstToken + firstQuery + i;
                    float added = 0.0f;
                    if (masks && region_of(queryToken, side, windowRow, windowColumn, height, width, maskShift) != keyRegion)
                        added = -100.0f;
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
        for (int n = 0; n < KEY_LANES; n++)
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

        // Buffers of weights lie over the keys, which are done with, and take turns where there are two.
#pragma unroll
        for (int j = 0; j < KEYS; j += KEY_VECTOR)
        {
            local float* weights = shared + j / KEY_VECTOR % WEIGHT_BUFFERS * WEIGHT_FLOATS;
            if (WEIGHT_BUFFERS == 1 && j > 0)
                barrier(CLK_LOCAL_MEM_FENCE);
#pragma unroll
            for (int n = 0; n < KEY_VECTOR; n++)
            {
                float column[QUERIES];
#pragma unroll
                for (int i = 0; i < QUERIES; i++)
                    column[i] = scores[i][j + n];
                store_queries(weights + (x * KEY_VECTOR + n) * QUERY_PITCH + firstQuery, column);
            }
            barrier(CLK_LOCAL_MEM_FENCE);
#pragma unroll 4
            for (int n = 0; n < 16; n++)
            {
                float w[QUERIES];
                load_queries(weights + n * QUERY_PITCH + firstQuery, w);
                local const float* line = values + (j * KEY_LANES + n) * HEAD_SIZE + x * RESULT_CHANNELS;
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
    for (int n = 0; n < KEY_LANES; n++)
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
        int pixel = pixel_of(firstToken + firstQuery + i, side, queryRow, queryColumn, height, width, 1);
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
