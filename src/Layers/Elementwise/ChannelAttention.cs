using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Layers;

/// <summary>
/// Squeeze-and-excitation: a small network turns the means of the channels over the image into weights for the channels (HAT's CAB). It is
/// done in steps: sums of pixels (<see cref="SumPixels"/> or <see cref="Convolution.RunWithSums"/>), gates, and what is done with them.
/// </summary>
internal static class ChannelAttention
{
    /// <summary>Sums of the channels over the pixels, in parts.</summary>
    /// <param name="x">[height, width, channels] of float32.</param>
    /// <param name="arena">Memory for the sums; inside a scope.</param>
    /// <returns>[1, parts, channels], whose sum over the parts is that over all pixels; from part to part a multiple of 4 values.</returns>
    /// <exception cref="ArgumentException">The devices do not fit together, or x is not of float32.</exception>
    public static Tensor SumPixels(in Tensor x, Arena arena)
    {
        ArgumentNullException.ThrowIfNull(arena);
        x.Require(ElementType.Float32);
        SameDevice.Require(x.Device, arena.Device, nameof(arena));
        return x.Device switch
        {
            CpuDevice cpu => ChannelAttentionCpu.SumPixels(cpu, x, arena),
            GpuDevice gpu => ChannelAttentionGpu.SumPixels(gpu, x, arena),
            _ => throw new NotSupportedException($"{x.Device.Name} has no channel attention."),
        };
    }

    /// <summary>gates = factor * sigmoid(expand * relu(squeeze * mean + squeezeBias) + expandBias).</summary>
    /// <param name="sums">[1, parts, channels] of float32, from part to part a multiple of 4 values: the pixels' sums in parts.</param>
    /// <param name="pixels">How many pixels were added up.</param>
    /// <param name="weights">The two layers of the network.</param>
    /// <param name="factor">The branch's weight.</param>
    /// <param name="gates">[1, 1, channels] of float32, overwritten.</param>
    /// <param name="arena">Memory for what is between the layers, taken until the caller's scope ends, so that this may run beside what comes next.</param>
    /// <exception cref="ArgumentException">The shapes or devices do not fit together.</exception>
    public static void ComputeGates(in Tensor sums, int pixels, ChannelAttentionWeights weights, float factor, in Tensor gates, Arena arena)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(arena);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pixels);
        if (sums.Height != 1 || sums.Channels != weights.Channels || gates.Pixels != 1 || gates.Channels != weights.Channels)
            throw new ArgumentException($"A channel attention of {weights.Channels} channels cannot turn sums of {sums} into gates of {gates}.");
        sums.Require(ElementType.Float32);
        gates.Require(ElementType.Float32);
        SameDevice.Require(gates.Device, sums, nameof(sums));
        SameDevice.Require(gates.Device, weights.Squeeze, nameof(weights));
        SameDevice.Require(gates.Device, arena.Device, nameof(arena));
        switch (gates.Device)
        {
            case CpuDevice:
                ChannelAttentionCpu.ComputeGates(sums, pixels, weights, factor, gates);
                break;
            case GpuDevice gpu:
                ChannelAttentionGpu.ComputeGates(gpu, sums, pixels, weights, factor, gates, arena);
                break;
            default:
                throw new NotSupportedException($"{gates.Device.Name} has no channel attention.");
        }
    }

    /// <summary>y += x * gates, and then normal = norm(y), as <see cref="LayerNorm.Run"/> computes it. With float16 it is one launch.</summary>
    /// <param name="x">[height, width, channels]; x, y and normal may be float16, with the conditions of <see cref="LayerNorm.Run"/>.</param>
    /// <param name="gates">[1, 1, channels] of float32.</param>
    /// <param name="y">[height, width, channels], added to.</param>
    /// <param name="gamma">[1, 1, channels], of the normalisation.</param>
    /// <param name="beta">[1, 1, channels], of the normalisation.</param>
    /// <param name="normal">[height, width, channels], overwritten; neither x nor y.</param>
    /// <exception cref="ArgumentException">The shapes or devices do not fit together.</exception>
    public static void AddAndNormalize(in Tensor x, in Tensor gates, in Tensor y, in Tensor gamma, in Tensor beta, in Tensor normal)
    {
        if (!x.HasShapeOf(y) || gates.Pixels != 1 || gates.Channels != x.Channels)
            throw new ArgumentException($"{x} with gates of {gates} cannot be added to {y}.");
        x.Require(y.ElementType);
        normal.Require(y.ElementType);
        gates.Require(ElementType.Float32);
        LayerNorm.RequireFits(y, gamma, beta, normal);
        SameDevice.Require(y.Device, x, nameof(x));
        SameDevice.Require(y.Device, gates, nameof(gates));
        if (y.Device is GpuDevice device && y.ElementType == ElementType.Float16)
        {
            ChannelAttentionGpu.AddAndNormalizeFloat16(device, x, gates, y, gamma, beta, normal);
            return;
        }

        switch (y.Device)
        {
            case CpuDevice cpu:
                ChannelAttentionCpu.AddGated(cpu, x, gates, y);
                break;
            case GpuDevice gpu:
                ChannelAttentionGpu.AddGated(gpu, x, gates, y);
                break;
            default:
                throw new NotSupportedException($"{y.Device.Name} has no channel attention.");
        }

        LayerNorm.Run(y, gamma, beta, normal);
    }
}
