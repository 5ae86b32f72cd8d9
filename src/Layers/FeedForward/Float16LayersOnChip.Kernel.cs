using Gsasr.Kernels;
using ILGPU;
using Tile = Gsasr.Layers.Warpgroups64x64;

namespace Gsasr.Layers;

/// <summary>
/// What a layer of the decoder does with each pixel by itself, on Hopper, for up to 64 channels: all weights fit into shared memory beside the pixels. They are all
/// fetched at the beginning, and pixels stay where they are from the first layer to the last, so a group waits for memory once.
/// </summary>
/// <remarks>
/// Shared memory: the operand of a product, slices of weights, the pixels, room to turn results around, statistics, and biases. All of a group's items
/// are one warpgroup, and a warp's rows are its own but for the products.
/// </remarks>
internal static class Float16LayersOnChip
{
    // The numbers of slices of weights, and where biases lie, in vectors of 64 floats.
    private const int Projection = 0;
    private const int First = 1;
    private const int Second = 2;
    private const int NextFirst = 3;
    private const int NextSecond = 4;
    private const int Linear = 5;
    private const int ProjectionBias = 0;
    private const int Shift = 1;
    private const int FirstBias = 2;
    private const int FirstSums = 3;
    private const int SecondBias = 4;

    // The next network's vectors come 4 after the first one's, the shift after SecondBias.
    private const int NextNetwork = 4;

    private const int LinearBias = Float16LayersOnChipShape.NetworkVectors;
    private const int LinearSums = LinearBias + Float16LayersOnChipShape.LinearTiles;

    /// <summary>
    /// In this order, and each only if it is wanted but for the first network: y += projection * added + projectionBias;
    /// y += second * ReLU(first * norm(y + shift) + firstBias) + secondBias; the same with the next network's weights; z = linear * norm(y) + linearBias. Products
    /// are of float16 and everything else float32. A group takes 64 pixels; means and deviations enter with the sums, as in FeedForwardFloat16.
    /// </summary>
    /// <remarks>
    /// channels, addedChannels, hidden and nextHidden (0 for nothing) are at most 64, outputs at most three times that; all are multiples of 8, as are offsets and
    /// pitches. Weights are packed by Float16ConvolutionGpu. firstSums: the sum of each of first's rows.
    /// </remarks>
    [Kernel(Tile.GroupSize, GroupsPerProcessor = 2, Target = "sm_90a", DynamicSharedBytes = Float16LayersOnChipShape.SharedBytes)]
    public static void RunLayersFloat16(
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
        int hidden,
        int hasNext,
        ArrayView<float> nextShift,
        int hasNextShift,
        ArrayView<short> nextFirst,
        ArrayView<float> nextFirstBias,
        ArrayView<float> nextFirstSums,
        ArrayView<short> nextSecond,
        ArrayView<float> nextSecondBias,
        int nextHidden,
        ArrayView<short> linear,
        ArrayView<float> linearBias,
        ArrayView<float> linearSums,
        ArrayView<short> z,
        int zPitch,
        int outputs,
        int pixels,
        int channels,
        int countedChannels,
        float epsilon)
    {
        int item = Group.IdxX;
        int firstPixel = Gpu.Keep(Grid.IdxX * Tile.RowCount);
        ArrayView<int> shared = SharedMemory.GetDynamic<int>();
        ArrayView<float> floats = SharedMemory.GetDynamic<float>();
        int address = TensorCores.AddressOf(ref shared[0]);
        int operand = Gpu.Keep(Float16Product.FirstSlice<Tile>(address));
        int weights = Gpu.Keep(operand + Float16Rows.SliceBytes<Tile>());
        int kept = Gpu.Keep(weights + Float16LayersOnChipShape.WeightSlices * Float16Rows.WeightBytes<Tile>());
        int barriers = Gpu.Keep(kept + Float16Rows.SliceBytes<Tile>());
        int turns = Gpu.Keep(barriers - address + Float16Tiles.RingBytes);
        int statistics = Gpu.Keep((turns + Float16LayersOnChipShape.TurnBytes) >> 2);
        int vectors = Gpu.Keep(statistics + Tile.RowCount * Float16RowsShape.StatisticsOfRow);

        WeightRing ring = WeightRing.At(weights, barriers);
        if (item == 0)
        {
            WeightRing.Begin(ring, Float16LayersOnChipShape.WeightSlices);
            if (addedChannels > 0)
                WeightRing.Fetch<Tile>(ring, Projection, projection, 1, 0, 0, channels);
            WeightRing.Fetch<Tile>(ring, First, first, 1, 0, 0, hidden);
            WeightRing.Fetch<Tile>(ring, Second, second, 1, 0, 0, channels);
            if (hasNext != 0)
            {
                WeightRing.Fetch<Tile>(ring, NextFirst, nextFirst, 1, 0, 0, nextHidden);
                WeightRing.Fetch<Tile>(ring, NextSecond, nextSecond, 1, 0, 0, channels);
            }

            for (int tile = 0; tile * Tile.ColumnCount < outputs; tile++)
                WeightRing.Fetch<Tile>(ring, Linear + tile, linear, 1, 0, tile * Tile.ColumnCount, outputs);
        }

        Launches.AwaitEarlier();
        Launches.AllowNext();
        Float16Rows.Fetch<Tile>(y, yPitch, firstPixel, pixels, channels, 1, kept, item);
        if (addedChannels > 0)
            Float16Rows.Fetch<Tile>(added, addedPitch, firstPixel, pixels, addedChannels, 1, operand, item);
        TensorCores.EndCopyGroup();

        // All are on their way before the first is stored.
        var values = new float[LinearBias];
        values[ProjectionBias] = Float16Rows.ValueOf(projectionBias, addedChannels > 0 ? channels : 0, item);
        values[Shift] = Float16Rows.ValueOf(shift, hasShift != 0 ? channels : 0, item);
        values[FirstBias] = Float16Rows.ValueOf(firstBias, hidden, item);
        values[FirstSums] = Float16Rows.ValueOf(firstSums, hidden, item);
        values[SecondBias] = Float16Rows.ValueOf(secondBias, channels, item);
        values[NextNetwork + Shift] = Float16Rows.ValueOf(nextShift, hasNextShift != 0 ? channels : 0, item);
        values[NextNetwork + FirstBias] = Float16Rows.ValueOf(nextFirstBias, nextHidden, item);
        values[NextNetwork + FirstSums] = Float16Rows.ValueOf(nextFirstSums, nextHidden, item);
        values[NextNetwork + SecondBias] = Float16Rows.ValueOf(nextSecondBias, channels, item);
        for (int i = item; i < outputs; i += Tile.GroupSize)
        {
            float bias = linearBias[i];
            float sum = linearSums[i];
            floats[vectors + LinearBias * Tile.ColumnCount + i] = bias;
            floats[vectors + LinearSums * Tile.ColumnCount + i] = sum;
        }

        if (item < Tile.ColumnCount)
        {
            for (int i = 0; i < LinearBias; i++)
                floats[vectors + i * Tile.ColumnCount + item] = values[i];
        }

        Float16Rows.AwaitRows();

        var sums = new Float4[Tile.ColumnCount / 8];
        if (addedChannels > 0)
        {
            Float16Rows.BeginSums<Tile>(sums, floats, vectors + ProjectionBias * Tile.ColumnCount, vectors + ProjectionBias * Tile.ColumnCount + channels, item);
            Multiply(operand, ring, Projection, sums, item);
            AddTo(sums, channels, shared, kept - address, item);
            Group.Barrier();
        }

        AddNetwork(
            shared, floats, address, operand, kept, statistics, vectors, hasShift, ring, First, channels, countedChannels, hidden, epsilon, sums, item);
        if (hasNext != 0)
        {
            Group.Barrier();
            AddNetwork(
                shared, floats, address, operand, kept, statistics, vectors + NextNetwork * Tile.ColumnCount, hasNextShift, ring, NextFirst, channels,
                countedChannels, nextHidden, epsilon, sums, item);
        }

        WriteKept(shared, kept - address, y, yPitch, firstPixel, pixels, channels, item);
        if (outputs > 0)
        {
            Group.Barrier();
            Float16Rows.Measure<Tile>(shared, kept - address, kept - address, floats, 0, false, statistics, 1, countedChannels, epsilon, item);
            Warpgroup.ShowSharedMemory();
            Group.Barrier();
            for (int tile = 0; tile * Tile.ColumnCount < outputs; tile++)
            {
                Float16Rows.BeginMeasuredSums<Tile>(
                    sums, floats, floats.SubView((LinearSums - LinearBias) * Tile.ColumnCount), vectors + (LinearBias + tile) * Tile.ColumnCount,
                    vectors + LinearBias * Tile.ColumnCount + outputs, floats, statistics, item);
                Multiply(kept, ring, Linear + tile, sums, item);
                Float16Rows.Divide<Tile>(sums, floats, statistics, item);
                Float16Rows.Write<Tile>(sums, z, zPitch, firstPixel, pixels, tile * Tile.ColumnCount, outputs, shared, turns, item);
            }
        }
    }

    // The ring has a stage for each slice of weights, so none is used twice.
    private static void Multiply(int rows, WeightRing ring, int stage, Float4[] sums, int item)
    {
        ring.Stage = stage;
        Float16Product.Multiply<Tile>(rows, WeightRing.Await<Tile>(ring), item, sums);
    }

    // pixels += second * ReLU(first * norm(pixels + shift) + firstBias) + secondBias.
    private static void AddNetwork(
        ArrayView<int> shared,
        ArrayView<float> floats,
        int address,
        int operand,
        int kept,
        int statistics,
        int vectors,
        int hasShift,
        WeightRing ring,
        int first,
        int channels,
        int countedChannels,
        int hidden,
        float epsilon,
        Float4[] sums,
        int item)
    {
        int rows = hasShift != 0 ? operand : kept;
        Float16Rows.Measure<Tile>(
            shared, kept - address, rows - address, floats, vectors + Shift * Tile.ColumnCount, hasShift != 0, statistics, 1, countedChannels, epsilon, item);
        Warpgroup.ShowSharedMemory();
        Group.Barrier();
        Float16Rows.BeginMeasuredSums<Tile>(
            sums, floats, floats.SubView((FirstSums - FirstBias) * Tile.ColumnCount), vectors + FirstBias * Tile.ColumnCount, vectors + FirstBias * Tile.ColumnCount + hidden, floats,
            statistics, item);
        Multiply(rows, ring, first, sums, item);
        Float16Rows.Divide<Tile>(sums, floats, statistics, item);
        Group.Barrier();
        Float16Rows.Store<Tile>(sums, hidden, shared, operand - address, item);
        Warpgroup.ShowSharedMemory();
        Group.Barrier();
        Float16Rows.BeginSums<Tile>(sums, floats, vectors + SecondBias * Tile.ColumnCount, vectors + SecondBias * Tile.ColumnCount + channels, item);
        Multiply(operand, ring, first + 1, sums, item);
        AddTo(sums, channels, shared, kept - address, item);
    }

    // pixels += sums, rounded, in shared memory.
    private static void AddTo(Float4[] sums, int channels, ArrayView<int> shared, int start, int item)
    {
        int lane = item & 31;
        int row = Gpu.Keep(item / 32 * 16 + lane / 4);
        for (int j = 0; j < Tile.ColumnCount / 8; j++)
        {
            if (j * 8 < channels)
            {
                int place = Float16Rows.PlaceOf<Tile>(start, row, j) + (lane & 3);
                int lower = place + 8 * Float16Tiles.RowBytes / 4;
                Float2 upperBefore = TensorCores.UnpackFloat16(shared[place]);
                Float2 lowerBefore = TensorCores.UnpackFloat16(shared[lower]);
                shared[place] = TensorCores.PackFloat16(upperBefore.X + sums[j].X, upperBefore.Y + sums[j].Y);
                shared[lower] = TensorCores.PackFloat16(lowerBefore.X + sums[j].Z, lowerBefore.Y + sums[j].W);
            }
        }

        Warp.Barrier();
    }

    // The pixels to global memory, 16 bytes at a time.
    private static void WriteKept(ArrayView<int> shared, int start, ArrayView<short> y, int yPitch, int firstPixel, int pixels, int channels, int item)
    {
        int lane = item & 31;
        int chunk = lane & 7;
        for (int n = 0; n < 4; n++)
        {
            int row = item / 32 * 16 + n * 4 + lane / 8;
            if (firstPixel + row < pixels & chunk * 8 < channels)
                TensorCores.Store8(ref y[(firstPixel + row) * yPitch + chunk * 8], Gpu.Load4(ref shared[Float16Rows.PlaceOf<Tile>(start, row, chunk)]));
        }
    }
}
