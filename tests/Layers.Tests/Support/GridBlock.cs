using Gsasr.Tensors;

namespace Gsasr.Layers.Tests;

/// <summary>Where a block of cells stands in a grid.</summary>
/// <param name="GridHeight">Rows of the grid.</param>
/// <param name="GridWidth">Columns of the grid.</param>
/// <param name="FirstRow">The grid row of the block's first row.</param>
/// <param name="FirstColumn">The grid column of the block's first column.</param>
internal readonly record struct GridBlock(int GridHeight, int GridWidth, int FirstRow, int FirstColumn)
{
    /// <summary>The placement of a block, whose centres live until the arena's scope ends.</summary>
    /// <param name="rows">Rows of the block.</param>
    /// <param name="columns">Columns of the block.</param>
    /// <param name="arena">Memory for the centres.</param>
    public GridPlacement Place(int rows, int columns, Arena arena) =>
        new(GridHeight, GridWidth, Upload(RowCentres(rows), arena), Upload(ColumnCentres(columns), arena));

    /// <summary>The centres of the block's rows, in [0, 1] of the grid.</summary>
    /// <param name="rows">Rows of the block.</param>
    public float[] RowCentres(int rows) => Centres(GridHeight, FirstRow, rows);

    /// <summary>The centres of the block's columns, in [0, 1] of the grid.</summary>
    /// <param name="columns">Columns of the block.</param>
    public float[] ColumnCentres(int columns) => Centres(GridWidth, FirstColumn, columns);

    private static float[] Centres(int count, int first, int wanted) =>
        [.. Enumerable.Range(first, wanted).Select(cell => (float)((cell + 0.5) / count))];

    private static Tensor Upload(float[] centres, Arena arena)
    {
        Tensor tensor = arena.Allocate(1, 1, centres.Length);
        tensor.Upload<float>(centres);
        return tensor;
    }
}
