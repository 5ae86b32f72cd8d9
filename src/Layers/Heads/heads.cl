// The second and third layers of the five networks that make a Gaussian: the 4C values between them stay on the chip.
// TILE_ROWS, TILE_COLUMNS: cells and inner values that a group computes at a time. ALIGNED_INPUT: 1 if C is a multiple of 4.
#include "channels.clh"
#define IN_STRETCHES 0
#include "Convolution/product.clh"

#define HEADS 5
#define MAXIMUM_OUTPUTS 3

constant int OUTPUTS[HEADS] = { 2, 1, 1, 3, 2 };
constant int FIRST_COLUMN[HEADS] = { 0, 2, 3, 4, 7 };
#define MEAN_HEAD 4
#define PARTIAL_FLOATS (MAXIMUM_OUTPUTS * 2 * GROUP_SIZE * 4)
#define FIRST_REMAINDER 9
#define ITEMS_ALONG_COLUMNS (TILE_COLUMNS / 8)

#if LOCAL_BYTES / 4 != PRODUCT_LOCAL_FLOATS + PARTIAL_FLOATS
#error localBytes in kernels.json is not what the tile needs
#endif

// A group takes a tile of cells and one head, and the tiles of the head's inner values one after the other. Of each, a work-item
// multiplies its 8 x 8 values with the third layer's weights and adds them to partial sums of its own: `partial` is
// [output][half of the item's rows][item] with 4 rows in a float4. At the end, the items of a row are added from left to right.
//
// hidden: [cells, 5C], the first layer's result. second: the five heads' weights side by side, C -> 20C. third: [5][3][4C] and
// thirdBias: [5][3], without values where a head has fewer outputs. y: the block of Gaussians; `firstCell` is the first of these
// cells in it, and `width` its cells in a row. rowCentres, columnCentres: the centres of the block's cells.
__attribute__((reqd_work_group_size(GROUP_SIZE, 1, 1)))
kernel void gaussian_heads(
    global const float* restrict hidden, int hiddenOffset, int hiddenPitch,
    global const float* restrict second,
    global const float* restrict secondBias,
    global const float* restrict third,
    global const float* restrict thirdBias,
    global float* restrict y, int yOffset, int yPitch,
    int channels,
    int cells,
    int firstCell,
    int width,
    int gridHeight,
    int gridWidth,
    global const float* restrict rowCentres, int rowCentresOffset,
    global const float* restrict columnCentres, int columnCentresOffset)
{
    DYNAMIC_LOCAL(float, slices);
    local float4* partial = (local float4*)(slices + PRODUCT_LOCAL_FLOATS);
    int item = (int)get_local_id(0);
    int head = (int)get_group_id(0) % HEADS;
    int tileRow = (int)get_group_id(0) / HEADS * TILE_ROWS;
    int inner = 4 * channels;
    int outputs = OUTPUTS[head];
    int firstItemColumn = first_column_of(item);

    RowFetch fetch;
#pragma unroll
    for (int n = 0; n < FETCHES_A; n++)
    {
        int inTile = fetched_row(item, n);
        int cell = tileRow + inTile;
        fetch.inside[n] = inTile < TILE_ROWS && cell < cells ? 1 : 0;
        fetch.offset[n] = fetch.inside[n] ? hiddenOffset + cell * hiddenPitch + head * channels : 0;
    }
    for (int output = 0; output < outputs; output++)
    {
        partial[output * 2 * GROUP_SIZE + item] = (float4)(0.0f);
        partial[(output * 2 + 1) * GROUP_SIZE + item] = (float4)(0.0f);
    }

    for (int tile = 0; tile < inner; tile += TILE_COLUMNS)
    {
        float4 sums[8][2];
        multiply_tile(
            hidden, &fetch, 0, 0, channels, 1, second, HEADS * inner, head * inner + tile, slices, partial, sums);
#pragma unroll
        for (int h = 0; h < 2; h++)
        {
            int column = tile + firstItemColumn + h * 16;
            float4 biases = load_channels(secondBias + (head * inner + column), inner - column, 1);
#pragma unroll
            for (int i = 0; i < 8; i++)
                sums[i][h] = rectified(sums[i][h] + biases);
        }
        for (int output = 0; output < outputs; output++)
        {
            global const float* weights = third + (head * MAXIMUM_OUTPUTS + output) * inner;
            float rows[8];
#pragma unroll
            for (int h = 0; h < 2; h++)
            {
                // Past the last inner value stand those of the next head: they are multiplied with zeros.
                int column = tile + firstItemColumn + h * 16;
                float4 weight = load_channels(weights + column, inner - column, 1);
#pragma unroll
                for (int i = 0; i < 8; i++)
                {
                    float4 value = sums[i][h];
                    float sum = value.x * weight.x + value.y * weight.y + value.z * weight.z + value.w * weight.w;
                    rows[i] = h == 0 ? sum : rows[i] + sum;
                }
            }
            partial[output * 2 * GROUP_SIZE + item] += (float4)(rows[0], rows[1], rows[2], rows[3]);
            partial[(output * 2 + 1) * GROUP_SIZE + item] += (float4)(rows[4], rows[5], rows[6], rows[7]);
        }
    }
    barrier(CLK_LOCAL_MEM_FENCE);

    local const float* partialFloats = (local const float*)partial;
    for (int index = item; index < TILE_ROWS * outputs; index += GROUP_SIZE)
    {
        int row = index % TILE_ROWS;
        int output = index / TILE_ROWS;
        int cell = tileRow + row;
        if (cell >= cells)
            continue;
        int rowHalf = row / 32 % 2;
        float value = thirdBias[head * MAXIMUM_OUTPUTS + output];
        for (int n = 0; n < ITEMS_ALONG_COLUMNS; n++)
            value += partialFloats[((output * 2 + rowHalf) * GROUP_SIZE + item_of(row, n / 4 * 32 + n % 4 * 4)) * 4 + row % 4];
        cell += firstCell;
        global float* gaussian = y + (yOffset + cell * yPitch);
        if (head == MEAN_HEAD)
        {
            // mean / grid + centre, of which float32 leaves something out (Dekker, Knuth).
            float grid = (float)(output == 0 ? gridWidth : gridHeight);
            float centre = output == 0 ? columnCentres[columnCentresOffset + cell % width] : rowCentres[rowCentresOffset + cell / width];
            float quotient = value / grid;
            float rest = fma(-quotient, grid, value) / grid;
            float sum = centre + quotient;
            float added = sum - centre;
            rest += (centre - (sum - added)) + (quotient - added);
            value = sum + rest;
            gaussian[FIRST_REMAINDER + output] = rest - (value - sum);
        }
        gaussian[FIRST_COLUMN[head] + output] = value;
    }
}
