namespace Gsasr.Layers;

/// <summary>What happens to a row of a product on its way to memory: bias, activation, residual, pixel shuffle.</summary>
/// <param name="Output">The value of pixel 0 and column 0.</param>
/// <param name="Pitch">Floats from one pixel of the output to the next.</param>
/// <param name="Bias">One value per column.</param>
/// <param name="Activation">Applied after the bias.</param>
/// <param name="Residual">Added last, or null; laid out with <paramref name="ResidualPitch"/>.</param>
/// <param name="ResidualPitch">Floats from one pixel of the residual to the next.</param>
/// <param name="ShuffleColumns">
/// 0, or the columns that belong to one of 2 x 2 output pixels: column (2i + j) * ShuffleColumns + c of pixel p goes to
/// channel c of output pixel 2p + j in the row that starts i * ShuffleRowStride floats later.
/// </param>
/// <param name="ShuffleRowStride">Floats from one output row to the next.</param>
internal readonly unsafe record struct EpilogueCpu(
    nint Output, int Pitch, nint Bias, Activation Activation, nint Residual, int ResidualPitch, int ShuffleColumns, long ShuffleRowStride)
{
    /// <summary>Where the product's values of some rows go, for the columns that are neighbours there.</summary>
    /// <param name="pixel">The pixel of the first row.</param>
    /// <param name="column">The first column.</param>
    /// <param name="neighbours">How many columns from that one on lie side by side in memory.</param>
    public TileTarget Target(int pixel, int column, out int neighbours)
    {
        var target = new TileTarget { Bias = (float*)Bias + column, Activation = Activation };
        if (ShuffleColumns == 0)
        {
            neighbours = int.MaxValue;
            target.Output = (float*)Output + (long)pixel * Pitch + column;
            target.Pitch = Pitch;
            if (Residual != 0)
            {
                target.Residual = (float*)Residual + (long)pixel * ResidualPitch + column;
                target.ResidualPitch = ResidualPitch;
            }
        }
        else
        {
            int subpixel = column / ShuffleColumns;
            int channel = column - subpixel * ShuffleColumns;
            neighbours = ShuffleColumns - channel;
            target.Output = (float*)Output + (subpixel >> 1) * ShuffleRowStride + (2L * pixel + (subpixel & 1)) * Pitch + channel;
            target.Pitch = 2 * Pitch;
        }

        return target;
    }
}
