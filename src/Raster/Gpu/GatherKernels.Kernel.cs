using Gsasr.Kernels;
using ILGPU;
using ILGPU.Algorithms;

namespace Gsasr.Raster;

/// <summary>
/// The last launch of the rasteriser. Each tile goes through the groups, blocks and splats whose bounds touch it, in their order, and adds
/// them up.
/// </summary>
internal static class GatherKernels
{
    private const int BlockSize = RasterShape.BlockSize;
    private const int TileColumns = RasterShape.TileColumns;

    // Columns of the pixels that 32 work-items draw, a quarter of the tile.
    private const int QuadColumns = 8;

    // A splat in shared memory: as ActivateKernels makes it, with its origin counted from the tile's first pixel, followed by bits: the
    // quads that it touches, and in the bits above them the columns and rows within its bounds.
    private const int TileSplatFloats = RasterShape.SplatFloats + 4;

    // A vote is a bit for each work-item. Three buffers take turns: one is in use, one was read by all, one is clear.
    private const int VoteWords = BlockSize / 32;
    private const int VoteBuffers = 3;

    /// <summary>Weights below 2^-CutoffBits = e^-16 are not drawn.</summary>
    public const float CutoffBits = 23.0831207f;

    private const uint QuietNaN = 0x7FC00000;

    /// <summary>
    /// One group for each tile. Work-items 32 q to 32 q + 31 draw quad q, a quarter of the tile: each two pixels four rows apart, or in tiles of 8 rows one.
    /// </summary>
    [Kernel(BlockSize, Specialization = typeof(Tile16x16))]
    [Kernel(BlockSize, Specialization = typeof(Tile16x8))]
    public static void Gather<TTile>(
        ArrayView<float> splats, // [count, 12]
        ArrayView<int> bounds,   // [count, 4]
        int count,
        ArrayView<int> blocks,   // [blockCount, 4]
        int blockCount,
        ArrayView<int> groups,   // [groupCount, 4]
        int groupCount,
        ArrayView<float> image,  // [height, width, pitch]
        int imagePitch,
        int width,
        int height,
        int left,                // canvas coordinate of the image's first column
        int top,
        int firstColour,         // 0, or 3 for the fourth colour alone
        int colours,             // channels that are drawn, 1 to 3, or 1 with the fourth colour
        int accumulate)          // 1 to add to the image, 0 to overwrite it
        where TTile : struct, IGatherTile
    {
        ArrayView<int> words = SharedMemory.Allocate<int>(VoteBuffers * VoteWords);
        ArrayView<int> queue = SharedMemory.Allocate<int>(2 * BlockSize);
        ArrayView<float> inTile = SharedMemory.Allocate<float>(BlockSize * TileSplatFloats);

        int item = Gpu.Keep(Group.IdxX);
        int tileX = Grid.IdxX * TileColumns;
        int tileY = Grid.IdxY * TTile.Rows;
        var tile = new Int4(
            left + tileX, top + tileY, left + XMath.Min(tileX + TileColumns, width) - 1, top + XMath.Min(tileY + TTile.Rows, height) - 1);

        int quad = item / 32;
        int x = (quad & 1) * QuadColumns + (item & (QuadColumns - 1));
        int y0 = quad / 2 * (TTile.Rows / 2) + (item & 31) / QuadColumns;
        int y1 = y0 + 4;
        bool inside0 = tileX + x < width && tileY + y0 < height;
        bool inside1 = HasTwoPixels<TTile>() && tileX + x < width && tileY + y1 < height;
        long pixel0 = ((long)(tileY + y0) * width + tileX + x) * imagePitch + firstColour;
        long pixel1 = pixel0 + 4L * width * imagePitch;

        // Channels that do not exist are read too, and not used.
        int second = XMath.Min(1, colours - 1);
        int third = XMath.Min(2, colours - 1);
        float red0 = 0f;
        float green0 = 0f;
        float blue0 = 0f;
        float red1 = 0f;
        float green1 = 0f;
        float blue1 = 0f;
        if (accumulate != 0 && inside0)
        {
            red0 = image[pixel0];
            green0 = image[pixel0 + second];
            blue0 = image[pixel0 + third];
        }

        if (accumulate != 0 && inside1)
        {
            red1 = image[pixel1];
            green1 = image[pixel1 + second];
            blue1 = image[pixel1 + third];
        }

        // What the innermost loop needs of the pixels.
        float floatX = Gpu.Keep((float)x);
        float floatY0 = Gpu.Keep((float)y0);
        float floatY1 = Gpu.Keep((float)y1);
        int quadBit = Gpu.Keep(1 << quad);
        int bits0 = Gpu.Keep(1 << x | 1 << (TileColumns + y0));
        int bits1 = Gpu.Keep(1 << x | 1 << (TileColumns + y1));

        // All work-items go the same way; only the three votes differ. The levels are unrolled into one loop. Each of its steps adds a
        // block's splats to the queue, and draws a full queue's worth of them.
        if (item < VoteBuffers * VoteWords)
            words[item] = 0;
        Group.Barrier();
        int votes = 0;
        int broken = 0;
        int queued = 0;
        int groupBase = -BlockSize;
        int group = 0;
        Int4 groupMask = default;
        Int4 blockMask = default;
        int walking = 1;
        while (walking != 0)
        {
            if (CountVotes(blockMask) == 0)
            {
                if (CountVotes(groupMask) == 0)
                {
                    groupBase += BlockSize;
                    if (groupBase >= groupCount)
                    {
                        walking = 0;
                    }
                    else
                    {
                        var own = new Int4(int.MaxValue, 0, 0, 0);
                        if (groupBase + item < groupCount)
                            own = Gpu.Load4(ref groups[(groupBase + item) * RasterShape.BoundsSize]);
                        broken += CountVotes(Votes(own.X == ActivateKernels.NonFinite, item, words, votes));
                        votes = NextVotes(votes);
                        groupMask = Votes(Touches(own, tile), item, words, votes);
                        votes = NextVotes(votes);
                    }
                }
                else
                {
                    group = groupBase + FirstVote(groupMask);
                    groupMask = WithoutFirstVote(groupMask);
                    int block = group * BlockSize + item;
                    bool touched = false;
                    if (block < blockCount)
                        touched = Touches(Gpu.Load4(ref blocks[block * RasterShape.BoundsSize]), tile);
                    blockMask = Votes(touched, item, words, votes);
                    votes = NextVotes(votes);
                }
            }
            else
            {
                int splat = (group * BlockSize + FirstVote(blockMask)) * BlockSize + item;
                blockMask = WithoutFirstVote(blockMask);
                bool hit = false;
                if (splat < count)
                    hit = Touches(Gpu.Load4(ref bounds[splat * RasterShape.BoundsSize]), tile);
                Int4 hits = Votes(hit, item, words, votes);
                votes = NextVotes(votes);
                if (hit)
                    queue[queued + VotesBefore(hits, item)] = splat;
                queued += CountVotes(hits);
            }

            if (queued >= BlockSize || (walking == 0 && queued > 0))
            {
                int drawn = XMath.Min(queued, BlockSize);
                Group.Barrier();
                if (item < drawn)
                    Stage<TTile>(splats, bounds, queue[item], tile, firstColour, inTile, item * TileSplatFloats);
                int moved = 0;
                if (item < queued - drawn)
                    moved = queue[BlockSize + item];
                Group.Barrier();
                if (item < queued - drawn)
                    queue[item] = moved;
                queued -= drawn;

                for (int i = 0; i < drawn * TileSplatFloats; i += TileSplatFloats)
                {
                    ArrayView<float> splat = inTile.SubView(i, TileSplatFloats);
                    Float4 bits = Gpu.Load4(ref splat[12]);
                    if (((int)Interop.FloatAsInt(bits.X) & quadBit) == 0)
                        continue;
                    int spans = (int)Interop.FloatAsInt(bits.Y);
                    Float4 position = Gpu.Load4(ref splat[0]);
                    Float4 shape = Gpu.Load4(ref splat[4]);
                    Float4 colour = Gpu.Load4(ref splat[8]);
                    float n = Gpu.Subtract(floatX, position.X);
                    float exponent0 = Exponent(n, Gpu.Subtract(floatY0, position.Y), position, shape);

                    // What lies beyond the cutoff or the box gets the weight 2^-1000 = 0, without a branch.
                    exponent0 = exponent0 <= CutoffBits & (spans & bits0) == bits0 ? exponent0 : 1000f;
                    float weight0 = Gpu.NativeExp2(-exponent0);
                    red0 = Gpu.Fma(weight0, colour.X, red0);
                    green0 = Gpu.Fma(weight0, colour.Y, green0);
                    blue0 = Gpu.Fma(weight0, colour.Z, blue0);
                    if (HasTwoPixels<TTile>())
                    {
                        float exponent1 = Exponent(n, Gpu.Subtract(floatY1, position.Y), position, shape);
                        exponent1 = exponent1 <= CutoffBits & (spans & bits1) == bits1 ? exponent1 : 1000f;
                        float weight1 = Gpu.NativeExp2(-exponent1);
                        red1 = Gpu.Fma(weight1, colour.X, red1);
                        green1 = Gpu.Fma(weight1, colour.Y, green1);
                        blue1 = Gpu.Fma(weight1, colour.Z, blue1);
                    }
                }
            }
        }

        if (broken != 0)
        {
            red0 = green0 = blue0 = Interop.IntAsFloat(QuietNaN);
            red1 = green1 = blue1 = Interop.IntAsFloat(QuietNaN);
        }

        if (inside0)
        {
            image[pixel0] = red0;
            if (colours > 1)
                image[pixel0 + 1] = green0;
            if (colours > 2)
                image[pixel0 + 2] = blue0;
        }

        if (inside1)
        {
            image[pixel1] = red1;
            if (colours > 1)
                image[pixel1 + 1] = green1;
            if (colours > 2)
                image[pixel1 + 2] = blue1;
        }
    }

    private static bool HasTwoPixels<TTile>()
        where TTile : struct, IGatherTile => TTile.Rows == Tile16x16.RowCount;

    // The exponent of a pixel's weight, which is 2^-exponent.
    private static float Exponent(float n, float m, Float4 position, Float4 shape)
    {
        float a = Across(n, m, position, shape);
        float b = Gpu.Fma(m, shape.W, position.W);
        return Gpu.Fma(a, a, Gpu.Multiply(b, b));
    }

    /// <summary>
    /// A pixel's a, as in <see cref="ActivateKernels.Activate"/>. n - slope * m is rounded once, even if its digits all but cancel; what is
    /// added to it is small.
    /// </summary>
    public static float Across(float n, float m, Float4 position, Float4 shape) =>
        Gpu.Multiply(Gpu.Add(Gpu.Fma(-shape.X, m, n), Gpu.Fma(-shape.Y, m, position.Z)), shape.Z);

    // Takes a splat into the tile's shared memory.
    private static void Stage<TTile>(
        ArrayView<float> splats, ArrayView<int> bounds, int splat, Int4 tile, int firstColour, ArrayView<float> inTile, int destination)
        where TTile : struct, IGatherTile
    {
        int quadRows = TTile.Rows / 2;
        Int4 own = Gpu.Load4(ref bounds[splat * RasterShape.BoundsSize]);
        Float4 position = Gpu.Load4(ref splats[splat * RasterShape.SplatFloats]);
        Float4 shape = Gpu.Load4(ref splats[splat * RasterShape.SplatFloats + 4]);
        Float4 colour = Gpu.Load4(ref splats[splat * RasterShape.SplatFloats + 8]);
        if (firstColour > 0)
            colour = new Float4(colour.W, 0f, 0f, 0f);
        position.X = (int)Interop.FloatAsInt(position.X) - tile.X;
        position.Y = (int)Interop.FloatAsInt(position.Y) - tile.Y;
        int quads = TouchesQuad(position, shape, 0f, 0f, quadRows)
            | TouchesQuad(position, shape, QuadColumns, 0f, quadRows) << 1
            | TouchesQuad(position, shape, 0f, quadRows, quadRows) << 2
            | TouchesQuad(position, shape, QuadColumns, quadRows, quadRows) << 3;
        int spans = Span(own.X, own.Z, tile.X, TileColumns) | Span(own.Y, own.W, tile.Y, TTile.Rows) << TileColumns;
        Gpu.Store4(ref inTile[destination], position);
        Gpu.Store4(ref inTile[destination + 4], shape);
        Gpu.Store4(ref inTile[destination + 8], colour);
        Gpu.Store4(ref inTile[destination + 12], new Float4(Interop.IntAsFloat((uint)quads), Interop.IntAsFloat((uint)spans), 0f, 0f));
    }

    // Whether the ellipse can touch the quad whose first pixel is (x, y), as 1 or 0, by a lower bound of the exponent: the least
    // value of each of the two squares, with a margin for rounding. Linear functions have their extremes at the corners.
    private static int TouchesQuad(Float4 position, Float4 shape, float x, float y, int rows)
    {
        float n0 = x - position.X;
        float n1 = n0 + (QuadColumns - 1);
        float m0 = y - position.Y;
        float m1 = m0 + (rows - 1);
        float ridge0 = Gpu.Fma(-shape.X, m0, position.Z);
        float ridge1 = Gpu.Fma(-shape.X, m1, position.Z);
        float low = (n0 + XMath.Min(ridge0, ridge1)) * shape.Z;
        float high = (n1 + XMath.Max(ridge0, ridge1)) * shape.Z;
        float a = XMath.Max(XMath.Max(low, -high), 0f);
        float b = XMath.Max(XMath.Max(Gpu.Fma(m0, shape.W, position.W), -Gpu.Fma(m1, shape.W, position.W)), 0f);
        return Gpu.Fma(a, a, b * b) * 0.95f <= CutoffBits ? 1 : 0;
    }

    // The pixels of a tile's row or column that lie between two bounds, as bits.
    private static int Span(int first, int last, int origin, int size)
    {
        int low = XMath.Max(first - origin, 0);
        int high = XMath.Min(last - origin, size - 1);
        return low > high ? 0 : ((2 << high) - 1) & ~((1 << low) - 1);
    }

    private static bool Touches(Int4 bounds, Int4 tile) =>
        bounds.X <= tile.Z & bounds.Z >= tile.X & bounds.Y <= tile.W & bounds.W >= tile.Y;

    // A vote: one bit for each work-item, known to all of them. All must call it, and use the buffers of words in turn. One barrier is
    // enough: before it everybody has read the buffer that is cleared, and that buffer is used again only after the next barrier.
    private static Int4 Votes(bool yes, int item, ArrayView<int> words, int buffer)
    {
        if (yes)
            Atomic.Or(ref words[buffer + item / 32], 1 << (item & 31));
        Group.Barrier();
        if (item < VoteWords)
            words[(buffer == 0 ? (VoteBuffers - 1) * VoteWords : buffer - VoteWords) + item] = 0;
        return Gpu.Load4(ref words[buffer]);
    }

    private static int NextVotes(int buffer) => buffer == (VoteBuffers - 1) * VoteWords ? 0 : buffer + VoteWords;

    private static int CountVotes(Int4 mask) =>
        XMath.PopCount(mask.X) + XMath.PopCount(mask.Y) + XMath.PopCount(mask.Z) + XMath.PopCount(mask.W);

    // How many work-items before this one voted yes.
    private static int VotesBefore(Int4 mask, int item)
    {
        int word = item / 32;
        int below = ~(-1 << (item & 31));
        int rank = XMath.PopCount(word > 0 ? mask.X : mask.X & below);
        rank += XMath.PopCount(word < 1 ? 0 : word > 1 ? mask.Y : mask.Y & below);
        rank += XMath.PopCount(word < 2 ? 0 : word > 2 ? mask.Z : mask.Z & below);
        rank += XMath.PopCount(word < 3 ? 0 : mask.W & below);
        return rank;
    }

    // The first work-item that voted yes; there is one.
    private static int FirstVote(Int4 mask)
    {
        int start = mask.X != 0 ? 0 : mask.Y != 0 ? 32 : mask.Z != 0 ? 64 : 96;
        int word = mask.X != 0 ? mask.X : mask.Y != 0 ? mask.Y : mask.Z != 0 ? mask.Z : mask.W;
        return start + Gpu.FirstBit(word);
    }

    private static Int4 WithoutFirstVote(Int4 mask)
    {
        if (mask.X != 0)
            return new Int4(mask.X ^ (1 << Gpu.FirstBit(mask.X)), mask.Y, mask.Z, mask.W);
        if (mask.Y != 0)
            return new Int4(0, mask.Y ^ (1 << Gpu.FirstBit(mask.Y)), mask.Z, mask.W);
        if (mask.Z != 0)
            return new Int4(0, 0, mask.Z ^ (1 << Gpu.FirstBit(mask.Z)), mask.W);
        return new Int4(0, 0, 0, mask.W ^ (1 << Gpu.FirstBit(mask.W)));
    }
}
