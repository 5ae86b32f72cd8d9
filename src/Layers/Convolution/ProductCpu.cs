using Gsasr.Tensors.Cpu;

namespace Gsasr.Layers;

/// <summary>
/// The inner loop of every matrix product on the processor: tiles of <see cref="TileRows"/> rows and two vectors of
/// columns, whose sums stay in registers over the whole depth.
/// </summary>
/// <remarks>
/// The right matrix [depth, columns] is packed in panels of two vectors: [panel][depth][2 * width], the last one filled up
/// with zeros. A row of the left matrix is <c>runs</c> stretches of <c>runLength</c> floats, <c>runStride</c> apart: one for
/// a linear layer, three (the image rows above, at and below) for a 3x3 convolution.
/// </remarks>
internal static unsafe class ProductCpu
{
    // One sum over a depth of up to 1728 would lose digits to rounding. Sums over stretches, added up, lose far fewer.
    private const int StretchLength = 64;

    /// <summary>Rows of a tile: 6 rows x 2 vectors + 3 operands fill the 16 registers of AVX2.</summary>
    public const int TileRows = 6;

    /// <summary>Columns of a panel.</summary>
    public static int PanelColumns => 2 * SimdWidth.Floats;

    /// <summary>Floats that a packed matrix takes.</summary>
    /// <param name="columns">Columns of the matrix.</param>
    /// <param name="depth">Rows of the matrix.</param>
    public static long PackedLength(int columns, int depth) => (long)(columns + PanelColumns - 1) / PanelColumns * PanelColumns * depth;

    /// <summary>Packs a matrix whose columns are stored one after the other.</summary>
    /// <param name="matrix">[columns, depth].</param>
    /// <param name="columns">Columns of the matrix.</param>
    /// <param name="depth">Rows of the matrix.</param>
    /// <param name="packed">Where <see cref="PackedLength"/> floats go.</param>
    public static void Pack(ReadOnlySpan<float> matrix, int columns, int depth, float* packed)
    {
        int panelColumns = PanelColumns;
        for (int first = 0; first < columns; first += panelColumns)
        {
            int used = Math.Min(panelColumns, columns - first);
            var panel = new Span<float>(packed, panelColumns * depth);
            if (used < panelColumns)
                panel.Clear();
            Transposition.Run(matrix[(first * depth)..], depth, used, depth, panel, panelColumns);
            packed += panel.Length;
        }
    }

    /// <summary>
    /// Multiplies any number of rows by a whole packed matrix and applies the epilogue:
    /// y = activation(a * b + bias) + residual.
    /// </summary>
    /// <param name="a">The left matrix.</param>
    /// <param name="rows">Rows to compute.</param>
    /// <param name="b">The packed matrix.</param>
    /// <param name="columns">Columns of the matrix.</param>
    /// <param name="epilogue">What happens to the product.</param>
    /// <param name="pixel">The index that row 0 has for the epilogue.</param>
    public static void Multiply<TVector, TSimd>(in ProductRows a, int rows, float* b, int columns, in EpilogueCpu epilogue, int pixel)
        where TVector : unmanaged
        where TSimd : ISimd<TVector>
    {
        int panelColumns = 2 * TSimd.Width;
        for (int column = 0; column < columns; column += panelColumns)
        {
            int used = Math.Min(panelColumns, columns - column);
            TileTarget target = epilogue.Target(pixel, column, out int neighbours);
            bool wholeVectors = used % TSimd.Width == 0 && used <= neighbours;
            int row = 0;
            for (; wholeVectors && row <= rows - TileRows; row += TileRows)
            {
                ProductTile.Multiply<TVector, TSimd>(a, row, b, used, target);
                target.Skip(TileRows);
            }

            for (; row < rows; row += TileRows)
                MultiplyEdge<TVector, TSimd>(a, row, rows, b, column, used, epilogue, pixel + row);
            b += (long)a.Depth * panelColumns;
        }
    }

    // A tile of which only some rows or columns are wanted is computed whole in a buffer.
    private static void MultiplyEdge<TVector, TSimd>(
        in ProductRows a, int row, int rows, float* panel, int column, int columns, in EpilogueCpu epilogue, int pixel)
        where TVector : unmanaged
        where TSimd : ISimd<TVector>
    {
        const int Pitch = 2 * 16;
        float* bias = stackalloc float[(1 + TileRows) * Pitch];
        float* tile = bias + Pitch;
        // The last tile starts early enough to stay inside the matrix.
        int start = Math.Max(0, Math.Min(row, rows - TileRows));
        float* wanted = tile + (row - start) * Pitch;
        int wantedRows = Math.Min(TileRows, rows - row);

        TileTarget whole = epilogue.Stage(pixel, wantedRows, column, columns, bias, wanted, Pitch);
        whole.Skip(start - row);
        ProductTile.Multiply<TVector, TSimd>(a, start, panel, columns, whole);
        epilogue.Commit(pixel, wantedRows, column, columns, wanted, Pitch);
    }
}
