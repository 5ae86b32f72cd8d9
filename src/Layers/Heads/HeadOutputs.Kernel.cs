using Gsasr.Kernels;
using ILGPU;

namespace Gsasr.Layers;

/// <summary>What the heads' networks compute, and where it stands in a Gaussian.</summary>
internal static class HeadOutputs
{
    private const int MeanHead = 4;
    private const int FirstRemainder = 9;

    /// <summary>Outputs of a head.</summary>
    public static int Count(int head) => head == 0 || head == MeanHead ? 2 : head == 3 ? 3 : 1;

    /// <summary>
    /// Stores an output of a cell. Means are divided by the grid's size and stand around the cell's centre; what float32 leaves out of
    /// them is stored too.
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
        if (head == MeanHead)
        {
            float grid = output == 0 ? gridWidth : gridHeight;
            float centre = output == 0 ? columnCentres[cell % width] : rowCentres[cell / width];
            value = AddQuotient(value, grid, centre, out float remainder);
            y[gaussian + FirstRemainder + output] = remainder;
        }

        y[gaussian + FirstColumn(head) + output] = value;
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

        // Of a Gaussian: sigmas 0 and 1, rho 2, alpha 3, colour 4 to 6, mean 7 and 8.
    private static int FirstColumn(int head) => head == 0 ? 0 : head == MeanHead ? 7 : head + 1;
}
