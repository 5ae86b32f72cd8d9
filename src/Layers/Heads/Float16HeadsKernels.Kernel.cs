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
    private const int RowSliceBytes = Half128x128.RowCount * Float16Tiles.RowBytes;
    private const int ColumnSliceBytes = Half128x128.ColumnCount * Float16Tiles.RowBytes;
    private const int RowBlocks = Half128x128.RowCount / Half128x128.RowWarpCount / 16;
    private const int ColumnBlocks = Half128x128.ColumnCount / Half128x128.ColumnWarpCount / 8;
    private const int RowsOfItem = 2 * RowBlocks;

    /// <summary>
    /// A group takes a tile of cells, which stay in shared memory, and one head, and goes through the tiles of the head's inner values. For
    /// each tile an item multiplies its sums, two columns of two rows of each block, with the third layer's weights and adds them to sums
    /// of its own. At the end the sums of the four items that share a row are added up, and then those of the warps.
    /// </summary>
    /// <remarks>
    /// hidden: [cells, 5C] of float16, the first layer's result. second: the five heads' weights side by side, [20C][C padded to 64].
    /// third: [5][3][4C] and thirdBias: [5][3], without values where a head has fewer outputs. C is a multiple of 8. range: set to 1 if a
    /// result is infinite or NaN, as it is when any value before was outside float16's range. The others are as in FinishHeads.
    /// </remarks>
    [Kernel(Half128x128.GroupSize, Target = "sm_80", GroupsPerProcessor = 2, DynamicSharedBytes = Float16HeadsShape.SharedBytes)]
    public static void FinishHeadsFloat16(
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
    {
        ArrayView<int> shared = SharedMemory.GetDynamic<int>();
        int rowSlices = Gpu.Keep(TensorCores.AddressOf(ref shared[0]));
        int slices = (channels + Float16Tiles.Depth - 1) / Float16Tiles.Depth;
        int columnSlices = Gpu.Keep(rowSlices + slices * RowSliceBytes);
        int item = Group.IdxX;
        int lane = item & 31;
        int tile = Grid.IdxX / HeadsShape.Heads;
        int head = Gpu.Keep(Grid.IdxX - tile * HeadsShape.Heads);
        int tileRow = Gpu.Keep(tile * Half128x128.RowCount);
        int inner = 4 * channels;
        int depth = slices * Float16Tiles.Depth;
        int outputs = HeadsShape.OutputsOf(head);

        int chunk = item & 7;
        for (int slice = 0; slice < slices; slice++)
        {
            int channel = slice * Float16Tiles.Depth + chunk * 8;
            for (int n = 0; n < Half128x128.RowCount / 16; n++)
            {
                int row = item / 8 + n * 16;
                int there = tileRow + row < cells & channel < channels ? 1 : 0;
                TensorCores.StartCopy(
                    rowSlices + slice * RowSliceBytes + Float16Product.Place(row, chunk),
                    ref hidden[there != 0 ? (tileRow + row) * hiddenPitch + head * channels + channel : 0],
                    there * 16);
            }
        }

        int tiles = (inner + Half128x128.ColumnCount - 1) / Half128x128.ColumnCount;
        int steps = Gpu.Keep(tiles * slices);
        int fetchedSlice = 0;
        int fetchedColumn = head * inner;
        int lastColumn = Gpu.Keep(HeadsShape.Heads * inner);
        int fetched = 0;
        int fetchSlot = 0;
        for (int s = 0; s < Half128x128.StageCount - 1; s++)
        {
            if (fetched < steps)
            {
                Float16Product.FetchColumns<Half128x128>(
                    second, depth, fetchedColumn, lastColumn, fetchedSlice * Float16Tiles.Depth, columnSlices + fetchSlot, item);
            }

            TensorCores.EndCopyGroup();
            fetched++;
            fetchSlot += ColumnSliceBytes;
            fetchedSlice++;
            if (fetchedSlice == slices)
            {
                fetchedSlice = 0;
                fetchedColumn += Half128x128.ColumnCount;
            }
        }

        var partial = new float[RowsOfItem * HeadsShape.MaximumOutputs];
        for (int i = 0; i < RowsOfItem * HeadsShape.MaximumOutputs; i++)
            partial[i] = 0f;
        var sums = new Float4[RowBlocks * ColumnBlocks];
        var left = new Int4[RowBlocks + 1];
        var right = new Int4[ColumnBlocks / 2 + 1];
        int firstColumn = Gpu.Keep(Float16Product.WarpColumn<Half128x128>(item) + (lane & 3) * 2);
        int slot = 0;
        for (int first = 0; first < inner; first += Half128x128.ColumnCount)
        {
            for (int i = 0; i < RowBlocks * ColumnBlocks; i++)
                sums[i] = default;
            for (int slice = 0; slice < slices; slice++)
            {
                TensorCores.WaitForCopies(Half128x128.StageCount - 2);
                Group.Barrier();
                if (fetched < steps)
                {
                    Float16Product.FetchColumns<Half128x128>(
                        second, depth, fetchedColumn, lastColumn, fetchedSlice * Float16Tiles.Depth, columnSlices + fetchSlot, item);
                }

                TensorCores.EndCopyGroup();
                fetched++;
                fetchSlot += ColumnSliceBytes;
                if (fetchSlot == Half128x128.StageCount * ColumnSliceBytes)
                    fetchSlot = 0;
                fetchedSlice++;
                if (fetchedSlice == slices)
                {
                    fetchedSlice = 0;
                    fetchedColumn += Half128x128.ColumnCount;
                }

                Float16Product.Multiply<Half128x128>(rowSlices + slice * RowSliceBytes, columnSlices + slot, item, sums, left, right);
                slot += ColumnSliceBytes;
                if (slot == Half128x128.StageCount * ColumnSliceBytes)
                    slot = 0;
            }

            // After the last inner value come those of the next head; they are left out.
            for (int j = 0; j < ColumnBlocks; j++)
            {
                int column = first + firstColumn + j * 8;
                if (column < inner)
                {
                    Float2 bias = Gpu.Load2(ref secondBias[head * inner + column]);
                    for (int i = 0; i < RowBlocks; i++)
                    {
                        Float4 sum = sums[i * ColumnBlocks + j];
                        sums[i * ColumnBlocks + j] = Functions.Rectified(
                            new Float4(sum.X + bias.X, sum.Y + bias.Y, sum.Z + bias.X, sum.W + bias.Y));
                    }

                    for (int output = 0; output < HeadsShape.MaximumOutputs; output++)
                    {
                        if (output < outputs)
                        {
                            Float2 weight = Gpu.Load2(ref third[(head * HeadsShape.MaximumOutputs + output) * inner + column]);
                            for (int i = 0; i < RowBlocks; i++)
                            {
                                Float4 sum = sums[i * ColumnBlocks + j];
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
        int warpRow = Float16Product.WarpRow<Half128x128>(item) + lane / 4;
        int warpColumn = Float16Product.WarpColumn<Half128x128>(item) / (Half128x128.ColumnCount / Half128x128.ColumnWarpCount);
        for (int output = 0; output < HeadsShape.MaximumOutputs; output++)
        {
            for (int i = 0; i < RowsOfItem; i++)
            {
                float sum = partial[i * HeadsShape.MaximumOutputs + output];
                sum += TensorCores.Exchange(sum, 1);
                sum += TensorCores.Exchange(sum, 2);
                if ((lane & 3) == 0)
                    reduction[(output * Half128x128.ColumnWarpCount + warpColumn) * Half128x128.RowCount + warpRow + i * 8] = sum;
            }
        }

        Group.Barrier();
        int cell = tileRow + item;
        if (cell >= cells)
            return;
        for (int output = 0; output < outputs; output++)
        {
            float value = thirdBias[head * HeadsShape.MaximumOutputs + output];
            for (int n = 0; n < Half128x128.ColumnWarpCount; n++)
                value += reduction[(output * Half128x128.ColumnWarpCount + n) * Half128x128.RowCount + item];
            if (!(XMath.Abs(value) < float.PositiveInfinity))
                range[0] = 1;
            HeadOutputs.Store(y, yPitch, cell + firstCell, head, output, value, width, gridHeight, gridWidth, rowCentres, columnCentres);
        }
    }
}
