using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary>The two small layers of <see cref="ChannelAttention"/>.</summary>
public sealed class ChannelAttentionWeights : IDisposable
{
    private readonly WeightMemory _memory;

    /// <summary>Copies the weights to a device.</summary>
    /// <param name="device">The device that will use them.</param>
    /// <param name="squeeze">[squeezed, channels].</param>
    /// <param name="squeezeBias">[squeezed].</param>
    /// <param name="expand">[channels, squeezed].</param>
    /// <param name="expandBias">[channels].</param>
    /// <exception cref="ArgumentException">The sizes do not fit together.</exception>
    public ChannelAttentionWeights(
        Device device,
        ReadOnlySpan<float> squeeze,
        ReadOnlySpan<float> squeezeBias,
        ReadOnlySpan<float> expand,
        ReadOnlySpan<float> expandBias)
    {
        ArgumentNullException.ThrowIfNull(device);
        Channels = expandBias.Length;
        Squeezed = squeezeBias.Length;
        _memory = new WeightMemory(device);
        try
        {
            Squeeze = _memory.Upload(squeeze, 1, Squeezed, Channels);
            SqueezeBias = _memory.Upload(squeezeBias, 1, 1, Squeezed);
            Expand = _memory.Upload(expand, 1, Channels, Squeezed);
            ExpandBias = _memory.Upload(expandBias, 1, 1, Channels);
        }
        catch
        {
            _memory.Dispose();
            throw;
        }
    }

    /// <summary>Channels of the activations.</summary>
    public int Channels { get; }

    /// <summary>Channels between the two layers.</summary>
    public int Squeezed { get; }

    /// <summary>[1, squeezed, channels].</summary>
    internal Tensor Squeeze { get; }

    /// <summary>[1, 1, squeezed].</summary>
    internal Tensor SqueezeBias { get; }

    /// <summary>[1, channels, squeezed].</summary>
    internal Tensor Expand { get; }

    /// <summary>[1, 1, channels].</summary>
    internal Tensor ExpandBias { get; }

    /// <inheritdoc/>
    public void Dispose() => _memory.Dispose();
}
