using Gsasr.Kernels;
using ILGPU;
using ILGPU.Algorithms;

namespace Gsasr.Layers;

/// <summary>3x3 convolutions of float16 on Hopper, with float32 sums.</summary>
internal static class Float16NeighboursKernels
{
    private const int Taps = 9;
    private const int EightRows = Float16NeighboursShape.SurroundedWidth * Float16Tiles.RowBytes;

    /// <summary>
    /// y = activation(x * weights + bias) + residual, as the product A [pixels, taps * channels] * B. The rows of a tile are pixels side by side, 8 across. Of 64 channels
    /// at a time they lie in shared memory with their neighbours, and the nine parts of A are the same pixels, seen from another place: so each is fetched once,
    /// not nine times. Meanwhile the weights of the next parts, and in the end the next channels, are being fetched. Warps wait for each other only where the channels change.
    /// </summary>
    /// <remarks>
    /// As ConvolveFloat16. rows and columns: the rectangle of output pixels. A tile of 128 rows is 16 pixels high, one of 64 rows 8.
    /// </remarks>
    [Kernel(Warpgroups128x192.GroupSize, Specialization = typeof(Warpgroups128x192), GroupsPerProcessor = Warpgroups128x192.GroupsPerProcessor, Target = "sm_90a", DynamicSharedBytes = Warpgroups128x192.SharedBytes)]
    [Kernel(Warpgroups128x128.GroupSize, Specialization = typeof(Warpgroups128x128), GroupsPerProcessor = 2, Target = "sm_90a", DynamicSharedBytes = Warpgroups128x128.SharedBytes)]
    [Kernel(Warpgroups128x64.GroupSize, Specialization = typeof(Warpgroups128x64), GroupsPerProcessor = 3, Target = "sm_90a", DynamicSharedBytes = Warpgroups128x64.SharedBytes)]
    [Kernel(Warpgroups64x64.GroupSize, Specialization = typeof(Warpgroups64x64), GroupsPerProcessor = 2, Target = "sm_90a", DynamicSharedBytes = Float16NeighboursShape.SharedBytes64x64)]
    public static void ConvolveNeighboursFloat16<TTile>(
        ArrayView<short> x,
        int xPitch,
        int xHeight,
        int xWidth,
        int channels,
        ArrayView<short> weights,
        ArrayView<float> bias,
        ArrayView<short> residual,
        int residualPitch,
        int hasResidual,
        ArrayView<short> y,
        int yPitch,
        int firstRow,
        int firstColumn,
        int rows,
        int columns,
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
        int tilesAcross = (columns + Float16NeighboursShape.TileWidth - 1) / Float16NeighboursShape.TileWidth;
        int tileTop = tile / tilesAcross;
        int tileLeft = Gpu.Keep((tile - tileTop * tilesAcross) * Float16NeighboursShape.TileWidth);
        tileTop = Gpu.Keep(tileTop * (TTile.Rows / Float16NeighboursShape.TileWidth));
        int firstPixel = Gpu.Keep(tileTop * columns + tileLeft);

        var sums = new Float4[TTile.Columns / 8];
        for (int i = 0; i < TTile.Columns / 8; i++)
            sums[i] = default;
        if (group.IsNarrow)
        {
            Accumulate<TTile, Warpgroups128x64>(
                x, xPitch, xHeight, xWidth, channels, weights, outputChannels, firstRow + tileTop - 1, firstColumn + tileLeft - 1, tileColumn, sharedStart, item, sums);
            Float16Results.Finish<TTile, Warpgroups128x64>(
                sums, bias, residual, residualPitch, hasResidual, y, yPitch, firstPixel, columns, columns - tileLeft, tileColumn, columns, rows * columns, outputChannels,
                shuffledChannels, activation, pixelSums, tile, hasPixelSums, item);
        }
        else
        {
            Accumulate<TTile, TTile>(
                x, xPitch, xHeight, xWidth, channels, weights, outputChannels, firstRow + tileTop - 1, firstColumn + tileLeft - 1, tileColumn, sharedStart, item, sums);
            Float16Results.Finish<TTile, TTile>(
                sums, bias, residual, residualPitch, hasResidual, y, yPitch, firstPixel, columns, columns - tileLeft, tileColumn, columns, rows * columns, outputChannels,
                shuffledChannels, activation, pixelSums, tile, hasPixelSums, item);
        }
    }

    // The sums of a tile. TColumns says how many columns the group has, and so how many slices of weights there is room for.
    private static void Accumulate<TTile, TColumns>(
        ArrayView<short> x,
        int xPitch,
        int xHeight,
        int xWidth,
        int channels,
        ArrayView<short> weights,
        int outputChannels,
        int top,
        int left,
        int tileColumn,
        int pixels,
        int item,
        Float4[] sums)
        where TTile : struct, IFloat16Tile
        where TColumns : struct, IFloat16Tile
    {
        int slices = Gpu.Keep((channels + Float16Tiles.Depth - 1) / Float16Tiles.Depth);
        int steps = Gpu.Keep(Taps * slices);
        int firstWeight = Gpu.Keep(pixels + 2 * PixelBytes<TTile>());
        WeightRing ring = WeightRing.At(
            firstWeight,
            Gpu.Keep(pixels + XMath.Max(
                2 * PixelBytes<TTile>() + TColumns.Stages * TColumns.Columns * Float16Tiles.RowBytes, Float16Product.StagedBytes<TTile, TColumns>())));

        // Weights are fetched first, because they do not depend on the launch before.
        if (item == 0)
        {
            WeightRing.Begin(ring, TColumns.Stages);
            for (int stage = 0; stage < TColumns.Stages; stage++)
                WeightRing.Fetch<TColumns>(ring, stage, weights, steps, stage, tileColumn, outputChannels);
        }

        Launches.AwaitEarlier();

        // With three groups on a multiprocessor, those of the next launch take more from these than they gain.
        if (!Float16Product.ThreeShareProcessor<TTile>())
            Launches.AllowNext();
        Fetch<TTile>(x, xPitch, xHeight, xWidth, channels, 0, top, left, pixels, item);
        TensorCores.EndCopyGroup();

        int fetched = TColumns.Stages;
        int pixelSlot = 0;
        for (int slice = 0; slice < slices; slice++)
        {
            TensorCores.WaitForCopies(0);
            Warpgroup.ShowSharedMemory();
            Group.Barrier();
            if (slice + 1 < slices)
            {
                Fetch<TTile>(
                    x, xPitch, xHeight, xWidth, channels, (slice + 1) * Float16Tiles.Depth, top, left, pixels + PixelBytes<TTile>() - pixelSlot, item);
            }

            TensorCores.EndCopyGroup();
            for (int tap = 0; tap < Taps; tap++)
            {
                int rowOfTaps = tap / 3;
                int seen = (rowOfTaps * Float16NeighboursShape.SurroundedWidth + tap - 3 * rowOfTaps) * Float16Tiles.RowBytes;
                Float16Product.Multiply<TColumns>(pixels + pixelSlot + seen, WeightRing.Await<TColumns>(ring), item, sums, EightRows);
                if (fetched < steps)
                {
                    if (WeightRing.MayFill(ring, TTile.RowWarps, item))
                        WeightRing.Fetch<TColumns>(ring, ring.Stage, weights, steps, fetched, tileColumn, outputChannels);
                    fetched++;
                }

                ring = WeightRing.Next(ring, TColumns.Stages);
            }

            pixelSlot = PixelBytes<TTile>() - pixelSlot;
        }
    }

    // Starts to copy 64 channels of a tile's pixels and their neighbours, zeros outside the image.
    private static void Fetch<TTile>(
        ArrayView<short> x, int xPitch, int xHeight, int xWidth, int channels, int firstChannel, int top, int left, int slice, int item)
        where TTile : struct, IFloat16Tile
    {
        int chunk = item & 7;
        int channel = firstChannel + chunk * 8;
        for (int n = 0; n < Fetches<TTile>(); n++)
        {
            int place = item / 8 + n * (Float16Product.GroupSize<TTile>() / 8);
            int row = place / Float16NeighboursShape.SurroundedWidth;
            int column = place - row * Float16NeighboursShape.SurroundedWidth + left;
            row += top;
            bool isInside = (uint)row < (uint)xHeight & (uint)column < (uint)xWidth & channel < channels;
            if (place < Surrounded<TTile>())
            {
                TensorCores.StartCopy(
                    slice + Float16Product.Place(place, chunk),
                    ref x[isInside ? (row * xWidth + column) * xPitch + channel : 0],
                    isInside ? 16 : 0);
            }
        }
    }

    // Pixels of a tile with its neighbours.
    private static int Surrounded<TTile>()
        where TTile : struct, IFloat16Tile =>
        Float16NeighboursShape.SurroundedWidth * (TTile.Rows / Float16NeighboursShape.TileWidth + 2);

    private static int Fetches<TTile>()
        where TTile : struct, IFloat16Tile => (Surrounded<TTile>() * 8 + Float16Product.GroupSize<TTile>() - 1) / Float16Product.GroupSize<TTile>();

    private static int PixelBytes<TTile>()
        where TTile : struct, IFloat16Tile => TTile.Rows == 64 ? Float16NeighboursShape.PixelBytes64 : Float16NeighboursShape.PixelBytes128;
}
