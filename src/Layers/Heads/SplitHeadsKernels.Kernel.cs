using Gsasr.Kernels;
using ILGPU;
using ILGPU.Algorithms;

namespace Gsasr.Layers;

/// <summary>The second and third layers of the Gaussian heads of float32; the second runs on Hopper's tensor cores.</summary>
internal static class SplitHeadsKernels
{
    private const int RowsOfFetch = SplitTiles.GroupSize / 8;

    private const int RowSliceBytes = SplitTiles.Rows * Float16Tiles.RowBytes;

    private const int ColumnSliceBytes = Split64x128.ColumnCount * Float16Tiles.RowBytes;

    /// <summary>
    /// A group takes a tile of cells and one head. The cells' values are split into their parts and stay in shared memory, while the weights of the
    /// second layer pass by. For each tile of inner values an item multiplies its sums, two columns of two rows of each block, with the third
    /// layer's weights and adds them to sums of its own. At the end the sums of the four items that share a row are added up.
    /// </summary>
    /// <remarks>
    /// second: the five heads' weights side by side, as SplitConvolutionGpu packs them, divided by secondScale. The others are as in
    /// FinishHeads; pitch, offset and channels of hidden are multiples of 4.
    /// </remarks>
    [Kernel(SplitTiles.GroupSize, Target = "sm_90a", GroupsPerProcessor = 2, DynamicSharedBytes = SplitHeadsShape.SharedBytes)]
    public static void FinishHeadsSplit(
        ArrayView<float> hidden,
        int hiddenPitch,
        ArrayView<short> second,
        float secondScale,
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
        ArrayView<float> columnCentres)
    {
        ArrayView<int> shared = SharedMemory.GetDynamic<int>();
        int rowSlices = Gpu.Keep(Float16Product.FirstSlice<Split64x128>(TensorCores.AddressOf(ref shared[0])));
        int slices = (channels + SplitTiles.Depth - 1) / SplitTiles.Depth;
        int columnSlices = Gpu.Keep(rowSlices + slices * RowSliceBytes);
        int item = Group.IdxX;
        int lane = item & 31;
        int tile = Grid.IdxX / HeadsShape.Heads;
        int head = Gpu.Keep(Grid.IdxX - tile * HeadsShape.Heads);
        int tileRow = Gpu.Keep(tile * SplitTiles.Rows);
        int inner = 4 * channels;
        int outputs = HeadsShape.OutputsOf(head);

        int chunk = item & 7;
        for (int slice = 0; slice < slices; slice++)
        {
            int channel = slice * SplitTiles.Depth + chunk * 4;
            for (int n = 0; n < SplitTiles.Rows / RowsOfFetch; n++)
            {
                int row = item / 8 + n * RowsOfFetch;
                int there = tileRow + row < cells & channel < channels ? 1 : 0;
                SplitWarpgroup.StartCopy(
                    rowSlices + slice * RowSliceBytes + SplitProduct.Place(row, chunk),
                    ref hidden[there != 0 ? (tileRow + row) * hiddenPitch + head * channels + channel : 0],
                    there * 16);
            }
        }

        int tiles = (inner + Split64x128.ColumnCount - 1) / Split64x128.ColumnCount;
        int steps = Gpu.Keep(tiles * slices);
        int fetchedSlice = 0;
        int fetchedColumn = head * inner;
        int lastColumn = Gpu.Keep(HeadsShape.Heads * inner);
        int fetched = 0;
        int fetchSlot = 0;
        for (int s = 0; s < SplitHeadsShape.Stages - 1; s++)
        {
            if (fetched < steps)
            {
                Float16Product.FetchColumns<Split64x128>(
                    second, slices, fetchedSlice, fetchedColumn, lastColumn, columnSlices + fetchSlot, item);
            }

            TensorCores.EndCopyGroup();
            fetched++;
            fetchSlot += ColumnSliceBytes;
            fetchedSlice++;
            if (fetchedSlice == slices)
            {
                fetchedSlice = 0;
                fetchedColumn += Split64x128.ColumnCount;
            }
        }

        // An item stores the parts in the place of the values that it alone reads.
        TensorCores.WaitForCopies(SplitHeadsShape.Stages - 2);
        Group.Barrier();
        int place = Gpu.Keep(rowSlices + SplitProduct.PlaceOf(item));
        int upper = SplitProduct.ExponentOf(LargestOf(place, slices));
        int lower = SplitProduct.ExponentOf(LargestOf(place + 8 * Float16Tiles.RowBytes, slices));
        SplitRow(place, slices, SplitProduct.Factor(upper));
        SplitRow(place + 8 * Float16Tiles.RowBytes, slices, SplitProduct.Factor(lower));
        float upperScale = Gpu.Keep(SplitProduct.Inverse(upper) * secondScale);
        float lowerScale = Gpu.Keep(SplitProduct.Inverse(lower) * secondScale);

        var partial = new float[2 * HeadsShape.MaximumOutputs];
        for (int i = 0; i < 2 * HeadsShape.MaximumOutputs; i++)
            partial[i] = 0f;
        var totals = new Float4[Split64x128.ColumnCount / 8];
        var sums = new Float4[Split64x128.ColumnCount / 8];
        int firstColumn = Gpu.Keep((lane & 3) * 2);
        int slot = 0;
        for (int first = 0; first < inner; first += Split64x128.ColumnCount)
        {
            for (int i = 0; i < Split64x128.ColumnCount / 8; i++)
                totals[i] = default;
            for (int slice = 0; slice < slices; slice++)
            {
                TensorCores.WaitForCopies(SplitHeadsShape.Stages - 2);
                Warpgroup.ShowSharedMemory();
                Group.Barrier();
                if (fetched < steps)
                {
                    Float16Product.FetchColumns<Split64x128>(
                        second, slices, fetchedSlice, fetchedColumn, lastColumn, columnSlices + fetchSlot, item);
                }

                TensorCores.EndCopyGroup();
                fetched++;
                fetchSlot += ColumnSliceBytes;
                if (fetchSlot == SplitHeadsShape.Stages * ColumnSliceBytes)
                    fetchSlot = 0;
                fetchedSlice++;
                if (fetchedSlice == slices)
                {
                    fetchedSlice = 0;
                    fetchedColumn += Split64x128.ColumnCount;
                }

                SplitProduct.AddStored<Split64x128>(
                    place + slice * RowSliceBytes, columnSlices + slot, upperScale, lowerScale, totals, sums);
                slot += ColumnSliceBytes;
                if (slot == SplitHeadsShape.Stages * ColumnSliceBytes)
                    slot = 0;
            }

            // After the last inner value come those of the next head; they are left out.
            for (int j = 0; j < Split64x128.ColumnCount / 8; j++)
            {
                int column = first + firstColumn + j * 8;
                if (column < inner)
                {
                    Float2 bias = Gpu.Load2(ref secondBias[head * inner + column]);
                    Float4 total = totals[j];
                    total = Functions.Rectified(new Float4(total.X + bias.X, total.Y + bias.Y, total.Z + bias.X, total.W + bias.Y));
                    for (int output = 0; output < HeadsShape.MaximumOutputs; output++)
                    {
                        if (output < outputs)
                        {
                            Float2 weight = Gpu.Load2(ref third[(head * HeadsShape.MaximumOutputs + output) * inner + column]);
                            partial[output] = Gpu.Fma(total.Y, weight.Y, Gpu.Fma(total.X, weight.X, partial[output]));
                            int next = HeadsShape.MaximumOutputs + output;
                            partial[next] = Gpu.Fma(total.W, weight.Y, Gpu.Fma(total.Z, weight.X, partial[next]));
                        }
                    }
                }
            }
        }

        // [output][row], over the slices.
        Group.Barrier();
        ArrayView<float> reduction = SharedMemory.GetDynamic<float>();
        int warpRow = item / 32 * 16 + lane / 4;
        for (int output = 0; output < HeadsShape.MaximumOutputs; output++)
        {
            for (int i = 0; i < 2; i++)
            {
                float sum = partial[i * HeadsShape.MaximumOutputs + output];
                sum += TensorCores.Exchange(sum, 1);
                sum += TensorCores.Exchange(sum, 2);
                if ((lane & 3) == 0)
                    reduction[output * SplitTiles.Rows + warpRow + i * 8] = sum;
            }
        }

        Group.Barrier();
        int cell = tileRow + item;
        if (item >= SplitTiles.Rows | cell >= cells)
            return;
        for (int output = 0; output < outputs; output++)
        {
            float value = thirdBias[head * HeadsShape.MaximumOutputs + output] + reduction[output * SplitTiles.Rows + item];
            HeadOutputs.Store(y, yPitch, cell + firstCell, head, output, value, width, gridHeight, gridWidth, rowCentres, columnCentres);
        }
    }

    // The largest magnitude of the values of a row that the item reads.
    private static float LargestOf(int place, int slices)
    {
        float largest = 0f;
        for (int slice = 0; slice < slices; slice++)
        {
            Float4 values = SplitWarpgroup.Load4(place + slice * RowSliceBytes);
            Float4 others = SplitWarpgroup.Load4((place ^ 64) + slice * RowSliceBytes);
            largest = XMath.Max(largest, XMath.Max(SplitProduct.Largest(values), SplitProduct.Largest(others)));
        }

        return largest;
    }

    private static void SplitRow(int place, int slices, float factor)
    {
        for (int slice = 0; slice < slices; slice++)
        {
            int at = place + slice * RowSliceBytes;
            SplitWarpgroup.Store8(at, SplitProduct.Split(SplitWarpgroup.Load4(at) * factor));
            at = (place ^ 64) + slice * RowSliceBytes;
            SplitWarpgroup.Store8(at, SplitProduct.Split(SplitWarpgroup.Load4(at) * factor));
        }
    }
}
