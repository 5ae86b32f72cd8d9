// y += factor * x * sigmoid(expand * relu(squeeze * mean x + squeezeBias) + expandBias), with the mean over all pixels. The mean is
// taken in two stages of fixed order, so that it is the same from run to run.
#include "channels.clh"

#define GROUP_SIZE 256

// sums[group][channel] = the sum of `pixelsPerGroup` pixels.
__attribute__((reqd_work_group_size(GROUP_SIZE, 1, 1)))
kernel void sum_pixels(
    global const float* restrict x, int xOffset, int xPitch,
    global float* restrict sums, int sumsOffset,
    int pixels,
    int channels,
    int pixelsPerGroup)
{
    int group = (int)get_group_id(0);
    int first = group * pixelsPerGroup;
    int end = min(first + pixelsPerGroup, pixels);
    for (int c = (int)get_local_id(0); c < channels; c += GROUP_SIZE)
    {
        float sum = 0.0f;
#pragma unroll 8
        for (int pixel = first; pixel < end; pixel++)
            sum += x[xOffset + pixel * xPitch + c];
        sums[sumsOffset + group * channels + c] = sum;
    }
}

// gates[channel] = factor * sigmoid(...), by one group. means and hidden are memory of the group's, [channels] and [squeezed].
__attribute__((reqd_work_group_size(GROUP_SIZE, 1, 1)))
kernel void compute_gates(
    global const float* restrict sums, int sumsOffset,
    global const float* restrict squeeze,
    global const float* restrict squeezeBias,
    global const float* restrict expand,
    global const float* restrict expandBias,
    global float* means, int meansOffset,
    global float* hidden, int hiddenOffset,
    global float* restrict gates, int gatesOffset,
    int groups,
    int pixels,
    int channels,
    int squeezed,
    float factor)
{
    local float partial[GROUP_SIZE];
    int item = (int)get_local_id(0);
    for (int c = item; c < channels; c += GROUP_SIZE)
    {
        float sum = 0.0f;
#pragma unroll 8
        for (int group = 0; group < groups; group++)
            sum += sums[sumsOffset + group * channels + c];
        means[meansOffset + c] = sum / (float)pixels;
    }

    // An item reads only the means that it has written.
    for (int s = 0; s < squeezed; s++)
    {
        float sum = 0.0f;
        for (int c = item; c < channels; c += GROUP_SIZE)
            sum += squeeze[s * channels + c] * means[meansOffset + c];
        partial[item] = sum;
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int step = GROUP_SIZE / 2; step > 0; step /= 2)
        {
            if (item < step)
                partial[item] += partial[item + step];
            barrier(CLK_LOCAL_MEM_FENCE);
        }
        if (item == 0)
            hidden[hiddenOffset + s] = rectified((float4)(partial[0] + squeezeBias[s])).x;
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    barrier(CLK_GLOBAL_MEM_FENCE);

    for (int c = item; c < channels; c += GROUP_SIZE)
    {
        float sum = expandBias[c];
        for (int s = 0; s < squeezed; s++)
            sum += expand[c * squeezed + s] * hidden[hiddenOffset + s];
        gates[gatesOffset + c] = factor / (1.0f + exp(-sum));
    }
}

// y += x * gates; a work-item takes four channels of a pixel.
__attribute__((reqd_work_group_size(GROUP_SIZE, 1, 1)))
kernel void add_gated(
    global const float* restrict x, int xOffset, int xPitch,
    global const float* restrict gates, int gatesOffset,
    global float* restrict y, int yOffset, int yPitch,
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
    int place = yOffset + pixel * yPitch + channel;
    float4 values = load_channels(x + (xOffset + pixel * xPitch + channel), count, aligned)
        * load_channels(gates + (gatesOffset + channel), count, aligned);
    store_channels(y + place, count, aligned, load_channels(y + place, count, aligned) + values);
}
