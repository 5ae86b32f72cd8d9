namespace Gsasr.Layers;

/// <summary>Where a block of Gaussians stands in the grid of the whole image, one cell for each Gaussian.</summary>
/// <param name="GridHeight">Rows of the whole grid.</param>
/// <param name="GridWidth">Columns of the whole grid.</param>
/// <param name="FirstRow">The grid row of the block's first row.</param>
/// <param name="FirstColumn">The grid column of the block's first column.</param>
public readonly record struct GridPlacement(int GridHeight, int GridWidth, int FirstRow, int FirstColumn);
