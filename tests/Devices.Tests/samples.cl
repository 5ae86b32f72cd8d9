// Small kernels that use what the real ones use: tensors, constants, includes, local memory and barriers.
// GROUP: work-items of a group. SCALE: a factor.
#include "helpers.clh"

// z[i] = SCALE * factor * x[i] + y[i]; vectors of `count` pixels of one channel.
__attribute__((reqd_work_group_size(GROUP, 1, 1)))
kernel void add_scaled(
    global const float* restrict x, int xOffset, int xPitch,
    global const float* restrict y, int yOffset, int yPitch,
    global float* restrict z, int zOffset, int zPitch,
    int count,
    float factor)
{
    int i = (int)get_global_id(0);
    if (i < count)
        z[zOffset + i * zPitch] = multiply_add(SCALE * factor, x[xOffset + i * xPitch], y[yOffset + i * yPitch]);
}

// sums[g] = the sum of the g-th GROUP values, in a fixed order.
__attribute__((reqd_work_group_size(GROUP, 1, 1)))
kernel void sum_groups(global const int* restrict values, int count, global int* restrict sums)
{
    local int partial[GROUP];
    int lane = (int)get_local_id(0);
    int i = (int)get_global_id(0);
    partial[lane] = i < count ? values[i] : 0;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int step = GROUP / 2; step > 0; step /= 2)
    {
        if (lane < step)
            partial[lane] += partial[lane + step];
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    if (lane == 0)
        sums[get_group_id(0)] = partial[0];
}

// positions[linear index of the work-item] = its linear index within its group, plus 1000 times its group's.
__attribute__((reqd_work_group_size(8, 4, 2)))
kernel void write_position(global int* restrict positions)
{
    int x = (int)get_global_id(0);
    int y = (int)get_global_id(1);
    int z = (int)get_global_id(2);
    int width = (int)get_global_size(0);
    int height = (int)get_global_size(1);
    int lane = ((int)get_local_id(2) * 4 + (int)get_local_id(1)) * 8 + (int)get_local_id(0);
    int group = ((int)get_group_id(2) * (int)get_num_groups(1) + (int)get_group_id(1)) * (int)get_num_groups(0) + (int)get_group_id(0);
    positions[(z * height + y) * width + x] = lane + 1000 * group;
}
