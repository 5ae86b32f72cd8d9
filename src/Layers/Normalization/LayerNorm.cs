using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Layers;

/// <summary>Layer normalisation over the channels of each pixel.</summary>
internal static class LayerNorm
{
    /// <summary>PyTorch's default, which all published checkpoints use.</summary>
    public const float Epsilon = 1e-5f;

    /// <summary>
    /// y = (z - mean z) / sqrt(var z + 1e-5) * gamma + beta + windowTable[pixel's place in its window], with z = x + shift. The variance is
    /// the population's. y may be x. If x and y are float16, everything in between is still float32, and there must be at most 192
    /// channels, a multiple of 8. Gamma and beta may then have fewer, with zeros behind them up to their pitch, as x, shift and the table have:
    /// zeros that fill up eights do not count.
    /// </summary>
    /// <param name="x">[height, width, channels].</param>
    /// <param name="gamma">[1, 1, channels].</param>
    /// <param name="beta">[1, 1, channels].</param>
    /// <param name="y">[height, width, channels].</param>
    /// <param name="shift">[1, 1, channels], added to each pixel first.</param>
    /// <param name="windowTable">[s, s, channels], repeated over the image and added last; s divides height and width.</param>
    /// <exception cref="ArgumentException">The shapes or devices do not fit together.</exception>
    public static void Run(in Tensor x, in Tensor gamma, in Tensor beta, in Tensor y, Tensor? shift = null, Tensor? windowTable = null)
    {
        RequireFits(x, gamma, beta, y);
        if (shift is Tensor s && !IsVector(s, x.Channels))
            throw new ArgumentException($"A shift of {s} cannot be added to {x}.", nameof(shift));
        if (windowTable is Tensor t && (t.Channels != x.Channels || x.Height % t.Height != 0 || x.Width % t.Width != 0))
            throw new ArgumentException($"A table of {t} cannot be repeated over {x}.", nameof(windowTable));
        SameDevice.Require(y.Device, shift, nameof(shift));
        SameDevice.Require(y.Device, windowTable, nameof(windowTable));
        switch (y.Device)
        {
            case CpuDevice cpu:
                LayerNormCpu.Run(cpu, x, gamma, beta, y, shift, windowTable);
                break;
            case GpuDevice gpu when y.ElementType == ElementType.Float16:
                LayerNormGpu.RunFloat16(gpu, x, gamma, beta, y, shift, windowTable);
                break;
            case GpuDevice gpu:
                LayerNormGpu.Run(gpu, x, gamma, beta, y, shift, windowTable);
                break;
            default:
                throw new NotSupportedException($"{y.Device.Name} has no layer normalisation.");
        }
    }

    /// <summary>Throws unless pixels can be normalised with these vectors.</summary>
    /// <param name="x">[height, width, channels].</param>
    /// <param name="gamma">[1, 1, channels].</param>
    /// <param name="beta">[1, 1, channels].</param>
    /// <param name="y">[height, width, channels].</param>
    /// <exception cref="ArgumentException">The shapes or devices do not fit together.</exception>
    public static void RequireFits(in Tensor x, in Tensor gamma, in Tensor beta, in Tensor y)
    {
        bool fits = y.ElementType == ElementType.Float16
            ? gamma.Channels == beta.Channels && IsFilled(gamma, x.Channels) && IsFilled(beta, x.Channels)
            : IsVector(gamma, x.Channels) && IsVector(beta, x.Channels);
        if (!fits || !x.HasShapeOf(y))
            throw new ArgumentException($"A layer normalisation of {gamma} channels cannot turn {x} into {y}.");
        SameDevice.Require(y.Device, x, nameof(x));
        SameDevice.Require(y.Device, gamma, nameof(gamma));
        SameDevice.Require(y.Device, beta, nameof(beta));
    }

    private static bool IsFilled(in Tensor vector, int channels) =>
        vector.Pixels == 1 && vector.Channels <= channels && vector.Channels > channels - 8 && vector.Pitch >= channels;

    private static bool IsVector(in Tensor vector, int channels) => vector.Pixels == 1 && vector.Channels == channels;
}
