using Gsasr.Kernels;
using ILGPU;
using ILGPU.Algorithms;

namespace Gsasr.Layers;

/// <summary>All three layers of the Gaussian heads on Hopper. The first two are products of float16; the third is float32.</summary>
internal static class Float16HeadsRowsKernels
{
    /// <summary>
    /// A group takes 128 cells and one head. The first layer's results take the place of the cells in shared memory. For each tile of the 4C
    /// inner values an item multiplies its sums, two columns of two rows of each block, with the third layer's weights. At the end the four
    /// items that share a row add theirs up.
    /// </summary>
    /// <remarks>
    /// x: [cells, C] of float16, C a multiple of 8 and at most TTile.Columns. first and second: the heads' weights, each filled up to blocks of
    /// columns (PackedColumns). third: [5][3][4C] and thirdBias: [5][3], zero where a head has fewer outputs. range: set to 1 if a
    /// result is infinite or NaN, as it is when any value before was outside float16's range. The others are as in FinishHeads.
    /// </remarks>
    [Kernel(Warpgroups128x64.GroupSize, Specialization = typeof(Warpgroups128x64), GroupsPerProcessor = Warpgroups128x64.GroupsPerProcessor, Target = "sm_90a", DynamicSharedBytes = Float16HeadsShape.RowsBytes64)]
    [Kernel(Warpgroups128x192.GroupSize, Specialization = typeof(Warpgroups128x192), GroupsPerProcessor = Warpgroups128x192.GroupsPerProcessor, Target = "sm_90a", DynamicSharedBytes = Float16HeadsShape.RowsBytes192)]
    public static void MakeGaussiansFloat16<TTile>(
        ArrayView<short> x,
        int xPitch,
        ArrayView<short> first,
        ArrayView<float> firstBias,
        ArrayView<short> second,
        ArrayView<float> secondBias,
        ArrayView<float> third,
        ArrayView<float> thirdBias,
        ArrayView<float> y,
        int yPitch,
        int channels,
        int cells,
        int width,
        int gridHeight,
        int gridWidth,
        ArrayView<float> rowCentres,
        ArrayView<float> columnCentres,
        ArrayView<int> range)
        where TTile : struct, IFloat16Tile
    {
        ArrayView<int> shared = SharedMemory.GetDynamic<int>();
        ArrayView<float> constants = SharedMemory.GetDynamic<float>();
        int item = Group.IdxX;
        int lane = item & 31;
        int address = TensorCores.AddressOf(ref shared[0]);
        int rows = Gpu.Keep(Float16Product.FirstSlice<TTile>(address));
        int start = Gpu.Keep(rows - address);
        int tile = Grid.IdxX / HeadsShape.Heads;
        int head = Gpu.Keep(Grid.IdxX - tile * HeadsShape.Heads);
        int firstCell = Gpu.Keep(tile * TTile.Rows);
        int inner = Gpu.Keep(4 * channels);
        int tiles = (inner + TTile.Columns - 1) / TTile.Columns;
        int slices = Gpu.Keep((channels + Float16Tiles.Depth - 1) / Float16Tiles.Depth);
        int firstWeight = Gpu.Keep(rows + Float16Rows.RowsBytes<TTile>());
        int barriers = Gpu.Keep(firstWeight + Float16RowsShape.Stages * Float16Rows.WeightBytes<TTile>());
        WeightRing ring = WeightRing.At(firstWeight, barriers);
        int firstConstant = Gpu.Keep((barriers - address + Float16Tiles.RingBytes) >> 2);

        // The weights that are fetched next: of the first layer all slices, then those of each tile of the second layer's inner values.
        SliceCursor fetched = SliceCursor.At(tile: 0);
        if (item == 0)
            WeightRing.Begin(ring, Float16RowsShape.Stages);
        for (int stage = 0; stage < Float16RowsShape.Stages; stage++)
        {
            if (item == 0)
                FetchWeights<TTile>(ring, stage, first, second, channels, head, slices, fetched.Tile, fetched.Slice);
            fetched = SliceCursor.Next(fetched, slices, step: 1);
        }

        // Of each inner value its bias and its weights of the third layer. After the last one come those that only fill up the last tile.
        for (int i = item; i < tiles * TTile.Columns; i += Float16Product.GroupSize<TTile>())
        {
            Float4 constant = default;
            if (i < inner)
            {
                int weight = head * HeadsShape.MaximumOutputs * inner + i;
                constant = new Float4(secondBias[head * inner + i], third[weight], third[weight + inner], third[weight + 2 * inner]);
            }

            Gpu.Store4(ref constants[firstConstant + 4 * i], constant);
        }

        Launches.AwaitEarlier();
        Launches.AllowNext();
        Float16Rows.Fetch<TTile>(x, xPitch, firstCell, cells, channels, slices, rows, item);
        TensorCores.EndCopyGroup();

        var sums = new Float4[TTile.Columns / 8];
        Float16Rows.BeginSums<TTile>(sums, firstBias, head * channels, (head + 1) * channels, item);
        Float16Rows.AwaitRows();
        for (int slice = 0; slice < slices; slice++)
        {
            Float16Product.Multiply<TTile>(rows + slice * Float16Rows.SliceBytes<TTile>(), WeightRing.Await<TTile>(ring), item, sums);
            if (fetched.Tile <= tiles && WeightRing.MayFill(ring, TTile.RowWarps, item))
                FetchWeights<TTile>(ring, ring.Stage, first, second, channels, head, slices, fetched.Tile, fetched.Slice);
            fetched = SliceCursor.Next(fetched, slices, step: 1);

            ring = WeightRing.Next(ring, Float16RowsShape.Stages);
        }

        Group.Barrier();
        Float16Rows.Store<TTile>(sums, channels, shared, start, item);
        Float16Rows.AwaitRows();

        var partial = new float[2 * HeadsShape.MaximumOutputs];
        for (int i = 0; i < 2 * HeadsShape.MaximumOutputs; i++)
            partial[i] = 0f;
        int constantOfItem = Gpu.Keep(firstConstant + (lane & 3) * 8);
        for (int t = 0; t < tiles; t++)
        {
            int tileConstant = Gpu.Keep(constantOfItem + t * TTile.Columns * 4);
            for (int j = 0; j < TTile.Columns / 8; j++)
            {
                float even = constants[tileConstant + j * 32];
                float odd = constants[tileConstant + j * 32 + 4];
                sums[j] = new Float4(even, odd, even, odd);
            }

            for (int slice = 0; slice < slices; slice++)
            {
                Float16Product.Multiply<TTile>(rows + slice * Float16Rows.SliceBytes<TTile>(), WeightRing.Await<TTile>(ring), item, sums);
                if (fetched.Tile <= tiles)
                {
                    if (WeightRing.MayFill(ring, TTile.RowWarps, item))
                        FetchWeights<TTile>(ring, ring.Stage, first, second, channels, head, slices, fetched.Tile, fetched.Slice);
                    fetched = SliceCursor.Next(fetched, slices, step: 1);
                }

                ring = WeightRing.Next(ring, Float16RowsShape.Stages);
            }

            for (int j = 0; j < TTile.Columns / 8; j++)
            {
                Float4 even = Gpu.Load4(ref constants[tileConstant + j * 32]);
                Float4 odd = Gpu.Load4(ref constants[tileConstant + j * 32 + 4]);
                Float4 value = Functions.Rectified(sums[j]);
                partial[0] = Gpu.Fma(value.Y, odd.Y, Gpu.Fma(value.X, even.Y, partial[0]));
                partial[1] = Gpu.Fma(value.Y, odd.Z, Gpu.Fma(value.X, even.Z, partial[1]));
                partial[2] = Gpu.Fma(value.Y, odd.W, Gpu.Fma(value.X, even.W, partial[2]));
                partial[3] = Gpu.Fma(value.W, odd.Y, Gpu.Fma(value.Z, even.Y, partial[3]));
                partial[4] = Gpu.Fma(value.W, odd.Z, Gpu.Fma(value.Z, even.Z, partial[4]));
                partial[5] = Gpu.Fma(value.W, odd.W, Gpu.Fma(value.Z, even.W, partial[5]));
            }
        }

        for (int i = 0; i < 2 * HeadsShape.MaximumOutputs; i++)
        {
            partial[i] += TensorCores.Exchange(partial[i], 1);
            partial[i] += TensorCores.Exchange(partial[i], 2);
        }

        // Each of the four items stores one output of both rows.
        int output = lane & 3;
        if (output >= HeadsShape.OutputsOf(head))
            return;
        float bias = thirdBias[head * HeadsShape.MaximumOutputs + output];
        float upper = bias + (output == 0 ? partial[0] : output == 1 ? partial[1] : partial[2]);
        float lower = bias + (output == 0 ? partial[3] : output == 1 ? partial[4] : partial[5]);
        int cell = firstCell + item / 32 * 16 + lane / 4;
        if (cell < cells)
            Store(upper, cell, head, output, y, yPitch, width, gridHeight, gridWidth, rowCentres, columnCentres, range);
        if (cell + 8 < cells)
            Store(lower, cell + 8, head, output, y, yPitch, width, gridHeight, gridWidth, rowCentres, columnCentres, range);
    }

    // Starts to copy a slice of the weights of the first layer, tile 0, or of a tile of the second. Of each head they begin with a block of columns.
    private static void FetchWeights<TTile>(
        WeightRing ring, int stage, ArrayView<short> first, ArrayView<short> second, int channels, int head, int slices, int tile, int slice)
        where TTile : struct, IFloat16Tile
    {
        int filledChannels = slices * Float16Tiles.Depth;
        int filledInner = (4 * channels + Float16Tiles.BlockColumns - 1) & ~(Float16Tiles.BlockColumns - 1);
        if (tile == 0)
            WeightRing.Fetch<TTile>(ring, stage, first, slices, slice, head * filledChannels, HeadsShape.Heads * filledChannels);
        else
            WeightRing.Fetch<TTile>(ring, stage, second, slices, slice, head * filledInner + (tile - 1) * TTile.Columns, HeadsShape.Heads * filledInner);
    }

    private static void Store(
        float value,
        int cell,
        int head,
        int output,
        ArrayView<float> y,
        int yPitch,
        int width,
        int gridHeight,
        int gridWidth,
        ArrayView<float> rowCentres,
        ArrayView<float> columnCentres,
        ArrayView<int> range)
    {
        if (!(XMath.Abs(value) < float.PositiveInfinity))
            range[0] = 1;
        HeadOutputs.Store(y, yPitch, cell, head, output, value, width, gridHeight, gridWidth, rowCentres, columnCentres);
    }
}
