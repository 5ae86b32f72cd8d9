using Gsasr.Kernels;
using ILGPU;
using ILGPU.Algorithms;

namespace Gsasr.Layers;

/// <summary>
/// Linear layers, 1x1 and 3x3 convolutions of float16 on tensor cores, with float32 sums. Most of 3x3 are in Float16NeighboursKernels on Hopper.
/// </summary>
internal static class Float16ConvolutionKernels
{
    /// <summary>
    /// y = activation(x * weights + bias) + residual, as the product A [pixels, taps * channels] * B. A is never stored: each slice of the
    /// depth is 64 channels of one neighbour; those of all neighbours come before the next channels. While one slice is multiplied, the next ones are being copied. The sums go through shared
    /// memory, so that an item finishes eight neighbouring channels of a pixel at once, in float32.
    /// </summary>
    /// <remarks>
    /// x, residual, y: pixels of channels, pitches and offsets multiples of 8. weights: as Float16ConvolutionGpu packs them.
    /// The output pixels [0, pixels) are those of a rectangle of x that starts at (firstRow, firstColumn) and is columns wide.
    /// shuffledChannels: with a pixel shuffle, channels of y; 0 without one. wideTiles: tiles of rows whose groups have as many columns as the
    /// tile. Those after them have 64, if the tile is of 192: so the last rows, for which there are not enough groups to go around, are shared by
    /// more of them. pixelSums: [tile of rows][outputChannels], the sums of what is written for its pixels; hasPixelSums says whether they are wanted.
    /// They are not made with a pixel shuffle.
    /// </remarks>
    [Kernel(Half128x128.GroupSize, Specialization = typeof(Half128x128), GroupsPerProcessor = 2, Target = "sm_80", DynamicSharedBytes = Half128x128.SharedBytes)]
    [Kernel(Half128x64.GroupSize, Specialization = typeof(Half128x64), GroupsPerProcessor = 3, Target = "sm_80", DynamicSharedBytes = Half128x64.SharedBytes)]
    [Kernel(Warpgroups128x192.GroupSize, Specialization = typeof(Warpgroups128x192), GroupsPerProcessor = Warpgroups128x192.GroupsPerProcessor, Target = "sm_90a", DynamicSharedBytes = Warpgroups128x192.SharedBytes)]
    [Kernel(Warpgroups128x128.GroupSize, Specialization = typeof(Warpgroups128x128), GroupsPerProcessor = 2, Target = "sm_90a", DynamicSharedBytes = Warpgroups128x128.SharedBytes)]
    [Kernel(Warpgroups128x64.GroupSize, Specialization = typeof(Warpgroups128x64), GroupsPerProcessor = 3, Target = "sm_90a", DynamicSharedBytes = Warpgroups128x64.SharedBytes)]
    [Kernel(Warpgroups64x64.GroupSize, Specialization = typeof(Warpgroups64x64), GroupsPerProcessor = 1, Target = "sm_90a", DynamicSharedBytes = Warpgroups64x64.SharedBytes)]
    [Kernel(Half64x64.GroupSize, Specialization = typeof(Half64x64), GroupsPerProcessor = 4, Target = "sm_80", DynamicSharedBytes = Half64x64.SharedBytes)]
    [Kernel(Half64x64OnTuring.GroupSize, Specialization = typeof(Half64x64OnTuring), GroupsPerProcessor = 2, Target = "sm_75", DynamicSharedBytes = Half64x64OnTuring.SharedBytes)]
    public static void ConvolveFloat16<TTile>(
        ArrayView<short> x,
        int xPitch,
        int xHeight,
        int xWidth,
        int channels,
        int taps,
        ArrayView<short> weights,
        ArrayView<float> bias,
        ArrayView<short> residual,
        int residualPitch,
        int hasResidual,
        ArrayView<short> y,
        int yPitch,
        int firstRow,
        int firstColumn,
        int columns,
        int pixels,
        int outputChannels,
        int shuffledChannels,
        int wideTiles,
        int activation,
        ArrayView<float> pixelSums,
        int hasPixelSums)
        where TTile : struct, IFloat16Tile
    {
        ArrayView<int> shared = SharedMemory.GetDynamic<int>();
        int sharedStart = Gpu.Keep(Float16Product.FirstSlice<TTile>(TensorCores.AddressOf(ref shared[0])));
        int item = Group.IdxX;
        Float16GroupTile group = Float16GroupTile.Of<TTile>(outputChannels, wideTiles);
        int tile = group.Tile;
        int tileColumn = group.Column;
        int tileRow = Gpu.Keep(tile * TTile.Rows);
        int slices = (channels + Float16Tiles.Depth - 1) / Float16Tiles.Depth;
        int steps = Gpu.Keep(taps * slices);

        int chunkChannel = Gpu.Keep((item & 7) * 8);
        var offsets = new int[Float16Product.RowFetches<TTile>()];
        var inside = new int[Float16Product.RowFetches<TTile>()];
        ConvolutionInput.Locate<TTile>(
            tileRow, chunkChannel, pixels, firstRow, firstColumn, columns, xHeight, xWidth, xPitch, taps, item, offsets, inside);

        var sums = new Float4[Float16Product.RowBlocks<TTile>() * Float16Product.ColumnBlocks<TTile>()];
        for (int i = 0; i < Float16Product.RowBlocks<TTile>() * Float16Product.ColumnBlocks<TTile>(); i++)
            sums[i] = default;
        if (group.IsNarrow)
        {
            Accumulate<TTile, Warpgroups128x64>(
                x, xPitch, xWidth, channels, taps, weights, outputChannels, steps, tileColumn, chunkChannel, offsets, inside,
                sharedStart, item, sums);
            Float16Results.Finish<TTile, Warpgroups128x64>(
                sums, bias, residual, residualPitch, hasResidual, y, yPitch, tileRow, 8, 8, tileColumn, columns, pixels, outputChannels,
                shuffledChannels, activation, pixelSums, tile, hasPixelSums, item);
        }
        else
        {
            Accumulate<TTile, TTile>(
                x, xPitch, xWidth, channels, taps, weights, outputChannels, steps, tileColumn, chunkChannel, offsets, inside,
                sharedStart, item, sums);
            Float16Results.Finish<TTile, TTile>(
                sums, bias, residual, residualPitch, hasResidual, y, yPitch, tileRow, 8, 8, tileColumn, columns, pixels, outputChannels,
                shuffledChannels, activation, pixelSums, tile, hasPixelSums, item);
        }
    }

    // The sums of a tile. TColumns says how many columns the group has, and so how many slices there is room for.
    private static void Accumulate<TTile, TColumns>(
        ArrayView<short> x,
        int xPitch,
        int xWidth,
        int channels,
        int taps,
        ArrayView<short> weights,
        int outputChannels,
        int steps,
        int tileColumn,
        int chunkChannel,
        int[] offsets,
        int[] inside,
        int sharedStart,
        int item,
        Float4[] sums)
        where TTile : struct, IFloat16Tile
        where TColumns : struct, IFloat16Tile
    {
        // Weights are fetched first, because they do not depend on the launch before.
        int columnSlices = Gpu.Keep(sharedStart + TColumns.Stages * TTile.Rows * Float16Tiles.RowBytes);
        WeightRing ring = WeightRing.At(
            columnSlices,
            Gpu.Keep(sharedStart + XMath.Max(TColumns.Stages * (TTile.Rows + TColumns.Columns) * Float16Tiles.RowBytes, Float16Product.StagedBytes<TTile, TColumns>())));
        if (TTile.HasWarpgroups & item == 0)
            WeightRing.Begin(ring, TColumns.Stages);
        for (int s = 0; s < TColumns.Stages - 1; s++)
        {
            if (s < steps)
                FetchColumns<TTile, TColumns>(ring, s, weights, steps, s, tileColumn, outputChannels, item);
        }

        if (TTile.HasWarpgroups)
            Launches.AwaitEarlier();

        // With three groups on a multiprocessor, those of the next launch take more from these than they gain.
        if (TTile.HasWarpgroups && !Float16Product.ThreeShareProcessor<TTile>())
            Launches.AllowNext();

        int tap = 0;
        int channel = 0;
        int fetched = 0;
        int fetchPlace = 0;
        for (int s = 0; s < TColumns.Stages - 1; s++)
        {
            if (fetched < steps)
            {
                Fetch<TTile>(
                    x, xPitch, xWidth, channels, taps, tap, channel, chunkChannel, offsets, inside, sharedStart + fetchPlace * (TTile.Rows * Float16Tiles.RowBytes), item);
            }

            tap++;
            if (tap == taps)
            {
                tap = 0;
                channel += Float16Tiles.Depth;
            }

            fetched++;
            fetchPlace++;
            TensorCores.EndCopyGroup();
        }

        var left = new Int4[Float16Product.RowBlocks<TTile>() + 1];
        var right = new Int4[Float16Product.ColumnBlocks<TTile>() / 2 + 1];
        for (int step = 0; step < steps; step++)
        {
            TensorCores.WaitForCopies(TColumns.Stages - 2);
            if (TTile.HasWarpgroups)
                Warpgroup.ShowSharedMemory();
            Group.Barrier();
            if (fetched < steps)
            {
                Fetch<TTile>(
                    x, xPitch, xWidth, channels, taps, tap, channel, chunkChannel, offsets, inside, sharedStart + fetchPlace * (TTile.Rows * Float16Tiles.RowBytes), item);
                FetchColumns<TTile, TColumns>(ring, fetchPlace, weights, steps, fetched, tileColumn, outputChannels, item);
            }

            TensorCores.EndCopyGroup();
            tap++;
            if (tap == taps)
            {
                tap = 0;
                channel += Float16Tiles.Depth;
            }

            fetched++;
            fetchPlace = fetchPlace == TColumns.Stages - 1 ? 0 : fetchPlace + 1;
            int rows = sharedStart + ring.Stage * (TTile.Rows * Float16Tiles.RowBytes);
            Float16Product.Multiply<TColumns>(
                rows, TTile.HasWarpgroups ? WeightRing.Await<TColumns>(ring) : WeightRing.AddressOf<TColumns>(ring), item, sums, left, right);
            ring = WeightRing.Next(ring, TColumns.Stages);
        }
    }

    // On Hopper one item copies a slice of the weights, before all of them do.
    private static void FetchColumns<TTile, TColumns>(
        WeightRing ring, int stage, ArrayView<short> weights, int slices, int slice, int firstColumn, int columns, int item)
        where TTile : struct, IFloat16Tile
        where TColumns : struct, IFloat16Tile
    {
        if (TTile.HasWarpgroups)
        {
            if (item == 0)
                WeightRing.Fetch<TColumns>(ring, stage, weights, slices, slice, firstColumn, columns);
        }
        else
        {
            Float16Product.FetchColumns<TColumns>(weights, slices, slice, firstColumn, columns, ring.First + stage * (TColumns.Columns * Float16Tiles.RowBytes), item);
        }
    }

    private static void Fetch<TTile>(
        ArrayView<short> x,
        int xPitch,
        int xWidth,
        int channels,
        int taps,
        int tap,
        int channel,
        int chunkChannel,
        int[] offsets,
        int[] inside,
        int slice,
        int item)
        where TTile : struct, IFloat16Tile
    {
        int shift = ConvolutionInput.ShiftOf(tap, taps, xWidth, xPitch) + channel;
        int place = slice + Float16Product.Place(item / 8, item & 7);
        int there = channel + chunkChannel < channels ? 1 : 0;
        for (int n = 0; n < Float16Product.RowFetches<TTile>(); n++)
        {
            int wanted = (inside[n] >> tap) & there;
            TensorCores.StartCopy(
                place + n * (Float16Product.GroupSize<TTile>() / 8 * Float16Tiles.RowBytes),
                ref x[wanted != 0 ? offsets[n] + shift : 0],
                wanted * 16);
        }
    }
}
