using Gsasr.Kernels;

namespace Gsasr.Layers;

/// <summary>Where an item finds the values of a convolution's input that it fetches for a product on tensor cores.</summary>
internal static class ConvolutionInput
{
    /// <summary>
    /// For each row of a tile that the item fetches: where its pixel's channels start, and which of its neighbours lie inside the image, as
    /// bits; none of a row after the last pixel.
    /// </summary>
    /// <param name="tileRow">The tile's first row, counted over all output pixels.</param>
    /// <param name="chunkChannel">The first channel of the item's chunk.</param>
    /// <param name="pixels">All output pixels.</param>
    /// <param name="firstRow">Where the rectangle of output pixels starts in the input.</param>
    /// <param name="firstColumn">Likewise.</param>
    /// <param name="columns">How wide the rectangle is.</param>
    /// <param name="xHeight">Rows of the input.</param>
    /// <param name="xWidth">Columns of the input.</param>
    /// <param name="xPitch">From pixel to pixel of the input.</param>
    /// <param name="taps">Pixels of the neighbourhood: 1 or 9.</param>
    /// <param name="item">The item.</param>
    /// <param name="offsets">Where channels start, one for each row.</param>
    /// <param name="inside">Neighbours, one number for each row.</param>
    public static void Locate<TTile>(
        int tileRow,
        int chunkChannel,
        int pixels,
        int firstRow,
        int firstColumn,
        int columns,
        int xHeight,
        int xWidth,
        int xPitch,
        int taps,
        int item,
        int[] offsets,
        int[] inside)
        where TTile : struct, IFloat16Tile
    {
        for (int n = 0; n < Float16Product.RowFetches<TTile>(); n++)
        {
            int pixel = tileRow + item / 8 + n * (Float16Product.GroupSize<TTile>() / 8);
            int rowOfPixels = pixel / columns;
            int row = firstRow + rowOfPixels;
            int column = firstColumn + pixel - rowOfPixels * columns;
            offsets[n] = Gpu.Keep(pixel < pixels ? (row * xWidth + column) * xPitch + chunkChannel : 0);
            inside[n] = Gpu.Keep(pixel < pixels ? taps == 1 ? 1 : Neighbours(row, column, xHeight, xWidth) : 0);
        }
    }

    /// <summary>How far a neighbour's channels are from those of the pixel.</summary>
    /// <param name="tap">The neighbour, row by row.</param>
    /// <param name="taps">Pixels of the neighbourhood: 1 or 9.</param>
    /// <param name="xWidth">Columns of the input.</param>
    /// <param name="xPitch">From pixel to pixel of the input.</param>
    public static int ShiftOf(int tap, int taps, int xWidth, int xPitch)
    {
        int rowOfTaps = tap / 3;
        return taps == 1 ? 0 : ((rowOfTaps - 1) * xWidth + tap - rowOfTaps * 3 - 1) * xPitch;
    }

    // Which of the nine neighbours of a pixel lie inside the image, as bits, row by row.
    private static int Neighbours(int row, int column, int height, int width)
    {
        int columns = (column > 0 ? 1 : 0) | 2 | (column < width - 1 ? 4 : 0);
        return (row > 0 ? columns : 0) | (columns << 3) | (row < height - 1 ? columns << 6 : 0);
    }
}
