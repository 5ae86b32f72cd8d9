// Inline PTX for NVIDIA hardware, and more local memory than a static array can have.
// LOCAL_BYTES: bytes of dynamic local memory, from kernels.json.

// C [16, 8] = A [16, 16] * B [16, 8] in bfloat16 with float sums. Two bfloat16 of consecutive columns of A, or consecutive rows of
// B, are in one uint, the first in the low half: a is [16, 8] uints, b is [8 columns, 8] uints.
__attribute__((reqd_work_group_size(32, 1, 1)))
kernel void multiply_bfloat16(global const uint* restrict a, global const uint* restrict b, global float* restrict c)
{
    int lane = (int)get_local_id(0);
    int group = lane / 4;
    int member = lane % 4;
    uint a0 = a[group * 8 + member];
    uint a1 = a[(group + 8) * 8 + member];
    uint a2 = a[group * 8 + member + 4];
    uint a3 = a[(group + 8) * 8 + member + 4];
    uint b0 = b[group * 8 + member];
    uint b1 = b[group * 8 + member + 4];
    float c0 = 0.0f;
    float c1 = 0.0f;
    float c2 = 0.0f;
    float c3 = 0.0f;
    __asm__ volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(c0), "+f"(c1), "+f"(c2), "+f"(c3)
        : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
    c[group * 8 + member * 2] = c0;
    c[group * 8 + member * 2 + 1] = c1;
    c[(group + 8) * 8 + member * 2] = c2;
    c[(group + 8) * 8 + member * 2 + 1] = c3;
}

// reversed[i] = values[count - 1 - i], by way of all the dynamic local memory; count is LOCAL_BYTES / 4.
__attribute__((reqd_work_group_size(256, 1, 1)))
kernel void reverse(global const int* restrict values, global int* restrict reversed)
{
    DYNAMIC_LOCAL(int, staged);
    const int count = LOCAL_BYTES / 4;
    int lane = (int)get_local_id(0);
    for (int i = lane; i < count; i += 256)
        staged[i] = values[i];
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int i = lane; i < count; i += 256)
        reversed[i] = staged[count - 1 - i];
}
