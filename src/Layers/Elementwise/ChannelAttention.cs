using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Layers;

/// <summary>
/// Squeeze-and-excitation: a small network turns the means of the channels over the image into weights for the channels (HAT's CAB).
/// </summary>
internal static class ChannelAttention
{
    /// <summary>
    /// y += factor * x * sigmoid(expand * relu(squeeze * mean + squeezeBias) + expandBias), with the mean of x over all pixels.
    /// </summary>
    /// <param name="x">[height, width, channels]; x and y may be float16, if the device has it and the channels are a multiple of 8.</param>
    /// <param name="weights">The two layers of the network.</param>
    /// <param name="factor">The branch's weight.</param>
    /// <param name="y">[height, width, channels], added to.</param>
    /// <param name="arena">Memory for the means; inside a scope.</param>
    /// <exception cref="ArgumentException">The shapes or devices do not fit together.</exception>
    public static void AddScaled(in Tensor x, ChannelAttentionWeights weights, float factor, in Tensor y, Arena arena)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(arena);
        if (!x.HasShapeOf(y) || x.Channels != weights.Channels)
            throw new ArgumentException($"A channel attention of {weights.Channels} channels cannot turn {x} into {y}.");
        SameDevice.Require(y.Device, x, nameof(x));
        SameDevice.Require(y.Device, weights.Squeeze, nameof(weights));
        SameDevice.Require(y.Device, arena.Device, nameof(arena));
        switch (y.Device)
        {
            case CpuDevice cpu:
                ChannelAttentionCpu.AddScaled(cpu, x, weights, factor, y, arena);
                break;
            case GpuDevice gpu:
                ChannelAttentionGpu.AddScaled(gpu, x, weights, factor, y, arena);
                break;
            default:
                throw new NotSupportedException($"{y.Device.Name} has no channel attention.");
        }
    }
}
