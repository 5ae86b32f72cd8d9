using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Layers;

/// <summary>
/// Multi-head attention within windows: softmax(q k^T / sqrt(head size) + bias) v for each window and head. Window
/// partition, cyclic shift and overlap are index arithmetic; the scores are never stored.
/// </summary>
internal static class WindowAttention
{
    /// <summary>The multiply-adds of a query: its scores, and the sum of the values.</summary>
    /// <param name="keyTokens">Keys that it attends to.</param>
    /// <param name="channels">Channels of all heads.</param>
    public static double MultiplyAddsPerPixel(int keyTokens, int channels) => 2.0 * keyTokens * channels;

    /// <summary>The most bytes of scratch memory that a thread of the processor takes.</summary>
    /// <param name="keyTokens">Keys that a query attends to.</param>
    /// <param name="headSize">Channels of a head.</param>
    public static long ThreadBytes(int keyTokens, int headSize) => WindowAttentionCpu.ThreadBytes(keyTokens, headSize);

    /// <summary>Computes attention. Head h has the channels h * headSize to (h + 1) * headSize of all four tensors.</summary>
    /// <param name="query">[height, width, channels]; not yet scaled by 1 / sqrt(head size).</param>
    /// <param name="key">[height, width, channels].</param>
    /// <param name="value">[height, width, channels].</param>
    /// <param name="y">[height, width, channels]; overlaps none of the others.</param>
    /// <param name="settings">Windows, heads, bias and rotary embedding.</param>
    /// <exception cref="NotSupportedException">
    /// The device has no such attention. Attention of float16 needs heads of 16 or 32 channels and either a rotary embedding and up to 576
    /// keys, without a mask, or a bias and up to 144 keys.
    /// </exception>
    /// <exception cref="ArgumentException">The shapes or devices do not fit together.</exception>
    public static void Run(in Tensor query, in Tensor key, in Tensor value, in Tensor y, WindowAttentionSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        int window = settings.WindowSize;
        bool fits = query.HasShapeOf(y) && key.HasShapeOf(y) && value.HasShapeOf(y)
            && window > 0 && y.Height % window == 0 && y.Width % window == 0
            && settings.Heads > 0 && y.Channels % settings.Heads == 0
            && settings.QueryShift >= 0 && settings.QueryShift < window && settings.KeyShift >= 0 && settings.KeyShift < window
            && (settings.OverlappingKeyWindowSize == 0
                || (settings.OverlappingKeyWindowSize >= window && (settings.OverlappingKeyWindowSize - window) % 2 == 0 && settings.KeyShift == 0))
            && (!settings.MaskWrapped || (settings.QueryShift == settings.KeyShift && settings.OverlappingKeyWindowSize == 0));
        if (!fits)
            throw new ArgumentException($"{settings} does not fit queries of {query}, keys of {key}, values of {value} and a result of {y}.");
        if (settings.Bias is Tensor bias
            && (bias.Height != settings.Heads || bias.Width != settings.QueryTokens || bias.Channels != settings.KeyTokens || !bias.IsDense))
            throw new ArgumentException($"A bias of {bias} does not fit {settings.Heads} heads, {settings.QueryTokens} queries and {settings.KeyTokens} keys.");
        int headSize = y.Channels / settings.Heads;
        if (settings.Rotary is Tensor rotary
            && (rotary.Height != settings.Heads || rotary.Width != settings.KeyTokens || rotary.Channels != headSize || headSize % 2 != 0 || !rotary.IsDense))
            throw new ArgumentException($"A rotary table of {rotary} does not fit {settings.Heads} heads of {headSize} channels and {settings.KeyTokens} tokens.");
        SameDevice.Require(y.Device, query, nameof(query));
        SameDevice.Require(y.Device, key, nameof(key));
        SameDevice.Require(y.Device, value, nameof(value));
        SameDevice.Require(y.Device, settings.Bias, nameof(settings));
        SameDevice.Require(y.Device, settings.Rotary, nameof(settings));
        switch (y.Device)
        {
            case CpuDevice cpu:
                WindowAttentionCpu.Run(cpu, query, key, value, y, settings);
                break;
            case GpuDevice gpu when y.ElementType == ElementType.Float16:
                Float16WindowAttentionGpu.Run(gpu, query, key, value, y, settings);
                break;
            case GpuDevice gpu:
                WindowAttentionGpu.Run(gpu, query, key, value, y, settings);
                break;
            default:
                throw new NotSupportedException($"{y.Device.Name} has no window attention.");
        }
    }
}
