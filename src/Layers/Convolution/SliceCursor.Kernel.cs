namespace Gsasr.Layers;

/// <summary>A slice of the weights of one tile of columns after another: all slices of a tile, then those of the next.</summary>
internal struct SliceCursor
{
    /// <summary>The tile, by its number or by its first column.</summary>
    public int Tile;

    /// <summary>The slice of its depth.</summary>
    public int Slice;

    /// <summary>The first slice of a tile.</summary>
    /// <param name="tile">The tile.</param>
    public static SliceCursor At(int tile) => new() { Tile = tile, Slice = 0 };

    /// <summary>The slice after another.</summary>
    /// <param name="cursor">The other.</param>
    /// <param name="slices">Slices of a tile.</param>
    /// <param name="step">From a tile to the next.</param>
    public static SliceCursor Next(SliceCursor cursor, int slices, int step)
    {
        cursor.Slice++;
        if (cursor.Slice == slices)
        {
            cursor.Slice = 0;
            cursor.Tile += step;
        }

        return cursor;
    }
}
