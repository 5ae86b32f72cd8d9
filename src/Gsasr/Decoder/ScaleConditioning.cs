using Gsasr.Tensors;
using Gsasr.Weights;

namespace Gsasr.Decoder;

/// <summary>
/// Everything in the decoder that depends on the scale. For each layer that is the vector that attention to the scale token adds to its
/// input, and the bias of the feed-forward network after it. The bias contains that vector too, because the network's residual is the
/// shifted input. The values for the last scale are kept.
/// </summary>
internal sealed class ScaleConditioning
{
    private readonly float[] _firstWeight;
    private readonly float[] _firstBias;
    private readonly float[] _secondWeight;
    private readonly float[] _secondBias;
    private readonly ScaleAttention[] _layers;
    private readonly float[][] _feedForwardBiases;
    private readonly float[] _values;
    private readonly Tensor _device;
    private readonly int _paddedChannels;
    private double _scale = double.NaN;

    /// <summary>Loads the scale network and reserves the vectors on the device.</summary>
    /// <param name="weights">The decoder's weights.</param>
    /// <param name="channels">Channels of the decoder.</param>
    /// <param name="layers">Each layer's attention to the scale token and the output bias of the feed-forward network after it.</param>
    public ScaleConditioning(WeightReader weights, int channels, IReadOnlyList<(ScaleAttention Attention, float[] FeedForwardBias)> layers)
    {
        _firstWeight = weights.Values("scale_mlp.0.weight");
        _firstBias = weights.Values("scale_mlp.0.bias");
        _secondWeight = weights.Values("scale_mlp.2.weight");
        _secondBias = weights.Values("scale_mlp.2.bias");
        _layers = [.. layers.Select(layer => layer.Attention)];
        _feedForwardBiases = [.. layers.Select(layer => layer.FeedForwardBias)];
        _paddedChannels = weights.Padded(channels);
        _values = new float[layers.Count * 2 * _paddedChannels];
        _device = weights.Upload(_values, layers.Count, 2, _paddedChannels);
    }

    /// <summary>Computes the vectors for a scale; nothing happens if they are those of the last one.</summary>
    /// <param name="scale">Output pixels per input pixel.</param>
    public void Set(double scale)
    {
        if (scale == _scale)
            return;
        int channels = _secondBias.Length;
        var hidden = new double[_firstBias.Length];
        for (int i = 0; i < hidden.Length; i++)
            hidden[i] = Math.Max(0, _firstWeight[i] / scale + _firstBias[i]);
        var token = new double[channels];
        for (int row = 0; row < channels; row++)
        {
            token[row] = _secondBias[row];
            for (int i = 0; i < hidden.Length; i++)
                token[row] += _secondWeight[row * hidden.Length + i] * hidden[i];
        }

        for (int layer = 0; layer < _layers.Length; layer++)
        {
            Span<float> shift = _values.AsSpan(layer * 2 * _paddedChannels, channels);
            Span<float> bias = _values.AsSpan((layer * 2 + 1) * _paddedChannels, channels);
            _layers[layer].Apply(token, shift);
            System.Numerics.Tensors.TensorPrimitives.Add(shift, _feedForwardBiases[layer], bias);
        }

        _device.Upload<float>(_values);
        _scale = scale;
    }

    /// <summary>What attention to the scale token adds to a layer's input: [1, 1, channels].</summary>
    /// <param name="layer">The layer, counted over the whole decoder.</param>
    public Tensor Shift(int layer) => Vector(layer * 2);

    /// <summary>The bias of the feed-forward network after it, with the shift of its residual: [1, 1, channels].</summary>
    /// <param name="layer">The layer, counted over the whole decoder.</param>
    public Tensor FeedForwardBias(int layer) => Vector(layer * 2 + 1);

    private Tensor Vector(int index) =>
        new(_device.Buffer, _device.Offset + index * _device.Channels, 1, 1, _device.Channels, _device.Channels);
}
