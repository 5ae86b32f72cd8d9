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
    /// y: pixels of up to TTile.Columns channels, a multiple of 8, as are hidden, addedChannels (0 for nothing), offsets and pitches. first, second
    /// and projection: as Float16ConvolutionGpu packs them. firstSums: the sum of each of first's rows. y + shift is
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

        int firstWeight = Gpu.Keep(rows + Float16Rows.RowsBytes<TTile>());
        int barriers = Gpu.Keep(firstWeight + Float16RowsShape.Stages * Float16Rows.WeightBytes<TTile>());
        WeightRing ring = WeightRing.At(firstWeight, barriers);
        int vectors = Gpu.Keep((barriers - address + Float16Tiles.RingBytes) >> 2);
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

        // Weights are numbered through: the slices of the projection, of the first layer and of the second.
        int slices = Gpu.Keep((channels + Float16Tiles.Depth - 1) / Float16Tiles.Depth);
        int firstNumber = Gpu.Keep((addedChannels + Float16Tiles.Depth - 1) / Float16Tiles.Depth);
        int secondNumber = Gpu.Keep(firstNumber + slices);
        int end = Gpu.Keep(secondNumber + (hidden + Float16Tiles.Depth - 1) / Float16Tiles.Depth);
        var weights = new FeedForwardSlices
        {
            Projection = projection,
            First = first,
            Second = second,
            Channels = channels,
            Hidden = hidden,
            FirstNumber = firstNumber,
            SecondNumber = secondNumber,
            End = end,
        };
        if (item == 0)
        {
            WeightRing.Begin(ring, Float16RowsShape.Stages);
            for (int next = 0; next < Float16RowsShape.Stages; next++)
                FeedForwardSlices.Fetch<TTile>(weights, next, ring, next);
        }

        Launches.AwaitEarlier();
        Launches.AllowNext();
        var sums = new Float4[TTile.Columns / 8];
        int number = 0;
        if (addedChannels > 0)
        {
            Float16Rows.Fetch<TTile>(added, addedPitch, firstPixel, pixels, addedChannels, firstNumber, rows, item);
            TensorCores.EndCopyGroup();
            Float16Rows.BeginSums<TTile>(sums, projectionBias, 0, channels, item);
            Float16Rows.AwaitRows();
            for (; number < firstNumber; number++)
            {
                Float16Product.Multiply<TTile>(rows + number * Float16Rows.SliceBytes<TTile>(), WeightRing.Await<TTile>(ring), item, sums);
                FeedForwardSlices.FetchNext<TTile>(weights, number, ring, item);
                ring = WeightRing.Next(ring, Float16RowsShape.Stages);
            }

            Group.Barrier();
            Float16Rows.AddTo<TTile>(sums, y, yPitch, firstPixel, pixels, channels, floats, start >> 2, item);

            // The group reads these pixels again.
            Gpu.GlobalBarrier();
        }

        Float16Rows.Fetch<TTile>(y, yPitch, firstPixel, pixels, channels, slices, rows, item);
        TensorCores.EndCopyGroup();
        TensorCores.WaitForCopies(0);
        Group.Barrier();
        Float16Rows.Measure<TTile>(shared, start, start, floats, vectors + Shift * TTile.Columns, hasShift != 0, statistics, slices, countedChannels, epsilon, item);
        Float16Rows.BeginMeasuredSums<TTile>(
            sums, floats, floats.SubView((FirstSums - FirstBias) * TTile.Columns), vectors + FirstBias * TTile.Columns, vectors + FirstBias * TTile.Columns + hidden,
            floats, statistics, item);
        Float16Rows.AwaitRows();
        for (; number < secondNumber; number++)
        {
            Float16Product.Multiply<TTile>(rows + (number - firstNumber) * Float16Rows.SliceBytes<TTile>(), WeightRing.Await<TTile>(ring), item, sums);
            FeedForwardSlices.FetchNext<TTile>(weights, number, ring, item);
            ring = WeightRing.Next(ring, Float16RowsShape.Stages);
        }

        Float16Rows.Divide<TTile>(sums, floats, statistics, item);

        // The hidden channels take the place of the pixels, when all warps have multiplied those.
        Group.Barrier();
        Float16Rows.Store<TTile>(sums, hidden, shared, start, item);
        Float16Rows.BeginSums<TTile>(sums, floats, vectors + SecondBias * TTile.Columns, vectors + SecondBias * TTile.Columns + channels, item);
        Float16Rows.AwaitRows();
        for (; number < end; number++)
        {
            Float16Product.Multiply<TTile>(rows + (number - secondNumber) * Float16Rows.SliceBytes<TTile>(), WeightRing.Await<TTile>(ring), item, sums);
            FeedForwardSlices.FetchNext<TTile>(weights, number, ring, item);
            ring = WeightRing.Next(ring, Float16RowsShape.Stages);
        }

        Group.Barrier();
        Float16Rows.AddTo<TTile>(sums, y, yPitch, firstPixel, pixels, channels, floats, start >> 2, item);
    }

    /// <summary>
    /// y = weights * norm(x) + bias. A group takes 128 pixels and computes one tile of their output channels after the other, with means and deviations as in
    /// FeedForwardFloat16.
    /// </summary>
    /// <remarks>
    /// x: pixels of up to TTile.Columns channels. weights: as Float16ConvolutionGpu packs them. rowSums: the sum of each output's. Channels,
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
        int firstWeight = Gpu.Keep(rows + Float16Rows.RowsBytes<TTile>());
        int barriers = Gpu.Keep(firstWeight + Float16RowsShape.Stages * Float16Rows.WeightBytes<TTile>());
        WeightRing ring = WeightRing.At(firstWeight, barriers);
        int turns = Gpu.Keep(barriers - address + Float16Tiles.RingBytes);
        int statistics = Gpu.Keep((turns + Float16RowsShape.TurnBytes) >> 2);
        ArrayView<float> floats = SharedMemory.GetDynamic<float>();
        int slices = Gpu.Keep((channels + Float16Tiles.Depth - 1) / Float16Tiles.Depth);

        // The weights that are fetched next: of an output all slices, then those of the next one.
        SliceCursor fetched = SliceCursor.At(firstOutput);
        if (item == 0)
            WeightRing.Begin(ring, Float16RowsShape.Stages);
        for (int stage = 0; stage < Float16RowsShape.Stages; stage++)
        {
            if (item == 0 & fetched.Tile < lastOutput)
                WeightRing.Fetch<TTile>(ring, stage, weights, slices, fetched.Slice, fetched.Tile, outputs);
            fetched = SliceCursor.Next(fetched, slices, TTile.Columns);
        }

        Launches.AwaitEarlier();
        Launches.AllowNext();
        Float16Rows.Fetch<TTile>(x, xPitch, firstPixel, pixels, channels, slices, rows, item);
        TensorCores.EndCopyGroup();
        TensorCores.WaitForCopies(0);
        Group.Barrier();
        Float16Rows.Measure<TTile>(shared, start, start, floats, 0, false, statistics, slices, countedChannels, epsilon, item);
        Float16Rows.AwaitRows();

        var sums = new Float4[TTile.Columns / 8];
        for (int output = firstOutput; output < lastOutput; output += TTile.Columns)
        {
            Float16Rows.BeginMeasuredSums<TTile>(sums, bias, rowSums, output, outputs, floats, statistics, item);
            for (int slice = 0; slice < slices; slice++)
            {
                Float16Product.Multiply<TTile>(rows + slice * Float16Rows.SliceBytes<TTile>(), WeightRing.Await<TTile>(ring), item, sums);
                if (fetched.Tile < lastOutput)
                {
                    if (WeightRing.MayFill(ring, TTile.RowWarps, item))
                        WeightRing.Fetch<TTile>(ring, ring.Stage, weights, slices, fetched.Slice, fetched.Tile, outputs);
                    fetched = SliceCursor.Next(fetched, slices, TTile.Columns);
                }

                ring = WeightRing.Next(ring, Float16RowsShape.Stages);
            }

            Float16Rows.Divide<TTile>(sums, floats, statistics, item);
            Float16Rows.Write<TTile>(sums, y, yPitch, firstPixel, pixels, output, outputs, shared, turns, item);
        }
    }
}
