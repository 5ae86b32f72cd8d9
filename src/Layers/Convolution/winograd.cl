// A 3x3 convolution by Winograd's minimal filtering F(2x2, 3x3) (Lavin and Gray, arXiv 1509.09308): a patch of 4 x 4 input pixels
// becomes 16 values, B^T d B; each of them is multiplied with its own matrix of weights, [channels, outputChannels], which is
// 16 products in place of 36 for 2 x 2 output pixels; and A^T m A of the 16 results is these pixels.
//     B^T = | 1  0 -1  0 |    A^T = | 1  1  1  0 |
//           | 0  1  1  0 |          | 0  1 -1 -1 |
//           | 0 -1  1  0 |
//           | 0  1  0 -1 |
// These kernels transform; multiply_planes (convolution.cl) multiplies. Planes are [16][patches][channels filled up to planesPitch].
// Patches count row by row, patchColumns to a row; those of a launch begin at firstPatch.
#include "channels.clh"
#include "functions.clh"
#include "Convolution/epilogue.clh"

#define GROUP_SIZE 128

// An item takes four channels of a patch. firstRow, firstColumn: the pixel of x at the centre of the first output pixel's
// neighbourhood. x outside the image is zero.
__attribute__((reqd_work_group_size(GROUP_SIZE, 1, 1)))
kernel void transform_input(
    global const float* restrict x, int xOffset, int xPitch,
    int xHeight,
    int xWidth,
    int channels,
    int aligned,
    int firstRow,
    int firstColumn,
    int patchColumns,
    int firstPatch,
    int patches,
    global float* restrict planes, int planesOffset, int planesPitch)
{
    int fours = planesPitch / 4;
    int index = (int)get_global_id(0);
    int patch = index / fours;
    if (patch >= patches)
        return;
    int channel = index % fours * 4;
    int top = firstRow + (firstPatch + patch) / patchColumns * 2 - 1;
    int left = firstColumn + (firstPatch + patch) % patchColumns * 2 - 1;

    float4 rows[4][4];
#pragma unroll
    for (int j = 0; j < 4; j++)
    {
        float4 d[4];
#pragma unroll
        for (int i = 0; i < 4; i++)
        {
            int row = top + i;
            int column = left + j;
            int inside = row >= 0 && row < xHeight && column >= 0 && column < xWidth;
            d[i] = load_channels(
                x + (xOffset + (row * xWidth + column) * xPitch + channel), inside ? channels - channel : 0, aligned);
        }
        rows[0][j] = d[0] - d[2];
        rows[1][j] = d[1] + d[2];
        rows[2][j] = d[2] - d[1];
        rows[3][j] = d[1] - d[3];
    }

    int plane = patches * planesPitch;
    global float* target = planes + (planesOffset + patch * planesPitch + channel);
#pragma unroll
    for (int i = 0; i < 4; i++)
    {
        *(global float4*)(target + (i * 4 + 0) * plane) = rows[i][0] - rows[i][2];
        *(global float4*)(target + (i * 4 + 1) * plane) = rows[i][1] + rows[i][2];
        *(global float4*)(target + (i * 4 + 2) * plane) = rows[i][2] - rows[i][1];
        *(global float4*)(target + (i * 4 + 3) * plane) = rows[i][1] - rows[i][3];
    }
}

// An item takes four channels of a patch: 2 x 2 output pixels, fewer at the end of an odd number of rows or columns.
// shuffledChannels, alignedOutput: as in store_result.
__attribute__((reqd_work_group_size(GROUP_SIZE, 1, 1)))
kernel void transform_output(
    global const float* restrict planes, int planesOffset, int planesPitch,
    int patchColumns,
    int firstPatch,
    int patches,
    global const float* restrict bias, int biasOffset,
    global const float* residual, int residualOffset, int residualPitch,
    int hasResidual,
    global float* y, int yOffset, int yPitch,
    int rows,
    int columns,
    int outputChannels,
    int shuffledChannels,
    int alignedOutput,
    int activation)
{
    int fours = planesPitch / 4;
    int index = (int)get_global_id(0);
    int patch = index / fours;
    if (patch >= patches)
        return;
    int channel = index % fours * 4;
    int top = (firstPatch + patch) / patchColumns * 2;
    int left = (firstPatch + patch) % patchColumns * 2;

    int plane = patches * planesPitch;
    global const float* source = planes + (planesOffset + patch * planesPitch + channel);
    float4 sums[2][4];
#pragma unroll
    for (int j = 0; j < 4; j++)
    {
        float4 m[4];
#pragma unroll
        for (int i = 0; i < 4; i++)
            m[i] = *(global const float4*)(source + (i * 4 + j) * plane);
        sums[0][j] = m[0] + m[1] + m[2];
        sums[1][j] = m[1] - m[2] - m[3];
    }

    float4 biases = load_channels(bias + (biasOffset + channel), outputChannels - channel, 0);
#pragma unroll
    for (int i = 0; i < 2; i++)
    {
#pragma unroll
        for (int j = 0; j < 2; j++)
        {
            if (top + i >= rows || left + j >= columns)
                continue;
            float4 value = j == 0 ? sums[i][0] + sums[i][1] + sums[i][2] : sums[i][1] - sums[i][2] - sums[i][3];
            store_result(
                y, yOffset, yPitch, residual, residualOffset, residualPitch, hasResidual, (top + i) * columns + left + j, columns,
                channel, outputChannels, shuffledChannels, alignedOutput, activated(value + biases, activation));
        }
    }
}
