using Gsasr.Kernels;
using ILGPU;
using ILGPU.Algorithms;

namespace Gsasr.Layers;

/// <summary>Feed-forward networks of float16 on Hopper: what is between reading and writing a pixel never leaves the chip.</summary>
internal static class Float16FeedForwardKernels
{
    // The vectors that a feed-forward network keeps in shared memory, because a group has nothing else to do while it waits for one.
    private const int Shift = 0;
    private const int FirstBias = 1;
    private const int FirstSums = 2;
    private const int SecondBias = 3;

    /// <summary>
    /// y += projection * added + projectionBias, if anything is added, then y += second * ReLU(first * norm(y + shift) + firstBias) + secondBias,
    /// with products of float16 and everything else in float32. A group takes 128 pixels. It multiplies them, not normalised, with slices of the
    /// first layer's weights; means and deviations, of which norm consists, enter with the sums. What it gets back goes into shared memory as the left
    /// operand of the second layer.
    /// </summary>
    /// <remarks>
    /// y: pixels of up to TTile.Columns channels, a multiple of 8, as are hidden, addedChannels (0 for nothing), offsets and pitches. first:
    /// [hidden][channels filled up to 64], and so on: the right operand's columns come first. firstSums: the sum of each of first's rows. y + shift is
    /// rounded to float16.
    /// </remarks>
    [Kernel(Warpgroups128x192.GroupSize, Specialization = typeof(Warpgroups128x192), GroupsPerProcessor = Warpgroups128x192.GroupsPerProcessor, Target = "sm_90a", DynamicSharedBytes = Float16RowsShape.FeedForwardBytes192)]
    public static void FeedForwardFloat16<TTile>(
        ArrayView<short> y,
        int yPitch,
        ArrayView<short> added,
        int addedPitch,
        int addedChannels,
        ArrayView<short> projection,
        ArrayView<float> projectionBias,
        ArrayView<float> shift,
        int hasShift,
        ArrayView<short> first,
        ArrayView<float> firstBias,
        ArrayView<float> firstSums,
        ArrayView<short> second,
        ArrayView<float> secondBias,
        int pixels,
        int channels,
        int countedChannels,
        int hidden,
        float epsilon)
        where TTile : struct, IFloat16Tile
    {
        ArrayView<int> shared = SharedMemory.GetDynamic<int>();
        int item = Group.IdxX;
        int address = TensorCores.AddressOf(ref shared[0]);
        int rows = Gpu.Keep(Float16Product.FirstSlice<TTile>(address));
        int start = Gpu.Keep(rows - address);
        int firstPixel = Gpu.Keep(Grid.IdxX * TTile.Rows);

        int weights = Gpu.Keep(rows + Float16Rows.RowsBytes<TTile>());
        int vectors = Gpu.Keep((weights - address + 2 * Float16Rows.WeightBytes<TTile>()) >> 2);
        int statistics = Gpu.Keep(vectors + Float16RowsShape.Vectors * TTile.Columns);
        ArrayView<float> floats = SharedMemory.GetDynamic<float>();
        var values = new float[Float16RowsShape.Vectors];
        values[Shift] = Float16Rows.ValueOf(shift, hasShift != 0 ? channels : 0, item);
        values[FirstBias] = Float16Rows.ValueOf(firstBias, hidden, item);
        values[FirstSums] = Float16Rows.ValueOf(firstSums, hidden, item);
        values[SecondBias] = Float16Rows.ValueOf(secondBias, channels, item);
        if (item < TTile.Columns)
        {
            for (int i = 0; i < Float16RowsShape.Vectors; i++)
                floats[vectors + i * TTile.Columns + item] = values[i];
        }

        int slices = Gpu.Keep((channels + Float16Tiles.Depth - 1) / Float16Tiles.Depth);
        int steps = Gpu.Keep(slices + (hidden + Float16Tiles.Depth - 1) / Float16Tiles.Depth);
        var sums = new Float4[TTile.Columns / 8];
        if (addedChannels > 0)
        {
            Project<TTile>(added, addedPitch, firstPixel, pixels, addedChannels, projection, projectionBias, channels, sums, rows, weights, item);
            Float16Rows.AddTo<TTile>(sums, y, yPitch, firstPixel, pixels, channels, floats, start >> 2, item);

            // The group reads these pixels again.
            Gpu.GlobalBarrier();
        }

        FetchWeights<TTile>(first, second, channels, hidden, slices, 0, steps, weights, item);
        Launches.AwaitEarlier();
        Launches.AllowNext();
        Float16Rows.Fetch<TTile>(y, yPitch, firstPixel, pixels, channels, slices, rows, item);
        TensorCores.EndCopyGroup();
        TensorCores.WaitForCopies(0);
        Group.Barrier();
        Float16Rows.Measure<TTile>(shared, start, start, floats, vectors + Shift * TTile.Columns, hasShift != 0, statistics, slices, countedChannels, epsilon, item);
        Float16Rows.BeginMeasuredSums<TTile>(
            sums, floats, floats.SubView((FirstSums - FirstBias) * TTile.Columns), vectors + FirstBias * TTile.Columns, vectors + FirstBias * TTile.Columns + hidden,
            floats, statistics, item);
        int slot = 0;
        for (int step = 0; step < slices; step++)
        {
            Float16Rows.AwaitSlice();
            int fetchSlot = Float16Rows.WeightBytes<TTile>() - slot;
            FetchWeights<TTile>(first, second, channels, hidden, slices, step + 1, steps, weights + fetchSlot, item);
            TensorCores.EndCopyGroup();
            Float16Product.Multiply<TTile>(rows + step * Float16Rows.SliceBytes<TTile>(), weights + slot, item, sums);
            slot = fetchSlot;
        }

        Float16Rows.Divide<TTile>(sums, floats, statistics, item);

        // The hidden channels take the place of the pixels, when all warps have multiplied those.
        Group.Barrier();
        Float16Rows.Store<TTile>(sums, hidden, shared, start, item);
        Float16Rows.BeginSums<TTile>(sums, floats, vectors + SecondBias * TTile.Columns, vectors + SecondBias * TTile.Columns + channels, item);
        for (int step = slices; step < steps; step++)
        {
            Float16Rows.AwaitSlice();
            int fetchSlot = Float16Rows.WeightBytes<TTile>() - slot;
            FetchWeights<TTile>(first, second, channels, hidden, slices, step + 1, steps, weights + fetchSlot, item);
            TensorCores.EndCopyGroup();
            Float16Product.Multiply<TTile>(rows + (step - slices) * Float16Rows.SliceBytes<TTile>(), weights + slot, item, sums);
            slot = fetchSlot;
        }

        Group.Barrier();
        Float16Rows.AddTo<TTile>(sums, y, yPitch, firstPixel, pixels, channels, floats, start >> 2, item);
    }

    /// <summary>
    /// y = weights * norm(x) + bias. A group takes 128 pixels and computes one tile of their output channels after the other, with means and deviations as in
    /// FeedForwardFloat16.
    /// </summary>
    /// <remarks>
    /// x: pixels of up to TTile.Columns channels. weights: [outputs][channels filled up to 64]. rowSums: the sum of each of its rows. Channels,
    /// outputs, offsets and pitches are multiples of 8. tiles: how many tiles of output channels a group computes.
    /// </remarks>
    [Kernel(Warpgroups128x64.GroupSize, Specialization = typeof(Warpgroups128x64), GroupsPerProcessor = Warpgroups128x64.GroupsPerProcessor, Target = "sm_90a", DynamicSharedBytes = Float16RowsShape.NormalizedBytes64)]
    [Kernel(Warpgroups128x192.GroupSize, Specialization = typeof(Warpgroups128x192), GroupsPerProcessor = Warpgroups128x192.GroupsPerProcessor, Target = "sm_90a", DynamicSharedBytes = Float16RowsShape.NormalizedBytes192)]
    public static void ConvolveNormalizedFloat16<TTile>(
        ArrayView<short> x,
        int xPitch,
        ArrayView<short> weights,
        ArrayView<float> bias,
        ArrayView<float> rowSums,
        ArrayView<short> y,
        int yPitch,
        int pixels,
        int channels,
        int countedChannels,
        int outputs,
        int tiles,
        float epsilon)
        where TTile : struct, IFloat16Tile
    {
        ArrayView<int> shared = SharedMemory.GetDynamic<int>();
        int item = Group.IdxX;
        int address = TensorCores.AddressOf(ref shared[0]);
        int rows = Gpu.Keep(Float16Product.FirstSlice<TTile>(address));
        int start = Gpu.Keep(rows - address);
        int parts = (outputs + TTile.Columns * tiles - 1) / (TTile.Columns * tiles);
        int rowTile = Grid.IdxX / parts;
        int firstPixel = Gpu.Keep(rowTile * TTile.Rows);
        int firstOutput = Gpu.Keep((Grid.IdxX - rowTile * parts) * TTile.Columns * tiles);
        int lastOutput = Gpu.Keep(XMath.Min(firstOutput + TTile.Columns * tiles, outputs));
        int ring = Gpu.Keep(rows + Float16Rows.RowsBytes<TTile>());
        int turns = Gpu.Keep(ring - address + 2 * Float16Rows.WeightBytes<TTile>());
        int statistics = Gpu.Keep((turns + Float16RowsShape.TurnBytes) >> 2);
        ArrayView<float> floats = SharedMemory.GetDynamic<float>();
        int slices = Gpu.Keep((channels + Float16Tiles.Depth - 1) / Float16Tiles.Depth);

        Float16Product.FetchColumns<TTile>(weights, slices, 0, firstOutput, outputs, ring, item);
        Launches.AwaitEarlier();
        Launches.AllowNext();
        Float16Rows.Fetch<TTile>(x, xPitch, firstPixel, pixels, channels, slices, rows, item);
        TensorCores.EndCopyGroup();
        TensorCores.WaitForCopies(0);
        Group.Barrier();
        Float16Rows.Measure<TTile>(shared, start, start, floats, 0, false, statistics, slices, countedChannels, epsilon, item);

        var sums = new Float4[TTile.Columns / 8];
        int slot = 0;
        int fetchedOutput = slices == 1 ? firstOutput + TTile.Columns : firstOutput;
        int fetchedSlice = slices == 1 ? 0 : 1;
        for (int output = firstOutput; output < lastOutput; output += TTile.Columns)
        {
            Float16Rows.BeginMeasuredSums<TTile>(sums, bias, rowSums, output, outputs, floats, statistics, item);
            for (int slice = 0; slice < slices; slice++)
            {
                Float16Rows.AwaitSlice();
                int fetchSlot = Float16Rows.WeightBytes<TTile>() - slot;
                if (fetchedOutput < lastOutput)
                {
                    Float16Product.FetchColumns<TTile>(
                        weights, slices, fetchedSlice, fetchedOutput, outputs, ring + fetchSlot, item);
                }

                TensorCores.EndCopyGroup();
                fetchedSlice++;
                if (fetchedSlice == slices)
                {
                    fetchedSlice = 0;
                    fetchedOutput += TTile.Columns;
                }

                Float16Product.Multiply<TTile>(rows + slice * Float16Rows.SliceBytes<TTile>(), ring + slot, item, sums);
                slot = fetchSlot;
            }

            Float16Rows.Divide<TTile>(sums, floats, statistics, item);
            Float16Rows.Write<TTile>(sums, y, yPitch, firstPixel, pixels, output, outputs, shared, turns, item);
        }
    }

    // Begins with a linear layer of other pixels. When it is done, the group's shared memory is free again.
    private static void Project<TTile>(
        ArrayView<short> x,
        int xPitch,
        int firstPixel,
        int pixels,
        int channels,
        ArrayView<short> weights,
        ArrayView<float> bias,
        int outputs,
        Float4[] sums,
        int rows,
        int ring,
        int item)
        where TTile : struct, IFloat16Tile
    {
        int slices = Gpu.Keep((channels + Float16Tiles.Depth - 1) / Float16Tiles.Depth);
        Float16Product.FetchColumns<TTile>(weights, slices, 0, 0, outputs, ring, item);
        Launches.AwaitEarlier();
        Launches.AllowNext();
        Float16Rows.Fetch<TTile>(x, xPitch, firstPixel, pixels, channels, slices, rows, item);
        TensorCores.EndCopyGroup();
        Float16Rows.BeginSums<TTile>(sums, bias, 0, outputs, item);
        int slot = 0;
        for (int slice = 0; slice < slices; slice++)
        {
            Float16Rows.AwaitSlice();
            int fetchSlot = Float16Rows.WeightBytes<TTile>() - slot;
            if (slice + 1 < slices)
                Float16Product.FetchColumns<TTile>(weights, slices, slice + 1, 0, outputs, ring + fetchSlot, item);
            TensorCores.EndCopyGroup();
            Float16Product.Multiply<TTile>(rows + slice * Float16Rows.SliceBytes<TTile>(), ring + slot, item, sums);
            slot = fetchSlot;
        }

        Group.Barrier();
    }

    // Starts to copy the weights of a step: first the slices of the first layer, then those of the second.
    private static void FetchWeights<TTile>(
        ArrayView<short> first, ArrayView<short> second, int channels, int hidden, int slices, int step, int steps, int slot, int item)
        where TTile : struct, IFloat16Tile
    {
        if (step < slices)
            Float16Product.FetchColumns<TTile>(first, slices, step, 0, hidden, slot, item);
        else if (step < steps)
            Float16Product.FetchColumns<TTile>(second, steps - slices, step - slices, 0, channels, slot, item);
    }
}
