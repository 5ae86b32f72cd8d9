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
        int channels = expandBias.Length;
        int pixels = x.Length / channels;
        var means = new Bounded[channels];
        for (int c = 0; c < channels; c++)
        {
            var sum = default(BoundedSum);
            for (int pixel = 0; pixel < pixels; pixel++)
                sum.Add(x[(pixel * channels) + c]);
            means[c] = sum.Sum / pixels;
        }

        Bounded[] hidden = [.. Linear(means, squeeze, squeezeBias).Select(Bounded.Relu)];
        Bounded[] weights = [.. Linear(hidden, expand, expandBias).Select(Bounded.Sigmoid)];
        return [.. x.Select((value, i) => y[i] + (factor * weights[i % channels] * value))];
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
