// The rasteriser in three launches, without lists, atomics on floats, or any word to the host:
//   activate_gaussians  raw Gaussians -> splats, their bounds, and the bounds of every block of BLOCK consecutive ones
//   bound_blocks        bounds of blocks -> bounds of groups of BLOCK blocks
//   gather_tiles        each tile walks the groups, blocks and splats whose bounds touch it, in their order, and adds them up
// Offsets of buffers are in floats. Bounds are [left, top, right, bottom] in whole canvas pixels, inclusive; empty if
// left > right. The left bound of a block with a value that is not finite is NON_FINITE, the least of all, and so that of its
// group.

#include "Gpu/pair.clh"

#define BLOCK 128
#define TILE 16
#define QUAD 8
#define WORDS (BLOCK / 32)
#define NON_FINITE INT_MIN

// Weights below 2^-CUTOFF_BITS = e^-16 are not drawn; an ellipse reaches REACH standard deviations.
#define CUTOFF_BITS 23.0831207f
#define REACH 5.65685425f

// sqrt(log2(e) / 2): weights are powers of two.
#define UNIT 0.849321800f

// sigmoid(x) * gain, from e^-x.
static inline float2 gained_sigmoid(float2 exponential, float gain)
{
    float2 denominator = pair_sum(1.0f, exponential.x);
    return pair_quotient((float2)(gain, 0.0f), (float2)(denominator.x, denominator.y + exponential.y));
}

static inline float sigmoid(float x) { return 1.0f / (1.0f + exp(-x)); }

// The first and last whole numbers within reach of centre + fraction, where the box's half width is box + boxFraction.
static inline int2 bounds_of(int centre, float fraction, float reach, int box, float boxFraction)
{
    int first = max((int)ceil(fraction - reach), (int)ceil(fraction - boxFraction) - box);
    int last = min((int)floor(fraction + reach), (int)floor(fraction + boxFraction) + box);
    return (int2)(centre + first, centre + last);
}

// One work-item for each Gaussian, one group for each block.
__attribute__((reqd_work_group_size(BLOCK, 1, 1)))
kernel void activate_gaussians(
    const global float* restrict gaussians, int gaussiansOffset, int gaussiansPitch, // [first + count, channels]
    int channels,            // 9, or 11 with what is to be added to the means
    int first,
    int count,
    float canvasWidth,
    float canvasHeight,
    float originX,           // what is taken off mean * canvas: half a pixel and the viewport's fraction of one
    float originY,
    float sigmaUnitX,        // pixels per unit of an activated sigma: scale / 1.2, for each axis
    float sigmaUnitY,
    int boxX,                // half the width of the dmax box: its whole pixels and the rest
    float boxXFraction,
    int boxY,
    float boxYFraction,
    // [count, 3] splats: (int) column origin, (int) row origin, ridge, -fractionY * vertical; slope in two floats, normal,
    // vertical; red, green, blue. The weight at a pixel is 2^-(a^2 + b^2) with column and row counted from the origin,
    // a = (column - slope * row + ridge) * normal, b = row * vertical - fractionY * vertical.
    global float4* restrict splats, int splatsOffset,
    global int4* restrict bounds, int boundsOffset,     // [count]
    global int4* restrict blocks, int blocksOffset)     // [blocks]
{
    local int blockLeft, blockTop, blockRight, blockBottom;
    int item = (int)get_local_id(0);
    int index = (int)get_group_id(0) * BLOCK + item;
    if (item == 0)
    {
        blockLeft = INT_MAX;
        blockTop = INT_MAX;
        blockRight = INT_MIN;
        blockBottom = INT_MIN;
    }
    barrier(CLK_LOCAL_MEM_FENCE);

    if (index < count)
    {
        const global float* raw = gaussians + gaussiansOffset + (size_t)(first + index) * gaussiansPitch;
        float zero = 0.0f;
        for (int k = 0; k < channels; k++)
            zero += raw[k] * 0.0f;

        // The centre as a whole pixel and a fraction of at most one half, without rounding mean * canvas.
        float2 x = pair_product(raw[7], canvasWidth);
        float2 y = pair_product(raw[8], canvasHeight);
        if (channels > 9)
        {
            x.y = fma(raw[9], canvasWidth, x.y);
            y.y = fma(raw[10], canvasHeight, y.y);
        }
        int4 own = (int4)(INT_MAX, INT_MAX, INT_MIN, INT_MIN);
        if (zero != 0.0f)
        {
            atomic_min(&blockLeft, NON_FINITE);
        }
        else if (fabs(x.x) < 1e9f && fabs(y.x) < 1e9f)
        {
            float2 shiftedX = pair_sum(x.x, -originX);
            float2 shiftedY = pair_sum(y.x, -originY);
            float centreX = rint(shiftedX.x);
            float centreY = rint(shiftedY.x);
            float fractionX = (shiftedX.x - centreX) + (shiftedX.y + x.y);
            float fractionY = (shiftedY.x - centreY) + (shiftedY.y + y.y);

            // The published code crosses the two sigmas: the first column belongs to y.
            float2 sigmaY = gained_sigmoid(pair_exp(-raw[0]), 0.99999f);
            float2 sigmaX = gained_sigmoid(pair_exp(-raw[1]), 0.99999f);
            sigmaY = pair_sum(sigmaY.x, sigmaY.y + 1e-6f);
            sigmaX = pair_sum(sigmaX.x, sigmaX.y + 1e-6f);
            float width = sigmaX.x * sigmaUnitX;
            float height = sigmaY.x * sigmaUnitY;

            // With e = exp(-2|t|), 1 - |rho| = 1 - 0.999999 tanh|t| is a sum of positive terms: nothing cancels.
            float e = exp(-2.0f * fabs(raw[2]));
            float complement = 1e-6f + 0.999999f * (2.0f * e / (1.0f + e));
            float normal = UNIT / (width * sqrt(complement * (2.0f - complement)));

            // slope = rho * sigmaX / sigmaY in two floats, since a thin ellipse's width hangs on its last bits.
            float2 ratio = pair_quotient(sigmaX, sigmaY);
            float2 units = pair_quotient((float2)(sigmaUnitX, 0.0f), (float2)(sigmaUnitY, 0.0f));
            float2 stretched = pair_product(ratio.x, units.x);
            ratio = pair_sum(stretched.x, stretched.y + fma(ratio.x, units.y, ratio.y * units.x));
            float2 part = pair_product(complement, ratio.x);
            float2 slope = pair_sum(ratio.x, -part.x);
            slope = pair_sum(slope.x, slope.y + fma(1.0f - complement, ratio.y, -part.y)) * copysign(1.0f, raw[2]);
            float vertical = UNIT / height;

            float opacity = sigmoid(raw[3]);

            // dx - slope * dy = column - slope * row + ridge, column and row being whole; so is the column's origin.
            float2 shift = pair_product(slope.x, fractionY);
            float2 ridge = pair_sum(shift.x, -fractionX);
            float whole = rint(ridge.x);
            float rest = (ridge.x - whole) + (ridge.y + fma(slope.y, fractionY, shift.y));
            global float4* splat = splats + splatsOffset / 4 + (size_t)index * 3;
            splat[0] = (float4)(as_float((int)centreX - (int)whole), as_float((int)centreY), rest, -fractionY * vertical);
            splat[1] = (float4)(slope.x, slope.y, normal, vertical);
            splat[2] = (float4)(opacity * sigmoid(raw[4]), opacity * sigmoid(raw[5]), opacity * sigmoid(raw[6]), 0.0f);

            int2 columns = bounds_of((int)centreX, fractionX, REACH * width, boxX, boxXFraction);
            int2 rows = bounds_of((int)centreY, fractionY, REACH * height, boxY, boxYFraction);
            if (columns.x <= columns.y && rows.x <= rows.y)
            {
                own = (int4)(columns.x, rows.x, columns.y, rows.y);
                atomic_min(&blockLeft, own.x);
                atomic_min(&blockTop, own.y);
                atomic_max(&blockRight, own.z);
                atomic_max(&blockBottom, own.w);
            }
        }
        bounds[boundsOffset / 4 + index] = own;
    }

    barrier(CLK_LOCAL_MEM_FENCE);
    if (item == 0)
        blocks[blocksOffset / 4 + get_group_id(0)] = (int4)(blockLeft, blockTop, blockRight, blockBottom);
}

// One work-item for each block, one group for each group of blocks.
__attribute__((reqd_work_group_size(BLOCK, 1, 1)))
kernel void bound_blocks(
    const global int4* restrict blocks, int blocksOffset, // [count]
    int count,
    global int4* restrict groups, int groupsOffset)       // [groups]
{
    local int groupLeft, groupTop, groupRight, groupBottom;
    int item = (int)get_local_id(0);
    int index = (int)get_group_id(0) * BLOCK + item;
    if (item == 0)
    {
        groupLeft = INT_MAX;
        groupTop = INT_MAX;
        groupRight = INT_MIN;
        groupBottom = INT_MIN;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    if (index < count)
    {
        int4 block = blocks[blocksOffset / 4 + index];
        atomic_min(&groupLeft, block.x);
        atomic_min(&groupTop, block.y);
        atomic_max(&groupRight, block.z);
        atomic_max(&groupBottom, block.w);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    if (item == 0)
        groups[groupsOffset / 4 + get_group_id(0)] = (int4)(groupLeft, groupTop, groupRight, groupBottom);
}

// Which of the work-items say yes, as one bit each, for all of them to know. All must call it; words is theirs alone until
// the next call.
static inline uint4 votes(bool yes, int item, local uint* words)
{
    barrier(CLK_LOCAL_MEM_FENCE);
    if (item < WORDS)
        words[item] = 0;
    barrier(CLK_LOCAL_MEM_FENCE);
    if (yes)
        atomic_or(&words[item / 32], 1u << (item % 32));
    barrier(CLK_LOCAL_MEM_FENCE);
    return (uint4)(words[0], words[1], words[2], words[3]);
}

static inline int count_votes(uint4 mask)
{
    return (int)(popcount(mask.x) + popcount(mask.y) + popcount(mask.z) + popcount(mask.w));
}

// How many of the work-items before this one said yes.
static inline int votes_before(uint4 mask, int item)
{
    int word = item / 32;
    uint below = (1u << (item % 32)) - 1;
    int rank = 0;
    rank += popcount(word > 0 ? mask.x : mask.x & below);
    rank += word < 1 ? 0 : (int)popcount(word > 1 ? mask.y : mask.y & below);
    rank += word < 2 ? 0 : (int)popcount(word > 2 ? mask.z : mask.z & below);
    rank += word < 3 ? 0 : (int)popcount(mask.w & below);
    return rank;
}

// Takes the first yes off the mask and returns its number.
static inline int take_vote(uint4* mask)
{
    uint word = mask->x ? mask->x : mask->y ? mask->y : mask->z ? mask->z : mask->w;
    int bit = 31 - (int)clz(word & -word);
    if (mask->x)
    {
        mask->x &= mask->x - 1;
        return bit;
    }
    if (mask->y)
    {
        mask->y &= mask->y - 1;
        return 32 + bit;
    }
    if (mask->z)
    {
        mask->z &= mask->z - 1;
        return 64 + bit;
    }
    mask->w &= mask->w - 1;
    return 96 + bit;
}

static inline bool touches(int4 bounds, int4 tile)
{
    return bounds.x <= tile.z && bounds.z >= tile.x && bounds.y <= tile.w && bounds.w >= tile.y;
}

// Whether the ellipse can touch the quad of pixels (x, y) to (x + 7, y + 7). A lower bound of the exponent: the least of the
// two squares each on its own, with a margin for rounding. Linear functions have their extremes at the corners.
static inline bool touches_quad(float4 position, float4 shape, float x, float y)
{
    float n0 = x - position.x;
    float n1 = n0 + (QUAD - 1);
    float m0 = y - position.y;
    float m1 = m0 + (QUAD - 1);
    float ridge0 = fma(-shape.x, m0, position.z);
    float ridge1 = fma(-shape.x, m1, position.z);
    float low = (n0 + fmin(ridge0, ridge1)) * shape.z;
    float high = (n1 + fmax(ridge0, ridge1)) * shape.z;
    float a = fmax(fmax(low, -high), 0.0f);
    float b = fmax(fmax(fma(m0, shape.w, position.w), -fma(m1, shape.w, position.w)), 0.0f);
    return fma(a, a, b * b) * 0.95f <= CUTOFF_BITS;
}

// The pixels of a tile's row or column between two bounds, as bits.
static inline uint span(int first, int last, int origin)
{
    int low = max(first - origin, 0);
    int high = min(last - origin, TILE - 1);
    return low > high ? 0 : ((2u << high) - 1) & ~((1u << low) - 1);
}

// One group for each tile of 16 x 16 pixels. Work-items 32 q to 32 q + 31 draw quad q, each two pixels four rows apart.
__attribute__((reqd_work_group_size(BLOCK, 1, 1)))
kernel void gather_tiles(
    const global float4* restrict splats, int splatsOffset, // [count, 3]
    const global int4* restrict bounds, int boundsOffset,   // [count]
    int count,
    const global int4* restrict blocks, int blocksOffset,   // [blockCount]
    int blockCount,
    const global int4* restrict groups, int groupsOffset,   // [groupCount]
    int groupCount,
    global float* image, int imageOffset, int imagePitch,   // [height, width, pitch]
    int width,
    int height,
    int left,                                               // canvas coordinate of the image's first column
    int top,
    int accumulate)                                         // whether to add to the image or to overwrite it
{
    local uint words[WORDS];
    local int queue[2 * BLOCK];
    // The splats that are drawn, as the tile sees them, in four vectors each: origin counted from the tile's first pixel, ridge,
    // -fractionY * vertical; slope in two floats, normal, vertical; red, green, blue; and bits: the quads that it touches, and
    // the columns and above them the rows within its bounds.
    local float4 splatsInTile[BLOCK * 4];

    splats += splatsOffset / 4;
    bounds += boundsOffset / 4;
    blocks += blocksOffset / 4;
    groups += groupsOffset / 4;
    int item = (int)get_local_id(0);
    int tileX = (int)get_group_id(0) * TILE;
    int tileY = (int)get_group_id(1) * TILE;
    int4 tile = (int4)(left + tileX, top + tileY, left + min(tileX + TILE, width) - 1, top + min(tileY + TILE, height) - 1);

    int quad = item / 32;
    int x = quad % 2 * QUAD + item % QUAD;
    int y0 = quad / 2 * QUAD + item % 32 / QUAD;
    int y1 = y0 + 4;
    uint bits0 = 1u << x | 1u << (TILE + y0);
    uint bits1 = 1u << x | 1u << (TILE + y1);
    bool inside0 = tileX + x < width && tileY + y0 < height;
    bool inside1 = tileX + x < width && tileY + y1 < height;
    global float* pixel0 = image + imageOffset + ((size_t)(tileY + y0) * width + tileX + x) * imagePitch;
    global float* pixel1 = pixel0 + (size_t)4 * width * imagePitch;
    float red0 = accumulate && inside0 ? pixel0[0] : 0.0f;
    float green0 = accumulate && inside0 ? pixel0[1] : 0.0f;
    float blue0 = accumulate && inside0 ? pixel0[2] : 0.0f;
    float red1 = accumulate && inside1 ? pixel1[0] : 0.0f;
    float green1 = accumulate && inside1 ? pixel1[1] : 0.0f;
    float blue1 = accumulate && inside1 ? pixel1[2] : 0.0f;

    // The walk is the same for all work-items: only the three votes differ. Its levels are unrolled into one loop whose every
    // step adds a block's splats to the queue and draws a full queue's worth of them.
    bool finite = true;
    int queued = 0;
    int groupBase = -BLOCK;
    int group = 0;
    uint4 groupMask = (uint4)(0);
    uint4 blockMask = (uint4)(0);
    bool walking = true;
    while (walking)
    {
        if (count_votes(blockMask) == 0)
        {
            if (count_votes(groupMask) == 0)
            {
                groupBase += BLOCK;
                if (groupBase >= groupCount)
                {
                    walking = false;
                }
                else
                {
                    int4 own = groupBase + item < groupCount ? groups[groupBase + item] : (int4)(INT_MAX, 0, 0, 0);
                    uint4 broken = votes(own.x == NON_FINITE, item, words);
                    finite = finite && count_votes(broken) == 0;
                    groupMask = votes(touches(own, tile), item, words);
                }
            }
            else
            {
                group = groupBase + take_vote(&groupMask);
                int block = group * BLOCK + item;
                blockMask = votes(block < blockCount && touches(blocks[block], tile), item, words);
            }
        }
        else
        {
            int splat = (group * BLOCK + take_vote(&blockMask)) * BLOCK + item;
            bool hit = splat < count && touches(bounds[splat], tile);
            uint4 hits = votes(hit, item, words);
            if (hit)
                queue[queued + votes_before(hits, item)] = splat;
            queued += count_votes(hits);
        }

        if (queued >= BLOCK || (!walking && queued > 0))
        {
            int drawn = min(queued, BLOCK);
            barrier(CLK_LOCAL_MEM_FENCE);
            if (item < drawn)
            {
                int splat = queue[item];
                int4 own = bounds[splat];
                float4 position = splats[splat * 3];
                float4 shape = splats[splat * 3 + 1];
                float4 colour = splats[splat * 3 + 2];
                position.x = (float)(as_int(position.x) - tile.x);
                position.y = (float)(as_int(position.y) - tile.y);
                int quads = 0;
                for (int q = 0; q < 4; q++)
                    quads |= touches_quad(position, shape, q % 2 * QUAD, q / 2 * QUAD) ? 1 << q : 0;
                uint spans = span(own.x, own.z, tile.x) | span(own.y, own.w, tile.y) << TILE;
                splatsInTile[item * 4] = position;
                splatsInTile[item * 4 + 1] = shape;
                splatsInTile[item * 4 + 2] = colour;
                splatsInTile[item * 4 + 3] = (float4)(as_float(quads), as_float(spans), 0.0f, 0.0f);
            }
            int moved = item < queued - drawn ? queue[BLOCK + item] : 0;
            barrier(CLK_LOCAL_MEM_FENCE);
            if (item < queued - drawn)
                queue[item] = moved;
            queued -= drawn;

            for (int i = 0; i < drawn; i++)
            {
                float4 bits = splatsInTile[i * 4 + 3];
                if ((as_int(bits.x) >> quad & 1) == 0)
                    continue;
                uint spans = as_uint(bits.y);
                float4 position = splatsInTile[i * 4];
                float4 shape = splatsInTile[i * 4 + 1];
                float4 colour = splatsInTile[i * 4 + 2];
                float n = x - position.x;
                float m0 = y0 - position.y;
                float m1 = y1 - position.y;

                // n - slope * m is rounded once though it may all but cancel; what is added to it is small.
                float a0 = (fma(-shape.x, m0, n) + fma(-shape.y, m0, position.z)) * shape.z;
                float a1 = (fma(-shape.x, m1, n) + fma(-shape.y, m1, position.z)) * shape.z;
                float b0 = fma(m0, shape.w, position.w);
                float b1 = fma(m1, shape.w, position.w);
                float exponent0 = fma(a0, a0, b0 * b0);
                float exponent1 = fma(a1, a1, b1 * b1);

                // What lies beyond the cutoff or the box gets weight 2^-1000 = 0, without a branch.
                exponent0 = exponent0 <= CUTOFF_BITS && (spans & bits0) == bits0 ? exponent0 : 1000.0f;
                exponent1 = exponent1 <= CUTOFF_BITS && (spans & bits1) == bits1 ? exponent1 : 1000.0f;
                float weight0 = native_exp2(-exponent0);
                float weight1 = native_exp2(-exponent1);
                red0 = fma(weight0, colour.x, red0);
                green0 = fma(weight0, colour.y, green0);
                blue0 = fma(weight0, colour.z, blue0);
                red1 = fma(weight1, colour.x, red1);
                green1 = fma(weight1, colour.y, green1);
                blue1 = fma(weight1, colour.z, blue1);
            }
        }
    }

    if (inside0)
    {
        pixel0[0] = finite ? red0 : NAN;
        pixel0[1] = finite ? green0 : NAN;
        pixel0[2] = finite ? blue0 : NAN;
    }
    if (inside1)
    {
        pixel1[0] = finite ? red1 : NAN;
        pixel1[1] = finite ? green1 : NAN;
        pixel1[2] = finite ? blue1 : NAN;
    }
}
