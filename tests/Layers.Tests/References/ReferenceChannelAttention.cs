namespace Gsasr.Layers.Tests;

/// <summary>Squeeze-and-excitation, written from the definition of <see cref="ChannelAttention"/>.</summary>
internal static class ReferenceChannelAttention
{
    /// <summary>y + factor * x * sigmoid(expand * relu(squeeze * mean + squeezeBias) + expandBias).</summary>
    /// <param name="x">[pixels, channels].</param>
    /// <param name="y">[pixels, channels].</param>
    /// <param name="squeeze">[squeezed, channels].</param>
    /// <param name="squeezeBias">[squeezed].</param>
    /// <param name="expand">[channels, squeezed].</param>
    /// <param name="expandBias">[channels].</param>
    /// <param name="factor">The branch's weight.</param>
    public static Bounded[] Run(
        float[] x, float[] y, float[] squeeze, float[] squeezeBias, float[] expand, float[] expandBias, float factor)
    {
        Bounded[] weights = Gates(x, x.Length / expandBias.Length, squeeze, squeezeBias, expand, expandBias);
        return [.. x.Select((value, i) => y[i] + (factor * weights[i % weights.Length] * value))];
    }

    /// <summary>sigmoid(expand * relu(squeeze * (sum of the parts / pixels) + squeezeBias) + expandBias).</summary>
    /// <param name="parts">[parts, channels].</param>
    /// <param name="pixels">What the sums are divided by.</param>
    /// <param name="squeeze">[squeezed, channels].</param>
    /// <param name="squeezeBias">[squeezed].</param>
    /// <param name="expand">[channels, squeezed].</param>
    /// <param name="expandBias">[channels].</param>
    public static Bounded[] Gates(float[] parts, int pixels, float[] squeeze, float[] squeezeBias, float[] expand, float[] expandBias)
    {
        int channels = expandBias.Length;
        var means = new Bounded[channels];
        for (int c = 0; c < channels; c++)
        {
            var sum = default(BoundedSum);
            for (int first = 0; first < parts.Length; first += channels)
                sum.Add(parts[first + c]);
            means[c] = sum.Sum / pixels;
        }

        Bounded[] hidden = [.. Linear(means, squeeze, squeezeBias).Select(Bounded.Relu)];
        return [.. Linear(hidden, expand, expandBias).Select(Bounded.Sigmoid)];
    }

    private static Bounded[] Linear(Bounded[] input, float[] weight, float[] bias)
    {
        var output = new Bounded[bias.Length];
        for (int n = 0; n < output.Length; n++)
        {
            var sum = default(BoundedSum);
            for (int k = 0; k < input.Length; k++)
                sum.Add(input[k], weight[(n * input.Length) + k]);
            output[n] = sum.Sum + bias[n];
        }

        return output;
    }
}
