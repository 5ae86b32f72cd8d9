using Gsasr.Testing;

namespace Gsasr.Raster.Tests;

/// <summary>Made-up fields of Gaussians, the same on every machine.</summary>
internal static class Fields
{
    /// <summary>Gaussians anywhere on the canvas and a little outside it.</summary>
    public static float[] Random(string seed, int count, float sigma = 4, float rho = 3, float margin = 0.1f)
    {
        ulong hash = SeededNumbers.Hash(seed);
        var values = new float[count * 9];
        for (int i = 0; i < count; i++)
        {
            float U(int column) => SeededNumbers.Uniform(hash, i * 9L + column);
            Span<float> gaussian = values.AsSpan(i * 9, 9);
            gaussian[0] = sigma * U(0);
            gaussian[1] = sigma * U(1);
            gaussian[2] = rho * U(2);
            for (int k = 3; k < 7; k++)
                gaussian[k] = 4 * U(k);
            gaussian[7] = 0.5f + (0.5f + margin) * U(7);
            gaussian[8] = 0.5f + (0.5f + margin) * U(8);
        }

        return values;
    }

    /// <summary>Gaussians as a decoder leaves them: in raster order, each near its own cell of a grid.</summary>
    public static float[] Grid(string seed, int rows, int columns, float sigma = 2, float rho = 2)
    {
        float[] values = Random(seed, rows * columns, sigma, rho);
        for (int i = 0; i < rows * columns; i++)
        {
            values[i * 9 + 7] = (i % columns + 0.5f + 2 * (values[i * 9 + 7] - 0.5f)) / columns;
            values[i * 9 + 8] = (i / columns + 0.5f + 2 * (values[i * 9 + 8] - 0.5f)) / rows;
        }

        return values;
    }

    /// <summary>One Gaussian of full opacity and white colour.</summary>
    public static float[] One(float sigma0, float sigma1, float rho, float meanX, float meanY) =>
        [sigma0, sigma1, rho, 30, 30, 30, 30, meanX, meanY];

    /// <summary>Activated Gaussians anywhere on the canvas and a little outside it, of colours from -1 to 1.</summary>
    public static float[] Activated(string seed, int count, int colours)
    {
        ulong hash = SeededNumbers.Hash(seed);
        int columns = 5 + colours;
        var values = new float[count * columns];
        for (int i = 0; i < count; i++)
        {
            float U(int column) => SeededNumbers.Uniform(hash, i * 9L + column);
            Span<float> gaussian = values.AsSpan(i * columns, columns);
            gaussian[0] = MathF.Exp(2 * U(0));
            gaussian[1] = MathF.Exp(2 * U(1));
            gaussian[2] = 0.95f * U(2);
            gaussian[3] = 0.5f + 0.6f * U(3);
            gaussian[4] = 0.5f + 0.6f * U(4);
            for (int k = 5; k < columns; k++)
                gaussian[k] = U(k);
        }

        return values;
    }
}
