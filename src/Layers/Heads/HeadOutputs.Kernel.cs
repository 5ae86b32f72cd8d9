using Gsasr.Kernels;
using Gsasr.Tensors;
using ILGPU;

namespace Gsasr.Layers;

/// <summary>The outputs of the heads, and their columns in a Gaussian.</summary>
internal static class HeadOutputs
{
    /// <summary>
    /// Stores an output of a cell. A mean is divided by the grid's size and added to the cell's centre; what float32 leaves out of it is
    /// stored too.
    /// </summary>
    public static void Store(
        ArrayView<float> y,
        int yPitch,
        int cell,
        int head,
        int output,
        float value,
        int width,
        int gridHeight,
        int gridWidth,
        ArrayView<float> rowCentres,
        ArrayView<float> columnCentres)
    {
        int gaussian = cell * yPitch;
        if (head == HeadsShape.MeanHead)
        {
            float grid = output == 0 ? gridWidth : gridHeight;
            float centre = output == 0 ? columnCentres[cell % width] : rowCentres[cell / width];
            value = AddQuotient(value, grid, centre, out float remainder);
            y[gaussian + GaussianFormat.Raw.MeanXRemainder + output] = remainder;
        }

        y[gaussian + HeadsShape.FirstColumnOf(head) + output] = value;
    }

    // value / grid + centre, and what float32 leaves out of it (Dekker, Knuth).
    private static float AddQuotient(float value, float grid, float centre, out float remainder)
    {
        float quotient = value / grid;
        float rest = Gpu.Fma(-quotient, grid, value) / grid;
        float sum = Gpu.Add(centre, quotient);
        float added = Gpu.Subtract(sum, centre);
        float lost = Gpu.Add(Gpu.Subtract(centre, Gpu.Subtract(sum, added)), Gpu.Subtract(quotient, added));
        rest = Gpu.Add(rest, lost);
        float mean = Gpu.Add(sum, rest);
        remainder = Gpu.Subtract(rest, Gpu.Subtract(mean, sum));
        return mean;
    }
}
