using Gsasr.Kernels;
using ILGPU;
using ILGPU.Algorithms;

namespace Gsasr.Layers;

/// <summary>
/// The second and third layers of the Gaussian heads. The second runs on tensor cores. Its 4C values and the third layer are float32, and
/// the values never leave the registers.
/// </summary>
internal static class Float16HeadsKernels
{
    /// <summary>
    /// A group takes a tile of cells, which stay in shared memory, and one head, and goes through the tiles of the head's inner values. For
    /// each tile an item multiplies its sums, two columns of two rows of each block, with the third layer's weights and adds them to sums
    /// of its own. At the end the sums of the four items that share a row are added up, and then those of the warps.
    /// </summary>
    /// <remarks>
    /// hidden: [cells, 5C] of float16, the first layer's result. second: the five heads' weights, each filled up to blocks of columns (PackedColumns).
    /// third: [5][3][4C] and thirdBias: [5][3], without values where a head has fewer outputs. C is a multiple of 8. range: set to 1 if a
    /// result is infinite or NaN, as it is when any value before was outside float16's range. The others are as in FinishHeads.
    /// </remarks>
    [Kernel(Half128x128.GroupSize, Specialization = typeof(Half128x128), GroupsPerProcessor = 2, Target = "sm_80", DynamicSharedBytes = Float16HeadsShape.SharedBytes)]
    [Kernel(Half64x64OnTuring.GroupSize, Specialization = typeof(Half64x64OnTuring), GroupsPerProcessor = 1, Target = "sm_75", DynamicSharedBytes = Float16HeadsShape.SharedBytesOnTuring)]
    public static void FinishHeadsFloat16<TTile>(
        ArrayView<short> hidden,
        int hiddenPitch,
        ArrayView<short> second,
        ArrayView<float> secondBias,
        ArrayView<float> third,
        ArrayView<float> thirdBias,
        ArrayView<float> y,
        int yPitch,
        int channels,
        int cells,
        int firstCell,
        int width,
        int gridHeight,
        int gridWidth,
        ArrayView<float> rowCentres,
        ArrayView<float> columnCentres,
        ArrayView<int> range)
        where TTile : struct, IFloat16Tile
    {
        ArrayView<int> shared = SharedMemory.GetDynamic<int>();
        int rowSlices = Gpu.Keep(TensorCores.AddressOf(ref shared[0]));
        int slices = (channels + Float16Tiles.Depth - 1) / Float16Tiles.Depth;
        int columnSlices = Gpu.Keep(rowSlices + slices * RowSliceBytes<TTile>());
        int item = Group.IdxX;
        int lane = item & 31;
        int tile = Grid.IdxX / HeadsShape.Heads;
        int head = Gpu.Keep(Grid.IdxX - tile * HeadsShape.Heads);
        int tileRow = Gpu.Keep(tile * TTile.Rows);
        int inner = 4 * channels;
        int outputs = HeadsShape.OutputsOf(head);

        int chunk = item & 7;
        for (int slice = 0; slice < slices; slice++)
        {
            int channel = slice * Float16Tiles.Depth + chunk * 8;
            for (int n = 0; n < TTile.Rows * 8 / Float16Product.GroupSize<TTile>(); n++)
            {
                int row = item / 8 + n * (Float16Product.GroupSize<TTile>() / 8);
                int there = tileRow + row < cells & channel < channels ? 1 : 0;
                TensorCores.StartCopy(
                    rowSlices + slice * RowSliceBytes<TTile>() + Float16Product.Place(row, chunk),
                    ref hidden[there != 0 ? (tileRow + row) * hiddenPitch + head * channels + channel : 0],
                    there * 16);
            }
        }

        int tiles = (inner + TTile.Columns - 1) / TTile.Columns;
        int steps = Gpu.Keep(tiles * slices);
        int fetchedSlice = 0;
        int filledInner = (inner + Float16Tiles.BlockColumns - 1) & ~(Float16Tiles.BlockColumns - 1);
        int fetchedColumn = head * filledInner;
        int lastColumn = Gpu.Keep(HeadsShape.Heads * filledInner);
        int fetched = 0;
        int fetchSlot = 0;
        for (int s = 0; s < TTile.Stages - 1; s++)
        {
            if (fetched < steps)
            {
                Float16Product.FetchColumns<TTile>(
                    second, slices, fetchedSlice, fetchedColumn, lastColumn, columnSlices + fetchSlot, item);
            }

            TensorCores.EndCopyGroup();
            fetched++;
            fetchSlot += ColumnSliceBytes<TTile>();
            fetchedSlice++;
            if (fetchedSlice == slices)
            {
                fetchedSlice = 0;
                fetchedColumn += TTile.Columns;
            }
        }

        var partial = new float[RowsOfItem<TTile>() * HeadsShape.MaximumOutputs];
        for (int i = 0; i < RowsOfItem<TTile>() * HeadsShape.MaximumOutputs; i++)
            partial[i] = 0f;
        var sums = new Float4[Float16Product.RowBlocks<TTile>() * Float16Product.ColumnBlocks<TTile>()];
        var left = new Int4[Float16Product.RowBlocks<TTile>() + 1];
        var right = new Int4[Float16Product.ColumnBlocks<TTile>() / 2 + 1];
        int firstColumn = Gpu.Keep(Float16Product.WarpColumn<TTile>(item) + (lane & 3) * 2);
        int slot = 0;
        for (int first = 0; first < inner; first += TTile.Columns)
        {
            for (int i = 0; i < Float16Product.RowBlocks<TTile>() * Float16Product.ColumnBlocks<TTile>(); i++)
                sums[i] = default;
            for (int slice = 0; slice < slices; slice++)
            {
                TensorCores.WaitForCopies(TTile.Stages - 2);
                Group.Barrier();
                if (fetched < steps)
                {
                    Float16Product.FetchColumns<TTile>(
                        second, slices, fetchedSlice, fetchedColumn, lastColumn, columnSlices + fetchSlot, item);
                }

                TensorCores.EndCopyGroup();
                fetched++;
                fetchSlot += ColumnSliceBytes<TTile>();
                if (fetchSlot == TTile.Stages * ColumnSliceBytes<TTile>())
                    fetchSlot = 0;
                fetchedSlice++;
                if (fetchedSlice == slices)
                {
                    fetchedSlice = 0;
                    fetchedColumn += TTile.Columns;
                }

                Float16Product.Multiply<TTile>(rowSlices + slice * RowSliceBytes<TTile>(), columnSlices + slot, item, sums, left, right);
                slot += ColumnSliceBytes<TTile>();
                if (slot == TTile.Stages * ColumnSliceBytes<TTile>())
                    slot = 0;
            }

            // After the last inner value come those of the next head; they are left out.
            for (int j = 0; j < Float16Product.ColumnBlocks<TTile>(); j++)
            {
                int column = first + firstColumn + j * 8;
                if (column < inner)
                {
                    Float2 bias = Gpu.Load2(ref secondBias[head * inner + column]);
                    for (int i = 0; i < Float16Product.RowBlocks<TTile>(); i++)
                    {
                        Float4 sum = sums[i * Float16Product.ColumnBlocks<TTile>() + j];
                        sums[i * Float16Product.ColumnBlocks<TTile>() + j] = Functions.Rectified(
                            new Float4(sum.X + bias.X, sum.Y + bias.Y, sum.Z + bias.X, sum.W + bias.Y));
                    }

                    for (int output = 0; output < HeadsShape.MaximumOutputs; output++)
                    {
                        if (output < outputs)
                        {
                            Float2 weight = Gpu.Load2(ref third[(head * HeadsShape.MaximumOutputs + output) * inner + column]);
                            for (int i = 0; i < Float16Product.RowBlocks<TTile>(); i++)
                            {
                                Float4 sum = sums[i * Float16Product.ColumnBlocks<TTile>() + j];
                                int index = 2 * i * HeadsShape.MaximumOutputs + output;
                                partial[index] = Gpu.Fma(sum.Y, weight.Y, Gpu.Fma(sum.X, weight.X, partial[index]));
                                index += HeadsShape.MaximumOutputs;
                                partial[index] = Gpu.Fma(sum.W, weight.Y, Gpu.Fma(sum.Z, weight.X, partial[index]));
                            }
                        }
                    }
                }
            }
        }

        // [output][column of warps][row], over the slices.
        Group.Barrier();
        ArrayView<float> reduction = SharedMemory.GetDynamic<float>();
        int warpRow = Float16Product.WarpRow<TTile>(item) + lane / 4;
        int warpColumn = Float16Product.WarpColumn<TTile>(item) / (TTile.Columns / TTile.ColumnWarps);
        for (int output = 0; output < HeadsShape.MaximumOutputs; output++)
        {
            for (int i = 0; i < RowsOfItem<TTile>(); i++)
            {
                float sum = partial[i * HeadsShape.MaximumOutputs + output];
                sum += TensorCores.Exchange(sum, 1);
                sum += TensorCores.Exchange(sum, 2);
                if ((lane & 3) == 0)
                    reduction[(output * TTile.ColumnWarps + warpColumn) * TTile.Rows + warpRow + i * 8] = sum;
            }
        }

        Group.Barrier();
        if (TTile.Rows < Float16Product.GroupSize<TTile>() && item >= TTile.Rows)
            return;
        int cell = tileRow + item;
        if (cell >= cells)
            return;
        for (int output = 0; output < outputs; output++)
        {
            float value = thirdBias[head * HeadsShape.MaximumOutputs + output];
            for (int n = 0; n < TTile.ColumnWarps; n++)
                value += reduction[(output * TTile.ColumnWarps + n) * TTile.Rows + item];
            if (!(XMath.Abs(value) < float.PositiveInfinity))
                range[0] = 1;
            HeadOutputs.Store(y, yPitch, cell + firstCell, head, output, value, width, gridHeight, gridWidth, rowCentres, columnCentres);
        }
    }

    // Two rows of each block.
    private static int RowsOfItem<TTile>()
        where TTile : struct, IFloat16Tile => 2 * Float16Product.RowBlocks<TTile>();

    private static int RowSliceBytes<TTile>()
        where TTile : struct, IFloat16Tile => TTile.Rows * Float16Tiles.RowBytes;

    private static int ColumnSliceBytes<TTile>()
        where TTile : struct, IFloat16Tile => TTile.Columns * Float16Tiles.RowBytes;
}
