using Gsasr.Checkpoints;
using Gsasr.Layers;
using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Bench;

/// <summary>
/// A module of a network with its weights, as PyTorch runs it under autocast to bfloat16: what products multiply is rounded to bfloat16, and so are their results; sums are
/// float32; what normalises and softmax are float32. A bias is rounded, and added before the result is.
/// </summary>
/// <param name="checkpoint">The weights.</param>
/// <param name="prefix">How the names of this module's begin.</param>
/// <param name="device">Makes the sums.</param>
/// <param name="rounds">Whether anything is rounded; if not, it is the same network in float32.</param>
internal sealed class AutocastModule(Checkpoint checkpoint, string prefix, CpuDevice device, bool rounds)
{
    private const double NormEpsilon = 1e-5;

    /// <summary>A module within this one.</summary>
    /// <param name="name">Its name.</param>
    public AutocastModule Below(string name) => new(checkpoint, $"{prefix}{name}.", device, rounds);

    /// <summary>A parameter's values.</summary>
    /// <param name="name">Its name.</param>
    public float[] Values(string name)
    {
        var values = new float[checkpoint.Tensors[prefix + name].Count];
        checkpoint.Read(prefix + name, values.AsSpan());
        return values;
    }

    /// <summary>A buffer's integers.</summary>
    /// <param name="name">Its name.</param>
    public long[] Integers(string name)
    {
        var values = new long[checkpoint.Tensors[prefix + name].Count];
        checkpoint.Read(prefix + name, values.AsSpan());
        return values;
    }

    /// <summary>A linear layer or a convolution.</summary>
    /// <param name="x">Its input.</param>
    /// <param name="name">Its name: it has NAME.weight and NAME.bias.</param>
    public AutocastTensor Product(AutocastTensor x, string name) => Product(x, Values($"{name}.weight"), Values($"{name}.bias"));

    /// <summary>A linear layer or a convolution.</summary>
    /// <param name="x">Its input.</param>
    /// <param name="weight">[outputs, inputs], or [outputs, inputs, kernel, kernel].</param>
    /// <param name="bias">[outputs].</param>
    public AutocastTensor Product(AutocastTensor x, float[] weight, float[] bias)
    {
        float[] input = x.Values;
        if (rounds)
        {
            Bfloat16.Round(weight);
            Bfloat16.Round(bias);
            input = Array.ConvertAll(input, Bfloat16.Round);
        }

        var kernel = (int)Math.Sqrt(weight.Length / (bias.Length * x.Channels));
        using ConvolutionWeights packed = ConvolutionWeights.Create(device, weight, bias, x.Channels, bias.Length, kernel);
        Tensor uploaded = device.Upload(input, x.Height, x.Width, x.Channels);
        using DeviceBuffer memory = uploaded.Buffer;
        using DeviceBuffer sums = device.Allocate((long)x.Height * x.Width * bias.Length * sizeof(float));
        var y = new Tensor(sums, 0, x.Height, x.Width, bias.Length, bias.Length);
        Convolution.Run(uploaded, packed, y);
        return new(x.Height, x.Width, bias.Length, y.ToArray(), rounds);
    }

    /// <summary>Two linear layers.</summary>
    /// <param name="x">Their input.</param>
    /// <param name="first">The name of the first.</param>
    /// <param name="second">The name of the second.</param>
    /// <param name="gelu">Whether GELU is between them; else it is ReLU.</param>
    public AutocastTensor Perceptron(AutocastTensor x, string first, string second, bool gelu = false)
    {
        AutocastTensor hidden = Product(x, first);
        return Product(gelu ? hidden.Gelu() : hidden.Relu(), second);
    }

    /// <summary>A layer normalisation: float32, whatever the input is.</summary>
    /// <param name="x">Its input.</param>
    /// <param name="name">Its name.</param>
    public AutocastTensor Norm(AutocastTensor x, string name)
    {
        float[] gamma = Values($"{name}.weight");
        float[] beta = Values($"{name}.bias");
        var y = new float[x.Values.Length];
        for (int first = 0; first < y.Length; first += x.Channels)
        {
            ReadOnlySpan<float> pixel = x.Values.AsSpan(first, x.Channels);
            double mean = 0;
            foreach (float value in pixel)
                mean += value / (double)x.Channels;
            double variance = 0;
            foreach (float value in pixel)
                variance += (value - mean) * (value - mean) / x.Channels;
            double factor = 1 / Math.Sqrt(variance + NormEpsilon);
            for (int c = 0; c < x.Channels; c++)
                y[first + c] = (float)((pixel[c] - mean) * factor * gamma[c] + beta[c]);
        }

        return new(x.Height, x.Width, x.Channels, y);
    }
}
