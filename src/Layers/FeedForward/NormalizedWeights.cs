using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary>
/// The weights of a linear layer whose input is normalised first, and of that normalisation. With float16, gamma and beta are part of the
/// layer: W * (gamma * n + beta) + c = (W * gamma) * n + (W * beta + c). What is left of the normalisation then is to subtract the mean and to divide by
/// the deviation, which kernels do with the sums of a product: W * (x - m) / d = (W * x - m * (sum of W's row)) / d.
/// </summary>
internal sealed class NormalizedWeights : IDisposable
{
    private NormalizedWeights(Tensor gamma, Tensor beta, Tensor? rowSums, ConvolutionWeights layer)
    {
        Gamma = gamma;
        Beta = beta;
        RowSums = rowSums;
        Layer = layer;
    }

    /// <summary>[1, 1, channels], of the normalisation (<see cref="LayerNorm"/>) that the <see cref="Layer"/> expects; ones with float16.</summary>
    public Tensor Gamma { get; }

    /// <summary>[1, 1, channels]; zeros with float16.</summary>
    public Tensor Beta { get; }

    /// <summary>With float16, [1, 1, outputs]: the sum of each output's weights. Null with float32.</summary>
    public Tensor? RowSums { get; }

    /// <summary>The layer.</summary>
    public ConvolutionWeights Layer { get; }

    /// <summary>The multiply-adds of a pixel.</summary>
    public double MultiplyAddsPerPixel => Layer.MultiplyAddsPerPixel;

    /// <summary>Packs weights for a device.</summary>
    /// <param name="device">The device that will use them.</param>
    /// <param name="gamma">[channels], without those that only fill up eights.</param>
    /// <param name="beta">[channels], likewise.</param>
    /// <param name="weight">[outputs, inputs].</param>
    /// <param name="bias">[outputs].</param>
    /// <param name="inputs">The channels, with those that only fill up eights.</param>
    /// <param name="elementType">Float32 or float16.</param>
    public static NormalizedWeights Create(
        Device device,
        ReadOnlySpan<float> gamma,
        ReadOnlySpan<float> beta,
        ReadOnlySpan<float> weight,
        ReadOnlySpan<float> bias,
        int inputs,
        ElementType elementType)
    {
        ArgumentNullException.ThrowIfNull(device);
        if (gamma.Length != beta.Length || gamma.Length > inputs || weight.Length != (long)inputs * bias.Length)
        {
            throw new ArgumentException(
                $"{weight.Length} weights do not fit {inputs} channels, of which {gamma.Length} are normalised, and {bias.Length} biases.", nameof(weight));
        }

        if (elementType == ElementType.Float32)
            return Upload(device, gamma, beta, rowSums: null, weight, bias, inputs, elementType);
        var scaled = new float[weight.Length];
        var moved = new float[bias.Length];
        var rowSums = new float[bias.Length];
        var halves = new Half[gamma.Length];
        var rounded = new float[gamma.Length];
        for (int output = 0; output < bias.Length; output++)
        {
            ReadOnlySpan<float> row = weight.Slice(output * inputs, gamma.Length);
            Span<float> scaledRow = scaled.AsSpan(output * inputs, gamma.Length);
            System.Numerics.Tensors.TensorPrimitives.Multiply(row, gamma, scaledRow);
            System.Numerics.Tensors.TensorPrimitives.ConvertToHalf(scaledRow, halves);
            System.Numerics.Tensors.TensorPrimitives.ConvertToSingle(halves, rounded);
            double sum = 0;
            double offset = bias[output];
            for (int channel = 0; channel < row.Length; channel++)
            {
                offset += (double)row[channel] * beta[channel];
                sum += rounded[channel];
            }

            moved[output] = (float)offset;
            rowSums[output] = (float)sum;
        }

        var ones = new float[gamma.Length];
        Array.Fill(ones, 1);
        return Upload(device, ones, new float[gamma.Length], rowSums, scaled, moved, inputs, elementType);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Layer.Dispose();
        Gamma.Buffer.Dispose();
        Beta.Buffer.Dispose();
        RowSums?.Buffer.Dispose();
    }

    private static NormalizedWeights Upload(
        Device device,
        ReadOnlySpan<float> gamma,
        ReadOnlySpan<float> beta,
        float[]? rowSums,
        ReadOnlySpan<float> weight,
        ReadOnlySpan<float> bias,
        int inputs,
        ElementType elementType)
    {
        var filled = new PaddedChannels(1, gamma.Length, inputs);
        var buffers = new List<IDisposable>();
        try
        {
            Tensor uploadedGamma = Vector(filled.Pad(gamma.ToArray())).Reshape(channels: gamma.Length);
            Tensor uploadedBeta = Vector(filled.Pad(beta.ToArray())).Reshape(channels: beta.Length);
            Tensor? uploadedSums = rowSums is null ? null : Vector(rowSums);
            return new NormalizedWeights(
                uploadedGamma,
                uploadedBeta,
                uploadedSums,
                ConvolutionWeights.Create(device, weight, bias, inputs, bias.Length, elementType: elementType));
        }
        catch
        {
            foreach (IDisposable buffer in buffers)
                buffer.Dispose();
            throw;
        }

        Tensor Vector(float[] values)
        {
            Tensor tensor = device.Upload(values, 1, 1, values.Length);
            buffers.Add(tensor.Buffer);
            return tensor;
        }
    }
}
