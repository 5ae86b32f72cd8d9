namespace Gsasr.Layers;

/// <summary>Transposes matrices, block by block, so that the lines of memory in use stay in the cache.</summary>
internal static class Transposition
{
    // A cache line.
    private const int BlockLength = 16;

    /// <summary>Writes the rows of one matrix as the columns of another.</summary>
    /// <param name="source">The matrix.</param>
    /// <param name="sourcePitch">From one row of it to the next.</param>
    /// <param name="rows">Its rows.</param>
    /// <param name="columns">Its columns.</param>
    /// <param name="target">Takes the other.</param>
    /// <param name="targetPitch">From one row of the other to the next.</param>
    public static void Run(ReadOnlySpan<float> source, int sourcePitch, int rows, int columns, Span<float> target, int targetPitch)
    {
        for (int firstRow = 0; firstRow < rows; firstRow += BlockLength)
        {
            int endRow = Math.Min(firstRow + BlockLength, rows);
            for (int firstColumn = 0; firstColumn < columns; firstColumn += BlockLength)
            {
                int width = Math.Min(BlockLength, columns - firstColumn);
                for (int row = firstRow; row < endRow; row++)
                {
                    int place = firstColumn * targetPitch + row;
                    foreach (float value in source.Slice(row * sourcePitch + firstColumn, width))
                    {
                        target[place] = value;
                        place += targetPitch;
                    }
                }
            }
        }
    }
}
