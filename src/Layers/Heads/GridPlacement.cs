using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary>Where a block of Gaussians stands in the grid of the whole image, one cell for each Gaussian.</summary>
/// <param name="GridHeight">Rows of the whole grid.</param>
/// <param name="GridWidth">Columns of the whole grid.</param>
/// <param name="RowCentres">[1, 1, rows of the block]: the centre of each row of cells, with the whole grid as [0, 1].</param>
/// <param name="ColumnCentres">[1, 1, columns of the block]: the centre of each column of cells, likewise.</param>
internal readonly record struct GridPlacement(int GridHeight, int GridWidth, Tensor RowCentres, Tensor ColumnCentres)
{
    // The vectors of AVX2, with which the reference numbers of the published code were computed.
    private const int Lanes = 8;

    /// <summary>The placement of some rows of the block.</summary>
    /// <param name="first">The first row.</param>
    /// <param name="count">How many.</param>
    public GridPlacement SliceRows(int first, int count) => this with { RowCentres = RowCentres.SliceChannels(first, count) };

    /// <summary>
    /// Computes the centres of cells as the published code does: torch.linspace from half a cell to one minus half a cell, in
    /// float32, from both ends towards the middle, in vectors of eight whose first value is rounded once and the others twice.
    /// Its rounding errors of 3e-8 are reproduced because thin Gaussians make them visible.
    /// </summary>
    /// <param name="count">Rows or columns of the whole grid.</param>
    /// <param name="first">The first cell wanted.</param>
    /// <param name="centres">One value for each wanted cell.</param>
    public static void ComputeCentres(int count, int first, Span<float> centres)
    {
        float start = (float)(1.0 / count / 2);
        float end = (float)(1 - 1.0 / count / 2);
        float step = (end - start) / (count - 1);
        for (int i = 0; i < centres.Length; i++)
        {
            int cell = first + i;
            int lane = cell % Lanes;
            int vector = cell - lane;
            float vectorStart = vector < count / 2
                ? MathF.FusedMultiplyAdd(step, vector, start)
                : MathF.FusedMultiplyAdd(-step, count - 1 - vector, end);
            centres[i] = vectorStart + step * lane;
        }
    }
}
