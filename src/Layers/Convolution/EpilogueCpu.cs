using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

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
    /// <summary>The epilogue of a convolution; pixel 0 is the first of the output.</summary>
    /// <param name="arguments">The convolution.</param>
    public static EpilogueCpu Of(in ConvolutionArguments arguments) => new(
        (nint)CpuPointer.Of(arguments.Y),
        arguments.Y.Pitch,
        (nint)CpuPointer.Of(arguments.Bias),
        arguments.Activation,
        arguments.Residual is Tensor residual ? (nint)CpuPointer.Of(residual) : 0,
        arguments.Residual?.Pitch ?? 0,
        arguments.Weights.PixelShuffle ? arguments.Weights.OutputChannels / 4 : 0,
        (long)arguments.Y.Width * arguments.Y.Pitch);

    /// <summary>The same for a later row of the image, whose pixels then count from 0.</summary>
    /// <param name="row">The row, before a pixel shuffle makes two of it.</param>
    /// <param name="width">Pixels in a row of the output.</param>
    public EpilogueCpu OfRow(int row, int width)
    {
        long pixels = (long)row * width;
        return this with
        {
            Output = Output + (nint)((ShuffleColumns == 0 ? 1 : 2) * pixels * Pitch * sizeof(float)),
            Residual = Residual == 0 ? 0 : Residual + (nint)(pixels * ResidualPitch * sizeof(float)),
        };
    }

    /// <summary>Where some rows of the product go, for columns that lie side by side in the output.</summary>
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

    /// <summary>
    /// A buffer for whole vectors, for columns that do not fill vectors or do not lie side by side in the output. <see cref="Commit"/>
    /// copies the wanted columns from it to the output.
    /// </summary>
    /// <param name="pixel">The pixel of the first row.</param>
    /// <param name="rows">Rows that are wanted.</param>
    /// <param name="column">The first column.</param>
    /// <param name="columns">Columns that are wanted.</param>
    /// <param name="bias">Memory for one value for each column of the buffer.</param>
    /// <param name="buffer">The rows.</param>
    /// <param name="pitch">Floats from one row of the buffer to the next.</param>
    public TileTarget Stage(int pixel, int rows, int column, int columns, float* bias, float* buffer, int pitch)
    {
        TileTarget target = Target(pixel, column, out _);
        var staged = new TileTarget { Output = buffer, Pitch = pitch, Bias = bias, Activation = Activation };
        CpuPointer.Copy(target.Bias, bias, columns);
        if (target.Residual is not null)
        {
            staged.Residual = buffer;
            staged.ResidualPitch = pitch;
            for (int row = 0; row < rows; row++)
                CpuPointer.Copy(target.Residual + row * target.ResidualPitch, buffer + row * pitch, columns);
        }

        return staged;
    }

    /// <summary>Copies the wanted columns from the buffer of <see cref="Stage"/> to the output.</summary>
    /// <param name="pixel">The pixel of the first row.</param>
    /// <param name="rows">Rows that are wanted.</param>
    /// <param name="column">The first column.</param>
    /// <param name="columns">Columns that are wanted.</param>
    /// <param name="buffer">The rows.</param>
    /// <param name="pitch">Floats from one row of the buffer to the next.</param>
    public void Commit(int pixel, int rows, int column, int columns, float* buffer, int pitch)
    {
        int neighbours;
        for (int done = 0; done < columns; done += neighbours)
        {
            TileTarget target = Target(pixel, column + done, out neighbours);
            neighbours = Math.Min(columns - done, neighbours);
            for (int row = 0; row < rows; row++)
                CpuPointer.Copy(buffer + row * pitch + done, target.Output + row * target.Pitch, neighbours);
        }
    }
}
