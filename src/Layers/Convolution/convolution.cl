// Linear layers, 1x1 and 3x3 convolutions: y = activation(x * weights + bias) + residual as one matrix product, whose rows are
// the output's pixels and whose depth is the neighbourhood of a pixel.
// TILE_ROWS, TILE_COLUMNS: pixels and channels that a group computes. ALIGNED_INPUT: 1 if pitch, offset and channels of x are
// multiples of 4.
#include "channels.clh"
#include "functions.clh"
#define IN_STRETCHES 1
#include "Convolution/product.clh"

#if LOCAL_BYTES / 4 != PRODUCT_LOCAL_FLOATS + TOTALS_FLOATS
#error localBytes in kernels.json is not what the tile needs
#endif

#define RELU 1
#define GELU 2
#define LEAKY_RELU 3

INLINE float4 activated(float4 x, int activation)
{
    if (activation == RELU)
        return rectified(x);
    if (activation == GELU)
        return gelu_of(x);
    if (activation == LEAKY_RELU)
        return max(x, 0.01f * x);
    return x;
}

// Groups run along the tiles of columns first, which share their rows of x. Pixels of the output, counted row by row, from
// firstPixel to endPixel are computed.
// shuffledChannels: with a pixel shuffle, channels of y, a quarter of outputChannels, which stand in the order (i, j, c) of
// sub-pixel row, sub-pixel column and channel; 0 without one. alignedOutput: pitch, offset and channels of y and of the residual
// are multiples of 4.
__attribute__((reqd_work_group_size(GROUP_SIZE, 1, 1)))
kernel void convolve(
    global const float* restrict x, int xOffset, int xPitch,
    int xHeight,
    int xWidth,
    int channels,
    int taps,
    global const float* restrict weights,
    global const float* restrict bias, int biasOffset,
    global const float* residual, int residualOffset, int residualPitch,
    int hasResidual,
    global float* y, int yOffset, int yPitch,
    int firstRow,
    int firstColumn,
    int columns,
    int firstPixel,
    int endPixel,
    int outputChannels,
    int shuffledChannels,
    int alignedOutput,
    int activation)
{
    DYNAMIC_LOCAL(float, slices);
    local float4* totals = (local float4*)(slices + PRODUCT_LOCAL_FLOATS);
    int item = (int)get_local_id(0);
    int group = (int)get_group_id(0);
    int tilesAlongColumns = (outputChannels + TILE_COLUMNS - 1) / TILE_COLUMNS;
    int tileColumn = group % tilesAlongColumns * TILE_COLUMNS;
    int tileRow = firstPixel + group / tilesAlongColumns * TILE_ROWS;

    RowFetch fetch;
#pragma unroll
    for (int n = 0; n < FETCHES_A; n++)
    {
        int inTile = fetched_row(item, n);
        int pixel = tileRow + inTile;
        int row = firstRow + pixel / columns;
        int column = firstColumn + pixel % columns;
        int inside = 0;
        if (inTile < TILE_ROWS && pixel < endPixel)
        {
            int insideRow = 2 | (column > 0 ? 1 : 0) | (column + 1 < xWidth ? 4 : 0);
            inside = taps == 1 ? 1 : (row > 0 ? insideRow : 0) | (insideRow << 3) | (row + 1 < xHeight ? insideRow << 6 : 0);
        }
        fetch.inside[n] = inside;
        fetch.offset[n] = inside ? xOffset + (row * xWidth + column) * xPitch : 0;
    }

    float4 sums[8][2];
    multiply_tile(x, &fetch, xPitch, xWidth, channels, taps, weights, (outputChannels + 3) / 4 * 4, tileColumn, slices,
        totals, sums);

    int itemRow = tileRow + first_row_of(item);
    int itemColumn = tileColumn + first_column_of(item);
#pragma unroll
    for (int h = 0; h < 2; h++)
    {
        int channel = itemColumn + h * 16;
        int count = outputChannels - channel;
        float4 biases = load_channels(bias + biasOffset + channel, count, 0);
#pragma unroll
        for (int i = 0; i < 8; i++)
            sums[i][h] += biases;
    }
    if (activation != 0)
    {
#pragma unroll
        for (int i = 0; i < 8; i++)
        {
            sums[i][0] = activated(sums[i][0], activation);
            sums[i][1] = activated(sums[i][1], activation);
        }
    }

#pragma unroll
    for (int i = 0; i < 8; i++)
    {
        int pixel = row_of(itemRow, i);
        if (pixel >= endPixel)
            continue;
        if (shuffledChannels == 0)
        {
#pragma unroll
            for (int h = 0; h < 2; h++)
            {
                int channel = itemColumn + h * 16;
                int count = outputChannels - channel;
                float4 values = sums[i][h];
                if (hasResidual)
                    values += load_channels(residual + (residualOffset + pixel * residualPitch + channel), count, alignedOutput);
                store_channels(y + (yOffset + pixel * yPitch + channel), count, alignedOutput, values);
            }
            continue;
        }

        int row = pixel / columns;
        int column = pixel % columns;
#pragma unroll
        for (int h = 0; h < 2; h++)
        {
            float values[4] = { sums[i][h].x, sums[i][h].y, sums[i][h].z, sums[i][h].w };
#pragma unroll
            for (int j = 0; j < 4; j++)
            {
                int channel = itemColumn + h * 16 + j;
                int subpixel = channel / shuffledChannels;
                int shuffled = yOffset + ((2 * row + subpixel / 2) * 2 * columns + 2 * column + subpixel % 2) * yPitch
                    + channel % shuffledChannels;
                if (alignedOutput)
                {
                    if (j == 0 && channel < outputChannels)
                        *(global float4*)(y + shuffled) = sums[i][h];
                }
                else if (channel < outputChannels)
                    y[shuffled] = values[j];
            }
        }
    }
}
