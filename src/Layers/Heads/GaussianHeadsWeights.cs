using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary>
/// The five networks that turn a feature vector into a Gaussian (sigma, rho, alpha, rgb, mean), each
/// C -> ReLU C -> ReLU 4C -> k. They share their input, so their first layers are one product C -> 5C.
/// </summary>
internal sealed class GaussianHeadsWeights : IDisposable
{
    /// <summary>How many networks there are.</summary>
    public const int HeadCount = HeadsShape.Heads;

    private readonly WeightMemory _memory;

    /// <summary>Packs the networks' weights for a device. Each argument holds the five in the order sigma, rho, alpha, rgb, mean.</summary>
    /// <param name="device">The device that will use them.</param>
    /// <param name="channels">C.</param>
    /// <param name="first">[C, C] each, and the bias [C].</param>
    /// <param name="second">[4C, C] each, and the bias [4C].</param>
    /// <param name="third">[k, 4C] each, and the bias [k].</param>
    /// <param name="elementType">float32, or float16 where the device has products of it; the third layers are float32 in any case.</param>
    /// <exception cref="ArgumentException">The sizes do not fit together.</exception>
    /// <exception cref="NotSupportedException">The device has no products of that element type.</exception>
    public GaussianHeadsWeights(
        Device device,
        int channels,
        IReadOnlyList<(float[] Weight, float[] Bias)> first,
        IReadOnlyList<(float[] Weight, float[] Bias)> second,
        IReadOnlyList<(float[] Weight, float[] Bias)> third,
        ElementType elementType = ElementType.Float32)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        ArgumentNullException.ThrowIfNull(third);
        CheckSizes(first, nameof(first), channels, _ => channels);
        CheckSizes(second, nameof(second), channels, _ => 4 * channels);
        CheckSizes(third, nameof(third), 4 * channels, head => HeadsShape.OutputsOf(head));
        Channels = channels;
        Second = [];
        Third = [];
        ThirdBias = [];
        _memory = new WeightMemory(device);
        try
        {
            bool isAtOnce = elementType == ElementType.Float16 && device is GpuDevice found && Float16GaussianHeadsGpu.RunsAtOnce(found, channels);
            First = _memory.Own(ConvolutionWeights.Create(
                device, first.SelectMany(h => h.Weight).ToArray(), first.SelectMany(h => h.Bias).ToArray(), channels, HeadCount * channels, elementType: elementType,
                layers: isAtOnce ? HeadCount : 1));
            if (device is GpuDevice gpu)
            {
                Gpu = _memory.Own(new GaussianHeadsGpuWeights(gpu, channels, second, third, elementType));
                return;
            }

            Second = new ConvolutionWeights[HeadCount];
            Third = new Tensor[HeadCount];
            ThirdBias = new Tensor[HeadCount];
            for (int head = 0; head < HeadCount; head++)
            {
                Second[head] = _memory.Own(ConvolutionWeights.Create(device, second[head].Weight, second[head].Bias, channels, 4 * channels));
                Third[head] = _memory.Upload(third[head].Weight, 1, HeadsShape.OutputsOf(head), 4 * channels);
                ThirdBias[head] = _memory.Upload(third[head].Bias, 1, 1, HeadsShape.OutputsOf(head));
            }
        }
        catch
        {
            _memory.Dispose();
            throw;
        }
    }

    /// <summary>The element type of the networks' input and products.</summary>
    public ElementType ElementType => First.ElementType;

    /// <summary>C.</summary>
    public int Channels { get; }

    /// <summary>C -> 5C, the heads side by side.</summary>
    internal ConvolutionWeights First { get; }

    /// <summary>The second and third layers on a GPU, where the three properties below are empty; null on the processor.</summary>
    internal GaussianHeadsGpuWeights? Gpu { get; }

    /// <summary>C -> 4C for each head.</summary>
    internal ConvolutionWeights[] Second { get; }

    /// <summary>[1, k, 4C] for each head.</summary>
    internal Tensor[] Third { get; }

    /// <summary>[1, 1, k] for each head.</summary>
    internal Tensor[] ThirdBias { get; }

    /// <summary>The column of a Gaussian at which a head's outputs start.</summary>
    /// <param name="head">The head, from 0.</param>
    internal static int FirstColumn(int head) => HeadsShape.FirstColumnOf(head);

    /// <summary>
    /// Whether a Gaussian has been infinite or NaN since the last call, as all those are that depend on a value beyond float16's range.
    /// Always false with float32. Waits for the device.
    /// </summary>
    public bool TakeOverflow()
    {
        if (Gpu?.RangeFlag is not DeviceBuffer flag)
            return false;
        Span<int> value = [0];
        flag.Download(value, 0);
        if (value[0] == 0)
            return false;
        flag.Upload<int>([0], 0);
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _memory.Dispose();

    private static void CheckSizes(
        IReadOnlyList<(float[] Weight, float[] Bias)> layers, string name, int inputs, Func<int, int> outputsOf)
    {
        if (layers.Count != HeadCount)
            throw new ArgumentException($"There are {HeadCount} networks, not {layers.Count}.", name);
        for (int head = 0; head < HeadCount; head++)
        {
            (float[] weight, float[] bias) = layers[head];
            int outputs = outputsOf(head);
            if (weight.Length != (long)inputs * outputs || bias.Length != outputs)
                throw new ArgumentException($"{weight.Length} weights and {bias.Length} biases do not fit {inputs} -> {outputs} channels.", name);
        }
    }
}
