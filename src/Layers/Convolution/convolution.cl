// Linear layers, 1x1 and 3x3 convolutions: y = activation(x * weights + bias) + residual as one matrix product, whose rows are
// the output's pixels and whose depth is the neighbourhood of a pixel.
// TILE_ROWS, TILE_COLUMNS: pixels and channels that a group computes. ALIGNED_INPUT: 1 if pitch, offset and channels of x are
// multiples of 4.
#include "channels.clh"
#include "functions.clh"
#include "Convolution/epilogue.clh"
#define IN_STRETCHES 1
#include "Convolution/product.clh"

#if LOCAL_BYTES / 4 != PRODUCT_LOCAL_FLOATS + TOTALS_FLOATS
#error localBytes in kernels.json is not what the tile needs
#endif

// Groups run along the tiles of columns first, which share their rows of x. Pixels of the output, counted row by row, from
// firstPixel to endPixel are computed. shuffledChannels, alignedOutput: as in store_result.
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
#pragma unroll
        for (int h = 0; h < 2; h++)
        {
            store_result(
                y, yOffset, yPitch, residual, residualOffset, residualPitch, hasResidual, pixel, columns, itemColumn + h * 16,
                outputChannels, shuffledChannels, alignedOutput, sums[i][h]);
        }
    }
}

#if ALIGNED_INPUT
// The products of a Winograd convolution (winograd.cl): plane p of y is plane p of x times plane p of the weights. Groups run along
// the tiles of columns first, then the rows; the second dimension is the planes.
// x: [16][rows][xPitch], weights: [16][xPitch rounded up to TILE_DEPTH][yPitch], y: [16][rows][yPitch]; pitches are multiples of 4.
__attribute__((reqd_work_group_size(GROUP_SIZE, 1, 1)))
kernel void multiply_planes(
    global const float* restrict x, int xOffset, int xPitch,
    global const float* restrict weights,
    global float* restrict y, int yOffset, int yPitch,
    int rows)
{
    DYNAMIC_LOCAL(float, slices);
    local float4* totals = (local float4*)(slices + PRODUCT_LOCAL_FLOATS);
    int item = (int)get_local_id(0);
    int group = (int)get_group_id(0);
    int plane = (int)get_group_id(1);
    int tilesAlongColumns = (yPitch + TILE_COLUMNS - 1) / TILE_COLUMNS;
    int tileColumn = group % tilesAlongColumns * TILE_COLUMNS;
    int tileRow = group / tilesAlongColumns * TILE_ROWS;

    RowFetch fetch;
#pragma unroll
    for (int n = 0; n < FETCHES_A; n++)
    {
        int inTile = fetched_row(item, n);
        fetch.inside[n] = inTile < TILE_ROWS && tileRow + inTile < rows ? 1 : 0;
        fetch.offset[n] = fetch.inside[n] ? xOffset + (plane * rows + tileRow + inTile) * xPitch : 0;
    }

    float4 sums[8][2];
    weights += plane * ((xPitch + TILE_DEPTH - 1) / TILE_DEPTH * TILE_DEPTH) * yPitch;
    multiply_tile(x, &fetch, 0, 0, xPitch, 1, weights, yPitch, tileColumn, slices, totals, sums);

    int itemRow = tileRow + first_row_of(item);
    int itemColumn = tileColumn + first_column_of(item);
#pragma unroll
    for (int i = 0; i < 8; i++)
    {
        int row = row_of(itemRow, i);
        if (row >= rows)
            continue;
#pragma unroll
        for (int h = 0; h < 2; h++)
        {
            int channel = itemColumn + h * 16;
            store_channels(y + (yOffset + (plane * rows + row) * yPitch + channel), yPitch - channel, 1, sums[i][h]);
        }
    }
}
#endif
