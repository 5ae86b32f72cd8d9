using Gsasr.Kernels;
using ILGPU;
using ILGPU.Algorithms;

namespace Gsasr.Layers;

/// <summary>What becomes of the sums of a product of float16.</summary>
internal static class Float16Results
{
    // How many pixels of the residual an item reads at once.
    private const int RowsAtOnce = 4;

    /// <summary>
    /// Takes a tile's sums to memory: y = activation(sums + bias) + residual. They go through shared memory, so that an item finishes eight neighbouring channels of a
    /// pixel at once. TColumns says how many columns the group has.
    /// </summary>
    /// <param name="sums">The item's sums.</param>
    /// <param name="bias">Biases.</param>
    /// <param name="residual">What is added; its pixels are those of the result.</param>
    /// <param name="residualPitch">From pixel to pixel.</param>
    /// <param name="hasResidual">Whether anything is added.</param>
    /// <param name="y">The results.</param>
    /// <param name="yPitch">From pixel to pixel.</param>
    /// <param name="firstPixel">The tile's first pixel.</param>
    /// <param name="eightRows">Pixels from that of a row to that of the eighth row after it; eight rows are neighbouring pixels.</param>
    /// <param name="most">How many of eight rows are pixels.</param>
    /// <param name="tileColumn">The tile's first column.</param>
    /// <param name="columns">How wide the rectangle of pixels is.</param>
    /// <param name="pixels">All pixels.</param>
    /// <param name="outputChannels">All columns.</param>
    /// <param name="shuffledChannels">With a pixel shuffle, channels of y; 0 without one.</param>
    /// <param name="activation">The function.</param>
    /// <param name="pixelSums">[tile of rows][outputChannels], the sums of what is written for its pixels.</param>
    /// <param name="tile">The tile of rows.</param>
    /// <param name="hasPixelSums">Whether they are wanted; not with a pixel shuffle.</param>
    /// <param name="item">The item.</param>
    public static void Finish<TTile, TColumns>(
        Float4[] sums,
        ArrayView<float> bias,
        ArrayView<short> residual,
        int residualPitch,
        int hasResidual,
        ArrayView<short> y,
        int yPitch,
        int firstPixel,
        int eightRows,
        int most,
        int tileColumn,
        int columns,
        int pixels,
        int outputChannels,
        int shuffledChannels,
        int activation,
        ArrayView<float> pixelSums,
        int tile,
        int hasPixelSums,
        int item)
        where TTile : struct, IFloat16Tile
        where TColumns : struct, IFloat16Tile
    {
        Group.Barrier();
        ArrayView<float> staged = SharedMemory.GetDynamic<float>();
        Float16Product.Stage<TColumns>(staged, item, sums);

        // An item has the same eight channels of every pixel.
        int eights = TColumns.Columns / 8;
        int lanes = Float16Product.GroupSize<TTile>() / eights;
        int firstRowOfItem = item / eights;
        int eight = (item - firstRowOfItem * eights) * 8;
        int outputChannel = tileColumn + eight;
        bool isOutput = outputChannel < outputChannels & firstRowOfItem < lanes;
        int biasChannel = isOutput ? outputChannel : 0;
        Float4 bias0 = Gpu.Load4(ref bias[biasChannel]);
        Float4 bias1 = Gpu.Load4(ref bias[biasChannel + 4]);
        Group.Barrier();
        if (hasPixelSums == 0 & !isOutput)
            return;

        // Of items without channels, no rows.
        int endRow = isOutput ? TTile.Rows : 0;
        Float4 lowSum = default;
        Float4 highSum = default;
        int subpixel = shuffledChannels != 0 ? outputChannel / shuffledChannels : 0;
        int yChannel = outputChannel - subpixel * shuffledChannels;
        var added = new Int4[RowsAtOnce];
        for (int first = firstRowOfItem; first < endRow; first += RowsAtOnce * lanes)
        {
            // Nothing is written while these are on their way, because it could be what is read.
            for (int k = 0; k < RowsAtOnce; k++)
            {
                added[k] = hasResidual != 0
                    ? TensorCores.Load8(ref residual[XMath.Min(PixelOf(firstPixel, eightRows, first + k * lanes), pixels - 1) * residualPitch + outputChannel])
                    : default;
            }

            for (int k = 0; k < RowsAtOnce; k++)
            {
                int row = first + k * lanes;
                int pixel = PixelOf(firstPixel, eightRows, row);
                if (row < TTile.Rows & pixel < pixels & (row & 7) < most)
                {
                    int index = row * Float16Product.StagedPitch<TColumns>() + eight;
                    Float4 low = Epilogue.Activated(Gpu.Load4(ref staged[index]) + bias0, activation) + Float16Values.First(added[k]);
                    Float4 high = Epilogue.Activated(Gpu.Load4(ref staged[index + 4]) + bias1, activation) + Float16Values.Second(added[k]);
                    int yPixel = pixel;
                    if (shuffledChannels != 0)
                    {
                        int rowOfPixels = pixel / columns;
                        yPixel = (2 * rowOfPixels + (subpixel >> 1)) * 2 * columns + 2 * (pixel - rowOfPixels * columns) + (subpixel & 1);
                    }

                    Int4 rounded = Float16Values.Pack(low, high);
                    TensorCores.Store8(ref y[yPixel * yPitch + yChannel], rounded);
                    if (hasPixelSums != 0)
                    {
                        lowSum = lowSum + Float16Values.First(rounded);
                        highSum = highSum + Float16Values.Second(rounded);
                    }
                }
            }
        }

        if (hasPixelSums != 0)
            AddUp<TTile, TColumns>(staged, lowSum, highSum, pixelSums, tile * outputChannels + tileColumn, outputChannels - tileColumn, item);
    }

    // Adds up what the items of the same channels have, in their order. The sums are those of a row of [items of the same channels][columns].
    private static void AddUp<TTile, TColumns>(
        ArrayView<float> staged, Float4 low, Float4 high, ArrayView<float> pixelSums, int firstSum, int channels, int item)
        where TTile : struct, IFloat16Tile
        where TColumns : struct, IFloat16Tile
    {
        // What was staged has been read by all.
        Group.Barrier();
        Gpu.Store4(ref staged[item * 8], low);
        Gpu.Store4(ref staged[item * 8 + 4], high);
        Group.Barrier();
        if (item >= TColumns.Columns | item >= channels)
            return;
        float sum = staged[item];
        for (int lane = 1; lane < Float16Product.GroupSize<TTile>() * 8 / TColumns.Columns; lane++)
            sum += staged[lane * TColumns.Columns + item];
        pixelSums[firstSum + item] = sum;
    }

    private static int PixelOf(int firstPixel, int eightRows, int row) => firstPixel + (row >> 3) * eightRows + (row & 7);
}
