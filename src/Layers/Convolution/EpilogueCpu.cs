using System.Runtime.CompilerServices;
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
    /// <summary>Finishes and stores some neighbouring columns of one pixel.</summary>
    /// <param name="source">The products; room for two vectors.</param>
    /// <param name="pixel">The pixel.</param>
    /// <param name="firstColumn">The column of the first product.</param>
    /// <param name="columns">How many products are stored.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store<TVector, TSimd>(float* source, int pixel, int firstColumn, int columns)
        where TVector : unmanaged
        where TSimd : ISimd<TVector>
    {
        if (ShuffleColumns == 0)
        {
            float* residual = Residual == 0 ? null : (float*)Residual + (long)pixel * ResidualPitch + firstColumn;
            StoreRun<TVector, TSimd>(source, (float*)Output + (long)pixel * Pitch + firstColumn, (float*)Bias + firstColumn, residual, columns);
            return;
        }

        while (columns > 0)
        {
            int subpixel = firstColumn / ShuffleColumns;
            int channel = firstColumn - subpixel * ShuffleColumns;
            int run = Math.Min(columns, ShuffleColumns - channel);
            float* output = (float*)Output + (subpixel >> 1) * ShuffleRowStride + (2L * pixel + (subpixel & 1)) * Pitch + channel;
            StoreRun<TVector, TSimd>(source, output, (float*)Bias + firstColumn, null, run);
            source += run;
            firstColumn += run;
            columns -= run;
        }
    }

    private void StoreRun<TVector, TSimd>(float* source, float* output, float* bias, float* residual, int columns)
        where TVector : unmanaged
        where TSimd : ISimd<TVector>
    {
        int column = 0;
        for (; column <= columns - TSimd.Width; column += TSimd.Width)
        {
            TVector value = Activate<TVector, TSimd>(TSimd.Add(TSimd.Load(source + column), TSimd.Load(bias + column)));
            if (residual is not null)
                value = TSimd.Add(value, TSimd.Load(residual + column));
            TSimd.Store(output + column, value);
        }

        for (; column < columns; column++)
        {
            float value = Activate<float, SimdScalar>(source[column] + bias[column]);
            output[column] = residual is null ? value : value + residual[column];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private TVector Activate<TVector, TSimd>(TVector value)
        where TVector : unmanaged
        where TSimd : ISimd<TVector>
    {
        switch (Activation)
        {
            case Activation.Relu:
                return TSimd.Max(value, TSimd.Broadcast(0));
            case Activation.LeakyRelu:
                return TSimd.Max(value, TSimd.Multiply(value, TSimd.Broadcast(0.01f)));
            case Activation.Gelu:
                TVector erf = VectorMath.Erf<TVector, TSimd>(TSimd.Multiply(value, TSimd.Broadcast(0.70710678f)));
                return TSimd.Multiply(TSimd.Multiply(value, TSimd.Broadcast(0.5f)), TSimd.Add(erf, TSimd.Broadcast(1)));
            default:
                return value;
        }
    }
}
