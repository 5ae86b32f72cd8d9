using Gsasr.Kernels;
using ILGPU;

namespace Gsasr.Layers;

/// <summary>
/// The tile that a group of a product of float16 computes. Groups with the same rows follow each other. Behind so many tiles of rows as are wide, groups have 64 columns
/// instead of 192: so the last rows, for which there are not enough groups to go around, are shared by more of them.
/// </summary>
internal struct Float16GroupTile
{
    private const int NarrowColumns = Warpgroups128x64.ColumnCount;

    /// <summary>The number of the tile of rows.</summary>
    public int Tile;

    /// <summary>The first column.</summary>
    public int Column;

    /// <summary>Whether it has 64 columns, where the others have 192.</summary>
    public bool IsNarrow;

    /// <summary>The calling group's.</summary>
    /// <param name="columns">All columns.</param>
    /// <param name="wideTiles">How many tiles of rows are wide.</param>
    public static Float16GroupTile Of<TTile>(int columns, int wideTiles)
        where TTile : struct, IFloat16Tile
    {
        int columnTiles = (columns + TTile.Columns - 1) / TTile.Columns;
        int tile = Grid.IdxX / columnTiles;
        int column = Gpu.Keep((Grid.IdxX - tile * columnTiles) * TTile.Columns);
        bool isNarrow = TTile.Columns == 192 && tile >= wideTiles;
        if (isNarrow)
        {
            int group = Grid.IdxX - wideTiles * columnTiles;
            columnTiles = (columns + NarrowColumns - 1) / NarrowColumns;
            tile = group / columnTiles;
            column = Gpu.Keep((group - tile * columnTiles) * NarrowColumns);
            tile += wideTiles;
        }

        return new Float16GroupTile { Tile = tile, Column = column, IsNarrow = isNarrow };
    }
}
