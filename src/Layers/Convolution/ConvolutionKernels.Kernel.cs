using Gsasr.Kernels;
using ILGPU;

namespace Gsasr.Layers;

/// <summary>
/// Linear layers, 1x1 and 3x3 convolutions: y = activation(x * weights + bias) + residual as one matrix product, whose rows are
/// the output's pixels and whose depth is the neighbourhood of a pixel; and the products of a Winograd convolution.
/// </summary>
internal static class ConvolutionKernels
{
    /// <summary>
    /// Groups are numbered along the tiles of columns first, which share their rows of x. The pixels of the output from firstPixel to
    /// endPixel, counted row by row, are computed. shuffledChannels, alignedOutput: as in <see cref="Epilogue.Store"/>.
    /// </summary>
    [Kernel(Tile128x64.GroupSize, Specialization = typeof(Tile128x64), GroupsPerProcessor = Tile128x64.GroupsPerProcessor)]
    [Kernel(Tile64x64.GroupSize, Specialization = typeof(Tile64x64), GroupsPerProcessor = Tile64x64.GroupsPerProcessor)]
    [Kernel(Tile64x64Unaligned.GroupSize, Specialization = typeof(Tile64x64Unaligned))]
    public static void Convolve<TTile>(
        ArrayView<float> x,
        int xPitch,
        int xHeight,
        int xWidth,
        int channels,
        int taps,
        ArrayView<float> weights,
        ArrayView<float> bias,
        ArrayView<float> residual,
        int residualPitch,
        int hasResidual,
        ArrayView<float> y,
        int yPitch,
        int firstRow,
        int firstColumn,
        int columns,
        int firstPixel,
        int endPixel,
        int outputChannels,
        int shuffledChannels,
        int alignedOutput,
        int activation)
        where TTile : struct, IProductTile
    {
        ArrayView<float> slices = SharedMemory.Allocate<float>(TileProduct.SliceFloats<TTile>());
        ArrayView<float> totals = SharedMemory.Allocate<float>(TileProduct.TotalFloats<TTile>());
        int item = Group.IdxX;
        int group = Grid.IdxX;
        int tilesAlongColumns = (outputChannels + TTile.Columns - 1) / TTile.Columns;
        int rowOfTiles = group / tilesAlongColumns;
        int tileColumn = (group - rowOfTiles * tilesAlongColumns) * TTile.Columns;
        int tileRow = firstPixel + rowOfTiles * TTile.Rows;

        var offsets = new int[TileProduct.RowFetches<TTile>() + TileProduct.Spare];
        var inside = new int[TileProduct.RowFetches<TTile>() + TileProduct.Spare];
        for (int n = 0; n < TileProduct.RowFetches<TTile>(); n++)
        {
            int inTile = TileProduct.FetchedRow<TTile>(item, n);
            int pixel = tileRow + inTile;
            int rowOfPixel = pixel / columns;
            int row = firstRow + rowOfPixel;
            int column = firstColumn + pixel - rowOfPixel * columns;
            int neighbours = 0;
            if (inTile < TTile.Rows && pixel < endPixel)
            {
                int inRow = 2 | (column > 0 ? 1 : 0) | (column + 1 < xWidth ? 4 : 0);
                neighbours = taps == 1 ? 1 : (row > 0 ? inRow : 0) | (inRow << 3) | (row + 1 < xHeight ? inRow << 6 : 0);
            }

            inside[n] = neighbours;
            offsets[n] = neighbours != 0 ? (row * xWidth + column) * xPitch : 0;
        }

        var sums = new Float4[16];
        TileProduct.Multiply<TTile>(
            x, offsets, inside, xPitch, xWidth, channels, taps, weights, 0, (outputChannels + 3) / 4 * 4, tileColumn, slices, totals, true, sums);

        int itemRow = tileRow + TileProduct.FirstRow<TTile>(item);
        int itemColumn = tileColumn + TileProduct.FirstColumn<TTile>(item);
        for (int h = 0; h < 2; h++)
        {
            int channel = itemColumn + h * 16;
            Float4 biases = Channels.LoadReadOnly(bias, channel, outputChannels - channel, 0);
            for (int i = 0; i < 8; i++)
                sums[2 * i + h] = sums[2 * i + h] + biases;
        }

        if (activation != 0)
        {
            for (int i = 0; i < 16; i++)
                sums[i] = Epilogue.Activated(sums[i], activation);
        }

        for (int i = 0; i < 8; i++)
        {
            int pixel = TileProduct.RowOf(itemRow, i);
            if (pixel < endPixel)
            {
                for (int h = 0; h < 2; h++)
                {
                    Epilogue.Store(
                        y, yPitch, residual, residualPitch, hasResidual, pixel, columns, itemColumn + h * 16, outputChannels,
                        shuffledChannels, alignedOutput, sums[2 * i + h]);
                }
            }
        }
    }

    /// <summary>
    /// The products of a Winograd convolution (WinogradKernels): plane p of y is plane p of x times plane p of the weights. Groups
    /// run along the tiles of columns first, then the rows; the second dimension is the planes.
    /// x: [16][rows][xPitch], weights: [16][xPitch rounded up to <see cref="ProductTiles.Depth"/>][yPitch], y: [16][rows][yPitch];
    /// pitches are multiples of 4.
    /// </summary>
    [Kernel(Tile128x64.GroupSize, Specialization = typeof(Tile128x64), GroupsPerProcessor = Tile128x64.GroupsPerProcessor)]
    [Kernel(Tile64x64.GroupSize, Specialization = typeof(Tile64x64), GroupsPerProcessor = Tile64x64.GroupsPerProcessor)]
    public static void MultiplyPlanes<TTile>(
        ArrayView<float> x,
        int xPitch,
        ArrayView<float> weights,
        ArrayView<float> y,
        int yPitch,
        int rows)
        where TTile : struct, IProductTile
    {
        ArrayView<float> slices = SharedMemory.Allocate<float>(TileProduct.SliceFloats<TTile>());
        ArrayView<float> totals = SharedMemory.Allocate<float>(TileProduct.TotalFloats<TTile>());
        int item = Group.IdxX;
        int group = Grid.IdxX;
        int plane = Grid.IdxY;
        int tilesAlongColumns = (yPitch + TTile.Columns - 1) / TTile.Columns;
        int rowOfTiles = group / tilesAlongColumns;
        int tileColumn = (group - rowOfTiles * tilesAlongColumns) * TTile.Columns;
        int tileRow = rowOfTiles * TTile.Rows;

        var offsets = new int[TileProduct.RowFetches<TTile>() + TileProduct.Spare];
        var inside = new int[TileProduct.RowFetches<TTile>() + TileProduct.Spare];
        for (int n = 0; n < TileProduct.RowFetches<TTile>(); n++)
        {
            int inTile = TileProduct.FetchedRow<TTile>(item, n);
            inside[n] = inTile < TTile.Rows && tileRow + inTile < rows ? 1 : 0;
            offsets[n] = inside[n] != 0 ? (plane * rows + tileRow + inTile) * xPitch : 0;
        }

        var sums = new Float4[16];
        int planeOfWeights = plane * ((xPitch + ProductTiles.Depth - 1) / ProductTiles.Depth * ProductTiles.Depth) * yPitch;
        TileProduct.Multiply<TTile>(x, offsets, inside, 0, 0, xPitch, 1, weights, planeOfWeights, yPitch, tileColumn, slices, totals, true, sums);

        int itemRow = tileRow + TileProduct.FirstRow<TTile>(item);
        int itemColumn = tileColumn + TileProduct.FirstColumn<TTile>(item);
        for (int i = 0; i < 8; i++)
        {
            int row = TileProduct.RowOf(itemRow, i);
            if (row < rows)
            {
                for (int h = 0; h < 2; h++)
                {
                    int channel = itemColumn + h * 16;
                    Channels.Store(y, (plane * rows + row) * yPitch + channel, yPitch - channel, 1, sums[2 * i + h]);
                }
            }
        }
    }
}
