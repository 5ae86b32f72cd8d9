// Images of floats to whole numbers, one work-item for each value.

#define GROUP 256

__attribute__((reqd_work_group_size(1, 1, 1)))
kernel void clear_count(global int* nonFinite) { *nonFinite = 0; }

// The number nearest to a value clamped to [0, 1], of 0 to largest; halves go to the even one. NaN gives 0.
static inline int nearest(float value, float largest)
{
    float clamped = value > 0.0f ? value : 0.0f;
    return (int)rint((clamped < 1.0f ? clamped : 1.0f) * largest);
}

// The value of dense index i of [height, width, 3]; adds to the group's count if it is not finite.
static inline float read(const global float* image, int imageWidth, int imagePitch, int width, int i, local int* groupCount)
{
    int row = i / (width * 3);
    int inRow = i - row * (width * 3);
    float value = image[((size_t)row * imageWidth + inRow / 3) * imagePitch + inRow % 3];
    if (!isfinite(value))
        atomic_inc(groupCount);
    return value;
}

#define QUANTIZE(name, type, largest) \
    __attribute__((reqd_work_group_size(GROUP, 1, 1))) \
    kernel void name( \
        const global float* restrict image, int imageOffset, int imagePitch, /* [at least height, imageWidth, pitch] */ \
        int imageWidth, \
        int width, \
        int count,                          /* height * width * 3 */ \
        global type* restrict destination,  /* [height, width, 3] */ \
        global int* restrict nonFinite) \
    { \
        local int groupCount; \
        if (get_local_id(0) == 0) \
            groupCount = 0; \
        barrier(CLK_LOCAL_MEM_FENCE); \
        int i = (int)get_global_id(0); \
        if (i < count) \
            destination[i] = (type)nearest(read(image + imageOffset, imageWidth, imagePitch, width, i, &groupCount), largest); \
        barrier(CLK_LOCAL_MEM_FENCE); \
        if (get_local_id(0) == 0 && groupCount > 0) \
            atomic_add(nonFinite, groupCount); \
    }

QUANTIZE(quantize_8, uchar, 255.0f)
QUANTIZE(quantize_16, ushort, 65535.0f)
