using Gsasr.Checkpoints;
using Gsasr.Layers;
using Gsasr.Tensors;

namespace Gsasr.Weights;

/// <summary>
/// Moves weights from a checkpoint to a device, tensor by tensor, and remembers what it put there: disposing of the reader
/// releases it all. No copy of a weight stays on the host.
/// </summary>
internal sealed class WeightReader : IDisposable
{
    private readonly Checkpoint _checkpoint;
    private readonly List<IDisposable> _owned;
    private readonly string _prefix;
    private readonly LoadingMeter? _meter;

    /// <summary>Reads weights whose names start with a prefix.</summary>
    /// <param name="checkpoint">Where they come from.</param>
    /// <param name="prefix">"encoder." or "decoder.".</param>
    /// <param name="device">Where they go.</param>
    /// <param name="elementType">What the weights of products become: float32, or float16 where the device has it.</param>
    /// <param name="meter">Told of every tensor that is read; null for nobody.</param>
    public WeightReader(
        Checkpoint checkpoint, string prefix, Device device, ElementType elementType = ElementType.Float32, LoadingMeter? meter = null)
        : this(checkpoint, prefix, device, elementType, [], meter)
    {
    }

    private WeightReader(
        Checkpoint checkpoint, string prefix, Device device, ElementType elementType, List<IDisposable> owned, LoadingMeter? meter)
    {
        _meter = meter;
        _checkpoint = checkpoint;
        _prefix = prefix;
        Device = device;
        ElementType = elementType;
        _owned = owned;
    }

    /// <summary>Where the weights go.</summary>
    public Device Device { get; }

    /// <summary>The element type of the weights of products, and of activations. Everything else is float32.</summary>
    public ElementType ElementType { get; }

    /// <summary>The same reader for the names below a module.</summary>
    /// <param name="module">The module's name, without the dot that ends it.</param>
    public WeightReader Below(string module) => new(_checkpoint, $"{_prefix}{module}.", Device, ElementType, _owned, _meter);

    /// <summary>A tensor's values, on the host.</summary>
    /// <param name="name">The name below the prefix.</param>
    public float[] Values(string name)
    {
        var values = new float[_checkpoint.Tensors[_prefix + name].Count];
        _meter?.Advance(values.Length);
        _checkpoint.Read(_prefix + name, values.AsSpan());
        return values;
    }

    /// <summary>An integer tensor's values, on the host.</summary>
    /// <param name="name">The name below the prefix.</param>
    public long[] Integers(string name)
    {
        var values = new long[_checkpoint.Tensors[_prefix + name].Count];
        _checkpoint.Read(_prefix + name, values.AsSpan());
        return values;
    }

    /// <summary>A linear layer or a convolution: NAME.weight and NAME.bias.</summary>
    /// <param name="name">The layer's name below the prefix.</param>
    /// <param name="pixelShuffle">Whether a pixel shuffle follows.</param>
    /// <param name="elementType">The element type of its weights, if it differs from that of the others.</param>
    public ConvolutionWeights Convolution(string name, bool pixelShuffle = false, ElementType? elementType = null)
    {
        IReadOnlyList<int> shape = _checkpoint.Tensors[$"{_prefix}{name}.weight"].Shape;
        return Own(ConvolutionWeights.Create(
            Device,
            Values($"{name}.weight"),
            Values($"{name}.bias"),
            shape[1],
            shape[0],
            shape.Count == 4 ? shape[2] : 1,
            pixelShuffle,
            elementType ?? ElementType));
    }

    /// <summary>Linear layers with the same input, put side by side as one layer.</summary>
    /// <param name="names">The layers' names below the prefix.</param>
    public ConvolutionWeights LinearSideBySide(params ReadOnlySpan<string> names)
    {
        int inputs = _checkpoint.Tensors[$"{_prefix}{names[0]}.weight"].Shape[1];
        var weights = new List<float>();
        var biases = new List<float>();
        foreach (string name in names)
        {
            weights.AddRange(Values($"{name}.weight"));
            biases.AddRange(Values($"{name}.bias"));
        }

        return Own(ConvolutionWeights.Create(Device, weights.ToArray(), biases.ToArray(), inputs, biases.Count, elementType: ElementType));
    }

    /// <summary>The part of a linear layer or 1x1 convolution that reads some of its input channels.</summary>
    /// <param name="name">The layer's name below the prefix.</param>
    /// <param name="firstInput">The first input channel.</param>
    /// <param name="inputs">How many input channels.</param>
    /// <param name="withBias">Whether this part adds the layer's bias.</param>
    public ConvolutionWeights LinearPart(string name, int firstInput, int inputs, bool withBias)
    {
        IReadOnlyList<int> shape = _checkpoint.Tensors[$"{_prefix}{name}.weight"].Shape;
        float[] weight = Values($"{name}.weight");
        var part = new float[shape[0] * inputs];
        for (int output = 0; output < shape[0]; output++)
            weight.AsSpan(output * shape[1] + firstInput, inputs).CopyTo(part.AsSpan(output * inputs));
        return Own(ConvolutionWeights.Create(Device, part, withBias ? Values($"{name}.bias") : [], inputs, shape[0], elementType: ElementType));
    }

    /// <summary>A layer normalisation: NAME.weight and NAME.bias.</summary>
    /// <param name="name">The layer's name below the prefix.</param>
    public NormWeights Norm(string name) => new(Vector($"{name}.weight"), Vector($"{name}.bias"));

    /// <summary>A vector of one value per channel.</summary>
    /// <param name="name">The name below the prefix.</param>
    public Tensor Vector(string name)
    {
        float[] values = Values(name);
        return Upload(values, 1, 1, values.Length);
    }

    /// <summary>Uploads values that were computed from weights.</summary>
    /// <param name="values">height * width * channels values.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="channels">Channels.</param>
    public Tensor Upload(ReadOnlySpan<float> values, int height, int width, int channels)
    {
        Tensor tensor = Device.Upload(values, height, width, channels);
        Own(tensor.Buffer);
        return tensor;
    }

    /// <summary>
    /// The rotary table of a window (mixed RoPE): the angle of token (x, y) and pair i is x * freqs[0, head, i] + y * freqs[1, head, i].
    /// </summary>
    /// <param name="name">The frequencies [2, heads, headSize / 2], below the prefix.</param>
    /// <param name="window">Tokens along a side of the window.</param>
    /// <returns>[heads, window * window, headSize], cosine and sine in turn.</returns>
    public Tensor Rotary(string name, int window)
    {
        IReadOnlyList<int> shape = _checkpoint.Tensors[_prefix + name].Shape;
        int heads = shape[1];
        int pairs = shape[2];
        float[] frequencies = Values(name);
        var table = new float[heads * window * window * pairs * 2];
        int index = 0;
        for (int head = 0; head < heads; head++)
        {
            for (int token = 0; token < window * window; token++)
            {
                for (int pair = 0; pair < pairs; pair++)
                {
                    double angle = token % window * (double)frequencies[head * pairs + pair]
                        + token / window * (double)frequencies[(heads + head) * pairs + pair];
                    table[index++] = (float)Math.Cos(angle);
                    table[index++] = (float)Math.Sin(angle);
                }
            }
        }

        return Upload(table, heads, window * window, 2 * pairs);
    }

    /// <summary>Relative position biases as the attention adds them: bias[head, query, key] = table[index[query, key], head].</summary>
    /// <param name="name">The table [entries, heads], below the prefix.</param>
    /// <param name="index">[query tokens, key tokens], row-major.</param>
    /// <param name="tokens">Tokens of a window, queries and keys alike.</param>
    /// <returns>[heads, tokens, tokens].</returns>
    /// <exception cref="CheckpointFormatException">An index points outside the table.</exception>
    public Tensor PositionBias(string name, ReadOnlySpan<long> index, int tokens)
    {
        IReadOnlyList<int> shape = _checkpoint.Tensors[_prefix + name].Shape;
        int entries = shape[0];
        int heads = shape[1];
        float[] values = Values(name);
        var bias = new float[heads * tokens * tokens];
        for (int pair = 0; pair < tokens * tokens; pair++)
        {
            long entry = index[pair];
            if (entry < 0 || entry >= entries)
                throw new CheckpointFormatException($"{_checkpoint.Source}: a relative position index of {entry} points outside {_prefix}{name}, which has {entries} entries.");
            for (int head = 0; head < heads; head++)
                bias[head * tokens * tokens + pair] = values[entry * heads + head];
        }

        return Upload(bias, heads, tokens, tokens);
    }

    /// <summary>Takes over something that is to be disposed of together with the weights.</summary>
    /// <typeparam name="T">What it is.</typeparam>
    /// <param name="resource">The resource.</param>
    public T Own<T>(T resource)
        where T : IDisposable
    {
        _owned.Add(resource);
        return resource;
    }

    /// <summary>Releases all weights that this reader and those derived from it put on the device.</summary>
    public void Dispose()
    {
        foreach (IDisposable resource in _owned)
            resource.Dispose();
        _owned.Clear();
    }
}
