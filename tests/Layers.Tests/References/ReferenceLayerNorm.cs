namespace Gsasr.Layers.Tests;

/// <summary>Layer normalisation over the channels of each pixel, written from its definition.</summary>
internal static class ReferenceLayerNorm
{
    private const double Epsilon = 1e-5;

    /// <summary>(z - mean z) / sqrt(var z + 1e-5) * gamma + beta + table, with z = x + shift.</summary>
    /// <param name="x">[pixels, channels].</param>
    /// <param name="gamma">[channels].</param>
    /// <param name="beta">[channels].</param>
    /// <param name="shift">[channels], or null.</param>
    /// <param name="tableOf">The table's value for a pixel and a channel, or null.</param>
    public static Bounded[] Run(float[] x, float[] gamma, float[] beta, float[]? shift, Func<int, int, float>? tableOf)
    {
        int channels = gamma.Length;
        var y = new Bounded[x.Length];
        for (int pixel = 0; pixel < x.Length / channels; pixel++)
        {
            var z = new Bounded[channels];
            var sum = default(BoundedSum);
            for (int c = 0; c < channels; c++)
            {
                z[c] = x[(pixel * channels) + c];
                if (shift is not null)
                    z[c] += shift[c];
                sum.Add(z[c]);
            }

            Bounded mean = sum.Sum / channels;
            var squares = default(BoundedSum);
            for (int c = 0; c < channels; c++)
                squares.Add(z[c] - mean, z[c] - mean);
            Bounded factor = Bounded.ReciprocalRoot((squares.Sum / channels) + Bounded.Constant(Epsilon));
            for (int c = 0; c < channels; c++)
            {
                Bounded value = ((z[c] - mean) * factor * gamma[c]) + beta[c];
                y[(pixel * channels) + c] = tableOf is null ? value : value + tableOf(pixel, c);
            }
        }

        return y;
    }
}
