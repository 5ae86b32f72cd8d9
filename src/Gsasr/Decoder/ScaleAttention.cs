using System.Numerics.Tensors;
using Gsasr.Weights;

namespace Gsasr.Decoder;

/// <summary>
/// Attention to the scale token. All its keys and values are the same token, so its softmax is uniform for every query, and the result is
/// one vector: out_proj(W_v * token + b_v). Queries and keys are neither loaded nor multiplied.
/// </summary>
internal sealed class ScaleAttention
{
    private readonly double[] _matrix;
    private readonly double[] _offset;

    /// <summary>Joins the value and output projections into one matrix.</summary>
    /// <param name="attention">The weights of PyTorch's MultiheadAttention.</param>
    /// <param name="channels">Channels of the token.</param>
    public ScaleAttention(WeightReader attention, int channels)
    {
        var value = new double[channels * channels];
        TensorPrimitives.ConvertTruncating(attention.Values("in_proj_weight").AsSpan(2 * channels * channels, value.Length), value);
        ReadOnlySpan<float> valueBias = attention.Values("in_proj_bias").AsSpan(2 * channels);
        float[] output = attention.Values("out_proj.weight");
        float[] outputBias = attention.Values("out_proj.bias");
        _matrix = new double[channels * channels];
        _offset = new double[channels];
        for (int row = 0; row < channels; row++)
        {
            Span<double> target = _matrix.AsSpan(row * channels, channels);
            _offset[row] = outputBias[row];
            for (int k = 0; k < channels; k++)
            {
                double factor = output[row * channels + k];
                _offset[row] += factor * valueBias[k];
                TensorPrimitives.MultiplyAdd(value.AsSpan(k * channels, channels), factor, target, target);
            }
        }
    }

    /// <summary>The attention's result for a token.</summary>
    /// <param name="token">The scale token.</param>
    /// <param name="result">As many values.</param>
    public void Apply(ReadOnlySpan<double> token, Span<float> result)
    {
        for (int row = 0; row < result.Length; row++)
            result[row] = (float)(_offset[row] + TensorPrimitives.Dot(_matrix.AsSpan(row * token.Length, token.Length), token));
    }
}
