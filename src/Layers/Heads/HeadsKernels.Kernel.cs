using Gsasr.Kernels;
using Gsasr.Tensors;
using ILGPU;

namespace Gsasr.Layers;

/// <summary>The second and third layers of the five networks that make a Gaussian: the 4C values between them stay on the chip.</summary>
internal static class HeadsKernels
{
    /// <summary>
    /// A group takes a tile of cells and one head, and goes through the tiles of the head's inner values. For each tile, a work-item
    /// multiplies its 8 x 8 values with the third layer's weights and adds them to partial sums of its own: partial is [output][half of the
    /// item's rows][item] with 4 rows in a vector. At the end, the sums of a row's items are added from left to right.
    /// </summary>
    /// <remarks>
    /// hidden: [cells, 5C], the first layer's result. second: the five heads' weights side by side, C -> 20C. third: [5][3][4C] and
    /// thirdBias: [5][3], without values where a head has fewer outputs. y: the block of Gaussians; firstCell is the first of these
    /// cells in it, and width its cells in a row. rowCentres, columnCentres: the centres of the block's cells.
    /// </remarks>
    [Kernel(Tile128x128.GroupSize, Specialization = typeof(Tile128x128), GroupsPerProcessor = 2)]
    [Kernel(Tile64x96.GroupSize, Specialization = typeof(Tile64x96))]
    [Kernel(Tile64x64Unaligned.GroupSize, Specialization = typeof(Tile64x64Unaligned))]
    public static void FinishHeads<TTile>(
        ArrayView<float> hidden,
        int hiddenPitch,
        ArrayView<float> second,
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
        where TTile : struct, IProductTile
    {
        ArrayView<float> slices = SharedMemory.Allocate<float>(TileProduct.SliceFloats<TTile>());
        ArrayView<float> partial = SharedMemory.Allocate<float>(HeadsShape.MaximumOutputs * 2 * TileProduct.GroupSize<TTile>() * 4);
        int item = Group.IdxX;
        int head = Grid.IdxX % HeadsShape.Heads;
        int tileRow = Grid.IdxX / HeadsShape.Heads * TTile.Rows;
        int inner = 4 * channels;
        int outputs = HeadsShape.OutputsOf(head);
        int firstItemColumn = TileProduct.FirstColumn<TTile>(item);

        var offsets = new int[TileProduct.RowFetches<TTile>() + TileProduct.Spare];
        var inside = new int[TileProduct.RowFetches<TTile>() + TileProduct.Spare];
        for (int n = 0; n < TileProduct.RowFetches<TTile>(); n++)
        {
            int inTile = TileProduct.FetchedRow<TTile>(item, n);
            int cell = tileRow + inTile;
            inside[n] = inTile < TTile.Rows && cell < cells ? 1 : 0;
            offsets[n] = inside[n] != 0 ? cell * hiddenPitch + head * channels : 0;
        }

        for (int output = 0; output < outputs; output++)
        {
            Gpu.Store4(ref partial[PartialOf<TTile>(output, 0, item)], default);
            Gpu.Store4(ref partial[PartialOf<TTile>(output, 1, item)], default);
        }

        var sums = new Float4[16];
        var rows = new float[8];
        for (int tile = 0; tile < inner; tile += TTile.Columns)
        {
            TileProduct.Multiply<TTile>(
                hidden, offsets, inside, 0, 0, channels, 1, second, 0, HeadsShape.Heads * inner, head * inner + tile, slices, partial, false, sums);
            for (int h = 0; h < 2; h++)
            {
                int column = tile + firstItemColumn + h * 16;
                Float4 biases = Channels.LoadReadOnly(secondBias, head * inner + column, inner - column, 1);
                for (int i = 0; i < 8; i++)
                    sums[2 * i + h] = Functions.Rectified(sums[2 * i + h] + biases);
            }

            for (int output = 0; output < outputs; output++)
            {
                // After the last inner value come those of the next head; they are multiplied with zeros.
                int weights = (head * HeadsShape.MaximumOutputs + output) * inner;
                int column = tile + firstItemColumn;
                Float4 weight0 = Channels.LoadReadOnly(third, weights + column, inner - column, 1);
                Float4 weight1 = Channels.LoadReadOnly(third, weights + column + 16, inner - column - 16, 1);
                for (int i = 0; i < 8; i++)
                    rows[i] = Dot(sums[2 * i], weight0) + Dot(sums[2 * i + 1], weight1);
                AddTo(partial, PartialOf<TTile>(output, 0, item), new Float4(rows[0], rows[1], rows[2], rows[3]));
                AddTo(partial, PartialOf<TTile>(output, 1, item), new Float4(rows[4], rows[5], rows[6], rows[7]));
            }
        }

        Group.Barrier();
        for (int index = item; index < TTile.Rows * outputs; index += TileProduct.GroupSize<TTile>())
        {
            int output = index / TTile.Rows;
            int row = index - output * TTile.Rows;
            int cell = tileRow + row;
            if (cell < cells)
            {
                float value = thirdBias[head * HeadsShape.MaximumOutputs + output];
                for (int n = 0; n < TTile.Columns / 8; n++)
                    value += partial[PartialOf<TTile>(output, (row >> 5) & 1, TileProduct.ItemOf<TTile>(row, (n >> 2) * 32 + (n & 3) * 4)) + (row & 3)];
                HeadOutputs.Store(y, yPitch, cell + firstCell, head, output, value, width, gridHeight, gridWidth, rowCentres, columnCentres);
            }
        }
    }

    private static int PartialOf<TTile>(int output, int half, int item)
        where TTile : struct, IProductTile => ((output * 2 + half) * TileProduct.GroupSize<TTile>() + item) * 4;

    private static void AddTo(ArrayView<float> partial, int index, Float4 values) =>
        Gpu.Store4(ref partial[index], Gpu.Load4(ref partial[index]) + values);

    private static float Dot(Float4 a, Float4 b) => Gpu.Fma(a.W, b.W, Gpu.Fma(a.Z, b.Z, Gpu.Fma(a.Y, b.Y, a.X * b.X)));
}
