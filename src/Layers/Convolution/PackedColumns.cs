namespace Gsasr.Layers;

/// <summary>
/// The right operand of products on tensor cores, in the order in which kernels copy it: 64 columns at a time, the last filled up with zeros, and of them one slice of the depth after the
/// other, each as it will lie in shared memory (Float16Product.Kernel.cs). So a slice of a tile is a few blocks of memory.
/// </summary>
/// <param name="columns">Columns.</param>
/// <param name="slices">Slices of the depth.</param>
internal sealed class PackedColumns(int columns, int slices)
{
    private const int ChunkLength = 8;

    /// <summary>All values.</summary>
    public Half[] Values { get; } = new Half[checked(LayerKernels.DivideUp(columns, Float16Tiles.BlockColumns) * slices * Float16Tiles.BlockColumns * Float16Tiles.Depth)];

    /// <summary>Sets values of a column, from the beginning of a slice on.</summary>
    /// <param name="column">The column.</param>
    /// <param name="slice">The first slice.</param>
    /// <param name="values">The values of this slice, and perhaps of those after it.</param>
    public void Set(int column, int slice, ReadOnlySpan<Half> values)
    {
        int row = column % Float16Tiles.BlockColumns;
        for (int i = 0; i < values.Length; i += ChunkLength)
        {
            int start = ((column / Float16Tiles.BlockColumns * slices + slice + i / Float16Tiles.Depth) * Float16Tiles.BlockColumns + row) * Float16Tiles.Depth;
            int chunk = i % Float16Tiles.Depth / ChunkLength;
            values[i..Math.Min(i + ChunkLength, values.Length)].CopyTo(Values.AsSpan(start + (chunk ^ row % ChunkLength) * ChunkLength));
        }
    }
}
