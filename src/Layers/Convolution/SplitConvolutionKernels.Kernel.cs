using Gsasr.Kernels;
using ILGPU;

namespace Gsasr.Layers;

/// <summary>Linear layers, 1x1 and 3x3 convolutions of float32 on Hopper's tensor cores.</summary>
internal static class SplitConvolutionKernels
{
    private const int RowsOfFetch = SplitTiles.GroupSize / 8;

    /// <summary>
    /// y = activation(x * weights + bias) + residual, as the product A [pixels, taps * channels] * B. A is never stored: each slice of the
    /// depth is 32 channels of one neighbour. While one slice is multiplied, the next ones are being copied. The sums go through shared
    /// memory, so that an item finishes four neighbouring channels of a pixel at once.
    /// </summary>
    /// <remarks>
    /// weights: [outputChannels][taps][channels filled up to 32], in slices of high and low parts, divided by weightScale.
    /// alignedInput: whether pitch, offset and channels of x are multiples of 4. shuffledChannels, alignedOutput: as in
    /// <see cref="Epilogue.Store"/>. The output pixels [0, pixels) are those of a rectangle of x that starts at (firstRow, firstColumn) and is columns wide.
    /// </remarks>
    [Kernel(SplitTiles.GroupSize, Specialization = typeof(Split64x192), GroupsPerProcessor = Split64x192.GroupsPerProcessor, Target = "sm_90a", DynamicSharedBytes = Split64x192.SharedBytes)]
    [Kernel(SplitTiles.GroupSize, Specialization = typeof(Split64x128), GroupsPerProcessor = Split64x128.GroupsPerProcessor, Target = "sm_90a", DynamicSharedBytes = Split64x128.SharedBytes)]
    [Kernel(SplitTiles.GroupSize, Specialization = typeof(Split64x64), GroupsPerProcessor = Split64x64.GroupsPerProcessor, Target = "sm_90a", DynamicSharedBytes = Split64x64.SharedBytes)]
    public static void ConvolveSplit<TTile>(
        ArrayView<float> x,
        int xPitch,
        int xHeight,
        int xWidth,
        int channels,
        int taps,
        int alignedInput,
        ArrayView<short> weights,
        float weightScale,
        ArrayView<float> bias,
        ArrayView<float> residual,
        int residualPitch,
        int hasResidual,
        ArrayView<float> y,
        int yPitch,
        int firstRow,
        int firstColumn,
        int columns,
        int pixels,
        int outputChannels,
        int shuffledChannels,
        int alignedOutput,
        int activation)
        where TTile : struct, IFloat16Tile
    {
        ArrayView<int> shared = SharedMemory.GetDynamic<int>();
        int sharedStart = Gpu.Keep(Float16Product.FirstSlice<TTile>(TensorCores.AddressOf(ref shared[0])));
        int item = Group.IdxX;
        int columnTiles = (outputChannels + TTile.Columns - 1) / TTile.Columns;
        int tile = Grid.IdxX / columnTiles;
        int tileColumn = Gpu.Keep((Grid.IdxX - tile * columnTiles) * TTile.Columns);
        int tileRow = Gpu.Keep(tile * TTile.Rows);
        int steps = Gpu.Keep(taps * ((channels + SplitTiles.Depth - 1) / SplitTiles.Depth));

        int chunkChannel = Gpu.Keep((item & 7) * 4);
        var offsets = new int[Float16Product.RowFetches<TTile>()];
        var inside = new int[Float16Product.RowFetches<TTile>()];
        ConvolutionInput.Locate<TTile>(
            tileRow, chunkChannel, pixels, firstRow, firstColumn, columns, xHeight, xWidth, xPitch, taps, item, offsets, inside);

        int tap = 0;
        int channel = 0;
        int fetched = 0;
        int fetchSlot = 0;
        for (int s = 0; s < TTile.Stages - 1; s++)
        {
            if (fetched < steps)
            {
                Fetch(x, xPitch, xWidth, channels, taps, alignedInput, tap, channel, chunkChannel, offsets, inside, sharedStart + fetchSlot, item);
                Float16Product.FetchColumns<TTile>(
                    weights, steps, fetched, tileColumn, outputChannels, sharedStart + fetchSlot + TTile.Rows * Float16Tiles.RowBytes, item);
            }

            channel += SplitTiles.Depth;
            if (channel >= channels)
            {
                channel = 0;
                tap++;
            }

            fetched++;
            fetchSlot += Float16Product.SlotBytes<TTile>();
            TensorCores.EndCopyGroup();
        }

        var totals = new Float4[TTile.Columns / 8];
        var sums = new Float4[TTile.Columns / 8];
        for (int i = 0; i < TTile.Columns / 8; i++)
            totals[i] = default;
        int place = Gpu.Keep(sharedStart + SplitProduct.PlaceOf(item));
        int slot = 0;
        for (int step = 0; step < steps; step++)
        {
            TensorCores.WaitForCopies(TTile.Stages - 2);
            Warpgroup.ShowSharedMemory();
            Group.Barrier();
            if (fetched < steps)
            {
                Fetch(x, xPitch, xWidth, channels, taps, alignedInput, tap, channel, chunkChannel, offsets, inside, sharedStart + fetchSlot, item);
                Float16Product.FetchColumns<TTile>(
                    weights, steps, fetched, tileColumn, outputChannels, sharedStart + fetchSlot + TTile.Rows * Float16Tiles.RowBytes, item);
            }

            TensorCores.EndCopyGroup();
            channel += SplitTiles.Depth;
            if (channel >= channels)
            {
                channel = 0;
                tap++;
            }

            fetched++;
            fetchSlot += Float16Product.SlotBytes<TTile>();
            if (fetchSlot == TTile.Stages * Float16Product.SlotBytes<TTile>())
                fetchSlot = 0;
            SplitProduct.Add<TTile>(place + slot, sharedStart + slot + TTile.Rows * Float16Tiles.RowBytes, weightScale, totals, sums);
            slot += Float16Product.SlotBytes<TTile>();
            if (slot == TTile.Stages * Float16Product.SlotBytes<TTile>())
                slot = 0;
        }

        Group.Barrier();
        ArrayView<float> staged = SharedMemory.GetDynamic<float>();
        Float16Product.Stage<TTile>(staged, item, totals);
        Group.Barrier();

        // An item has the same four channels of every pixel, and in wider tiles others 64 further on.
        for (int first = 0; first < TTile.Columns; first += 64)
        {
            int column = first + (item & 15) * 4;
            int outputChannel = tileColumn + column;
            if (outputChannel < outputChannels)
            {
                Float4 biases = Channels.LoadReadOnly(bias, outputChannel, outputChannels - outputChannel, 0);
                for (int row = item / 16; row < TTile.Rows; row += SplitTiles.GroupSize / 16)
                {
                    int pixel = tileRow + row;
                    if (pixel < pixels)
                    {
                        Float4 values = Epilogue.Activated(Gpu.Load4(ref staged[row * Float16Product.StagedPitch<TTile>() + column]) + biases, activation);
                        Epilogue.Store(
                            y, yPitch, residual, residualPitch, hasResidual, pixel, columns, outputChannel, outputChannels, shuffledChannels,
                            alignedOutput, values);
                    }
                }
            }
        }
    }

    private static void Fetch(
        ArrayView<float> x,
        int xPitch,
        int xWidth,
        int channels,
        int taps,
        int alignedInput,
        int tap,
        int channel,
        int chunkChannel,
        int[] offsets,
        int[] inside,
        int slice,
        int item)
    {
        int shift = ConvolutionInput.ShiftOf(tap, taps, xWidth, xPitch) + channel;
        int place = slice + SplitProduct.Place(item / 8, item & 7);
        int count = channels - channel - chunkChannel;
        if (alignedInput != 0)
        {
            int there = count > 0 ? 1 : 0;
            for (int n = 0; n < SplitTiles.Rows / RowsOfFetch; n++)
            {
                int wanted = (inside[n] >> tap) & there;
                SplitWarpgroup.StartCopy(
                    place + n * (RowsOfFetch * Float16Tiles.RowBytes), ref x[wanted != 0 ? offsets[n] + shift : 0], wanted * 16);
            }

            return;
        }

        for (int n = 0; n < SplitTiles.Rows / RowsOfFetch; n++)
        {
            for (int i = 0; i < 4; i++)
            {
                int wanted = (inside[n] >> tap) & (count > i ? 1 : 0);
                SplitWarpgroup.StartCopyOfOne(
                    place + n * (RowsOfFetch * Float16Tiles.RowBytes) + i * sizeof(float), ref x[wanted != 0 ? offsets[n] + shift + i : 0], wanted * 4);
            }
        }
    }
}
