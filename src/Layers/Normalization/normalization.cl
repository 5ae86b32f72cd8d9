// Layer normalisation over the channels of each pixel, with mean and variance in two passes over values that stay in the cache.
#include "channels.clh"

#define GROUP_SIZE 256
#define ITEMS_PER_PIXEL 16
#define PIXELS (GROUP_SIZE / ITEMS_PER_PIXEL)

// The sum over the items of a pixel, for each of them, in an order that does not depend on anything.
INLINE float pixel_sum(local float* partial, float value)
{
    int item = (int)get_local_id(0);
    int lane = item % ITEMS_PER_PIXEL;
    partial[item] = value;
    barrier(CLK_LOCAL_MEM_FENCE);
#pragma unroll
    for (int step = ITEMS_PER_PIXEL / 2; step > 0; step /= 2)
    {
        if (lane < step)
            partial[item] += partial[item + step];
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    float sum = partial[item - lane];
    barrier(CLK_LOCAL_MEM_FENCE);
    return sum;
}

INLINE float sum_of(float4 values)
{
    return (values.x + values.y) + (values.z + values.w);
}

// y = (z - mean z) / sqrt(var z + epsilon) * gamma + beta + table, with z = x + shift. y may be x: an item writes only what it
// alone has read. The table is repeated over the image.
__attribute__((reqd_work_group_size(GROUP_SIZE, 1, 1)))
kernel void normalize_pixels(
    global const float* x, int xOffset, int xPitch,
    global const float* restrict gamma, int gammaOffset,
    global const float* restrict beta, int betaOffset,
    global float* y, int yOffset, int yPitch,
    global const float* restrict shift, int shiftOffset, int hasShift,
    global const float* restrict table, int tableOffset, int tablePitch, int hasTable,
    int tableHeight,
    int tableWidth,
    int pixels,
    int width,
    int channels,
    float epsilon,
    int aligned)
{
    local float partial[GROUP_SIZE];
    int item = (int)get_local_id(0);
    int pixel = (int)get_group_id(0) * PIXELS + item / ITEMS_PER_PIXEL;
    int first = item % ITEMS_PER_PIXEL * 4;
    // Past the last pixel the last is read again, as all items have to reach the barriers.
    int read = min(pixel, pixels - 1);
    x += xOffset + read * xPitch;
    shift += shiftOffset;

    float sum = 0.0f;
    for (int c = first; c < channels; c += ITEMS_PER_PIXEL * 4)
    {
        sum += sum_of(load_channels(x + c, channels - c, aligned));
        if (hasShift)
            sum += sum_of(load_channels(shift + c, channels - c, aligned));
    }
    float mean = pixel_sum(partial, sum) / (float)channels;

    sum = 0.0f;
    for (int c = first; c < channels; c += ITEMS_PER_PIXEL * 4)
    {
        float4 z = load_channels(x + c, channels - c, aligned);
        if (hasShift)
            z += load_channels(shift + c, channels - c, aligned);
        z -= mean;
        z.y = c + 1 < channels ? z.y : 0.0f;
        z.z = c + 2 < channels ? z.z : 0.0f;
        z.w = c + 3 < channels ? z.w : 0.0f;
        sum += sum_of(z * z);
    }
    float inverse = 1.0f / sqrt(pixel_sum(partial, sum) / (float)channels + epsilon);
    if (pixel >= pixels)
        return;

    table += tableOffset + (hasTable ? (pixel / width % tableHeight * tableWidth + pixel % width % tableWidth) * tablePitch : 0);
    y += yOffset + pixel * yPitch;
    for (int c = first; c < channels; c += ITEMS_PER_PIXEL * 4)
    {
        int count = channels - c;
        float4 z = load_channels(x + c, count, aligned);
        if (hasShift)
            z += load_channels(shift + c, count, aligned);
        z = (z - mean) * inverse * load_channels(gamma + gammaOffset + c, count, aligned)
            + load_channels(beta + betaOffset + c, count, aligned);
        if (hasTable)
            z += load_channels(table + c, count, aligned);
        store_channels(y + c, count, aligned, z);
    }
}
