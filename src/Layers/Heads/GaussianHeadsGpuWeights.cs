using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary>
/// The second and third layers of the <see cref="GaussianHeads"/> for their GPU kernel, with the five heads side by side.
/// </summary>
internal sealed class GaussianHeadsGpuWeights : IDisposable
{
    private readonly WeightMemory _memory;

    public GaussianHeadsGpuWeights(
        GpuDevice device,
        int channels,
        IReadOnlyList<(float[] Weight, float[] Bias)> second,
        IReadOnlyList<(float[] Weight, float[] Bias)> third,
        ElementType elementType)
    {
        int inner = 4 * channels;
        var thirds = new float[third.Count * HeadsShape.MaximumOutputs * inner];
        var biases = new float[third.Count * HeadsShape.MaximumOutputs];
        for (int head = 0; head < third.Count; head++)
        {
            third[head].Weight.CopyTo(thirds, head * HeadsShape.MaximumOutputs * inner);
            third[head].Bias.CopyTo(biases, head * HeadsShape.MaximumOutputs);
        }

        _memory = new WeightMemory(device);
        try
        {
            Second = _memory.Own(ConvolutionWeights.Create(
                device, second.SelectMany(h => h.Weight).ToArray(), second.SelectMany(h => h.Bias).ToArray(), channels, second.Count * inner, elementType: elementType,
                maySplit: SplitGaussianHeadsGpu.Supports(channels), layers: second.Count));
            Third = _memory.Upload(thirds, third.Count, HeadsShape.MaximumOutputs, inner);
            ThirdBias = _memory.Upload(biases, 1, third.Count, HeadsShape.MaximumOutputs);
            if (elementType == ElementType.Float32)
                return;
            RangeFlag = _memory.Own(device.Allocate(sizeof(int)));
            RangeFlag.Upload<int>([0], 0);
        }
        catch
        {
            _memory.Dispose();
            throw;
        }
    }

    /// <summary>C -> 20C, the heads side by side.</summary>
    public ConvolutionWeights Second { get; }

    /// <summary>[5, 3, 4C], zero for outputs that a head does not have.</summary>
    public Tensor Third { get; }

    /// <summary>[1, 5, 3].</summary>
    public Tensor ThirdBias { get; }

    /// <summary>An int that becomes 1 when a Gaussian is infinite or NaN; null if the heads are float32.</summary>
    public DeviceBuffer? RangeFlag { get; }

    /// <inheritdoc/>
    public void Dispose() => _memory.Dispose();
}
