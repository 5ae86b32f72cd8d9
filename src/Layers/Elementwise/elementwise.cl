// Operations on each value alone: a work-item takes four channels of a pixel.
#include "channels.clh"

#define GROUP_SIZE 256

// y = a + b; y may be a or b.
__attribute__((reqd_work_group_size(GROUP_SIZE, 1, 1)))
kernel void add(
    global const float* a, int aOffset, int aPitch,
    global const float* b, int bOffset, int bPitch,
    global float* y, int yOffset, int yPitch,
    int pixels,
    int channels,
    int aligned)
{
    int fours = (channels + 3) / 4;
    int item = (int)get_global_id(0);
    int pixel = item / fours;
    if (pixel >= pixels)
        return;
    int channel = item % fours * 4;
    int count = channels - channel;
    float4 sum = load_channels(a + (aOffset + pixel * aPitch + channel), count, aligned)
        + load_channels(b + (bOffset + pixel * bPitch + channel), count, aligned);
    store_channels(y + (yOffset + pixel * yPitch + channel), count, aligned, sum);
}

// y[row][column] = table[row mod tableHeight][column mod tableWidth].
__attribute__((reqd_work_group_size(GROUP_SIZE, 1, 1)))
kernel void repeat(
    global const float* restrict table, int tableOffset, int tablePitch,
    global float* restrict y, int yOffset, int yPitch,
    int tableHeight,
    int tableWidth,
    int pixels,
    int width,
    int channels,
    int aligned)
{
    int fours = (channels + 3) / 4;
    int item = (int)get_global_id(0);
    int pixel = item / fours;
    if (pixel >= pixels)
        return;
    int channel = item % fours * 4;
    int source = pixel / width % tableHeight * tableWidth + pixel % width % tableWidth;
    float4 values = load_channels(table + (tableOffset + source * tablePitch + channel), channels - channel, aligned);
    store_channels(y + (yOffset + pixel * yPitch + channel), channels - channel, aligned, values);
}
