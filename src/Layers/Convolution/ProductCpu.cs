using System.Runtime.CompilerServices;
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
    // Sums over a whole depth of up to 1728 would lose digits to rounding; sums of sums over stretches lose far fewer.
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
            for (int k = 0; k < depth; k++)
            {
                for (int n = first; n < first + panelColumns; n++)
                    *packed++ = n < columns ? matrix[n * depth + k] : 0;
            }
        }
    }

    /// <summary>Multiplies six rows by one panel.</summary>
    /// <param name="a">The first row.</param>
    /// <param name="rowStride">Floats from one row to the next.</param>
    /// <param name="runLength">Floats in a stretch of a row.</param>
    /// <param name="runStride">Floats from one stretch to the next.</param>
    /// <param name="runs">Stretches in a row.</param>
    /// <param name="panel">The packed panel.</param>
    /// <param name="tile">[6, 2 * width], overwritten.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Tile<TVector, TSimd>(float* a, nint rowStride, int runLength, nint runStride, int runs, float* panel, float* tile)
        where TVector : unmanaged
        where TSimd : ISimd<TVector>
    {
        bool first = true;
        for (int run = 0; run < runs; run++)
        {
            float* upper = a + run * runStride;
            float* runEnd = upper + runLength;
            while (upper < runEnd)
            {
                TVector c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default;
                TVector c30 = default, c31 = default, c40 = default, c41 = default, c50 = default, c51 = default;
                float* lower = upper + 3 * rowStride;
                float* end = runEnd - upper > StretchLength ? upper + StretchLength : runEnd;
                while (upper < end)
                {
                    TVector b0 = TSimd.Load(panel);
                    TVector b1 = TSimd.Load(panel + TSimd.Width);
                    TVector row = TSimd.Broadcast(upper[0]);
                    c00 = TSimd.MultiplyAdd(row, b0, c00);
                    c01 = TSimd.MultiplyAdd(row, b1, c01);
                    row = TSimd.Broadcast(upper[rowStride]);
                    c10 = TSimd.MultiplyAdd(row, b0, c10);
                    c11 = TSimd.MultiplyAdd(row, b1, c11);
                    row = TSimd.Broadcast(upper[2 * rowStride]);
                    c20 = TSimd.MultiplyAdd(row, b0, c20);
                    c21 = TSimd.MultiplyAdd(row, b1, c21);
                    row = TSimd.Broadcast(lower[0]);
                    c30 = TSimd.MultiplyAdd(row, b0, c30);
                    c31 = TSimd.MultiplyAdd(row, b1, c31);
                    row = TSimd.Broadcast(lower[rowStride]);
                    c40 = TSimd.MultiplyAdd(row, b0, c40);
                    c41 = TSimd.MultiplyAdd(row, b1, c41);
                    row = TSimd.Broadcast(lower[2 * rowStride]);
                    c50 = TSimd.MultiplyAdd(row, b0, c50);
                    c51 = TSimd.MultiplyAdd(row, b1, c51);
                    panel += 2 * TSimd.Width;
                    upper++;
                    lower++;
                }

                int width = TSimd.Width;
                AddTo<TVector, TSimd>(tile, c00, first);
                AddTo<TVector, TSimd>(tile + width, c01, first);
                AddTo<TVector, TSimd>(tile + 2 * width, c10, first);
                AddTo<TVector, TSimd>(tile + 3 * width, c11, first);
                AddTo<TVector, TSimd>(tile + 4 * width, c20, first);
                AddTo<TVector, TSimd>(tile + 5 * width, c21, first);
                AddTo<TVector, TSimd>(tile + 6 * width, c30, first);
                AddTo<TVector, TSimd>(tile + 7 * width, c31, first);
                AddTo<TVector, TSimd>(tile + 8 * width, c40, first);
                AddTo<TVector, TSimd>(tile + 9 * width, c41, first);
                AddTo<TVector, TSimd>(tile + 10 * width, c50, first);
                AddTo<TVector, TSimd>(tile + 11 * width, c51, first);
                first = false;
            }
        }
    }

    /// <summary>As <see cref="Tile{TVector, TSimd}"/>, where only the panel's first vector of columns is in use.</summary>
    /// <param name="a">The first row.</param>
    /// <param name="rowStride">Floats from one row to the next.</param>
    /// <param name="runLength">Floats in a stretch of a row.</param>
    /// <param name="runStride">Floats from one stretch to the next.</param>
    /// <param name="runs">Stretches in a row.</param>
    /// <param name="panel">The packed panel.</param>
    /// <param name="tile">[6, 2 * width], the first vector of each row overwritten.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void NarrowTile<TVector, TSimd>(float* a, nint rowStride, int runLength, nint runStride, int runs, float* panel, float* tile)
        where TVector : unmanaged
        where TSimd : ISimd<TVector>
    {
        bool first = true;
        for (int run = 0; run < runs; run++)
        {
            float* upper = a + run * runStride;
            float* runEnd = upper + runLength;
            while (upper < runEnd)
            {
                TVector c0 = default, c1 = default, c2 = default, c3 = default, c4 = default, c5 = default;
                float* lower = upper + 3 * rowStride;
                float* end = runEnd - upper > StretchLength ? upper + StretchLength : runEnd;
                while (upper < end)
                {
                    TVector b = TSimd.Load(panel);
                    c0 = TSimd.MultiplyAdd(TSimd.Broadcast(upper[0]), b, c0);
                    c1 = TSimd.MultiplyAdd(TSimd.Broadcast(upper[rowStride]), b, c1);
                    c2 = TSimd.MultiplyAdd(TSimd.Broadcast(upper[2 * rowStride]), b, c2);
                    c3 = TSimd.MultiplyAdd(TSimd.Broadcast(lower[0]), b, c3);
                    c4 = TSimd.MultiplyAdd(TSimd.Broadcast(lower[rowStride]), b, c4);
                    c5 = TSimd.MultiplyAdd(TSimd.Broadcast(lower[2 * rowStride]), b, c5);
                    panel += 2 * TSimd.Width;
                    upper++;
                    lower++;
                }

                int stride = 2 * TSimd.Width;
                AddTo<TVector, TSimd>(tile, c0, first);
                AddTo<TVector, TSimd>(tile + stride, c1, first);
                AddTo<TVector, TSimd>(tile + 2 * stride, c2, first);
                AddTo<TVector, TSimd>(tile + 3 * stride, c3, first);
                AddTo<TVector, TSimd>(tile + 4 * stride, c4, first);
                AddTo<TVector, TSimd>(tile + 5 * stride, c5, first);
                first = false;
            }
        }
    }

    /// <summary>
    /// Multiplies any number of rows by a whole packed matrix and applies the epilogue:
    /// y = activation(a * b + bias) + residual.
    /// </summary>
    /// <param name="a">The first row; at least <see cref="TileRows"/> rows can be read from it, whatever <paramref name="rows"/> is.</param>
    /// <param name="rowStride">Floats from one row of a to the next.</param>
    /// <param name="rows">Rows to compute.</param>
    /// <param name="runLength">Floats in a stretch of a row.</param>
    /// <param name="runStride">Floats from one stretch to the next.</param>
    /// <param name="runs">Stretches in a row.</param>
    /// <param name="b">The packed matrix.</param>
    /// <param name="columns">Columns of the matrix.</param>
    /// <param name="epilogue">What happens to the product.</param>
    /// <param name="pixel">The index that row 0 has for the epilogue.</param>
    public static void Multiply<TVector, TSimd>(
        float* a, nint rowStride, int rows, int runLength, nint runStride, int runs, float* b, int columns, in EpilogueCpu epilogue, int pixel)
        where TVector : unmanaged
        where TSimd : ISimd<TVector>
    {
        int panelColumns = 2 * TSimd.Width;
        long panelLength = (long)runLength * runs * panelColumns;
        float* tile = stackalloc float[TileRows * 2 * 16];
        for (int firstColumn = 0; firstColumn < columns; firstColumn += panelColumns)
        {
            int panelUsed = Math.Min(panelColumns, columns - firstColumn);
            for (int row = 0; row < rows; row += TileRows)
            {
                // The last tile starts early enough to stay inside the matrix; the rows that it repeats are not stored again.
                int start = Math.Max(0, Math.Min(row, rows - TileRows));
                float* rowStart = a + start * rowStride;
                if (panelUsed <= TSimd.Width)
                    NarrowTile<TVector, TSimd>(rowStart, rowStride, runLength, runStride, runs, b, tile);
                else
                    Tile<TVector, TSimd>(rowStart, rowStride, runLength, runStride, runs, b, tile);
                int end = Math.Min(start + TileRows, rows);
                for (int r = row; r < end; r++)
                    epilogue.Store<TVector, TSimd>(tile + (r - start) * panelColumns, pixel + r, firstColumn, panelUsed);
            }

            b += panelLength;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddTo<TVector, TSimd>(float* tile, TVector sum, bool first)
        where TVector : unmanaged
        where TSimd : ISimd<TVector> => TSimd.Store(tile, first ? sum : TSimd.Add(TSimd.Load(tile), sum));
}
