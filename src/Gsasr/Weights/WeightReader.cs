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
        float[] values = GC.AllocateUninitializedArray<float>(checked((int)_checkpoint.Tensors[_prefix + name].Count));
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

    /// <summary>The channels of an activation as the networks hold it: float16 is filled up to a multiple of 8.</summary>
    /// <param name="channels">The channels that it has.</param>
    public int Padded(int channels) => ElementType == ElementType.Float16 ? TensorCores.Padded(channels) : channels;

    /// <summary>The channels of queries, keys or values as the networks hold them: float16 has heads of 16 or 32 channels.</summary>
    /// <param name="channels">The channels that they have.</param>
    /// <param name="settings">Heads, windows, and whether there is a rotary embedding.</param>
    /// <param name="rotates">Whether positions enter by a rotary embedding.</param>
    public PaddedChannels Heads(int channels, WindowAttentionSettings settings, bool rotates)
    {
        int size = channels / settings.Heads;
        int padded = ElementType == ElementType.Float16
            ? TensorCores.PaddedHead(settings.KeyTokens, size, rotates)
                ?? throw new NotSupportedException($"There is no attention of float16 for {settings} with heads of {size} channels.")
            : size;
        return new PaddedChannels(settings.Heads, size, padded);
    }

    /// <summary>A linear layer or a convolution: NAME.weight and NAME.bias.</summary>
    /// <param name="name">The layer's name below the prefix.</param>
    /// <param name="pixelShuffle">Whether a pixel shuffle follows.</param>
    /// <param name="elementType">The element type of its weights, if it differs from that of the others.</param>
    /// <param name="inputs">How the input is filled up, if not at its end.</param>
    public ConvolutionWeights Convolution(
        string name, bool pixelShuffle = false, ElementType? elementType = null, PaddedChannels? inputs = null)
    {
        IReadOnlyList<int> shape = _checkpoint.Tensors[$"{_prefix}{name}.weight"].Shape;
        ElementType type = elementType ?? ElementType;
        int kernel = shape.Count == 4 ? shape[2] : 1;

        // A pixel shuffle takes four channels of each that it makes.
        int shuffled = pixelShuffle ? 4 : 1;
        var outputs = new PaddedChannels(1, shape[0], shuffled * Padded(shape[0] / shuffled));
        PaddedChannels filled = inputs ?? new PaddedChannels(1, shape[1], type == ElementType.Float16 ? Padded(shape[1]) : shape[1]);
        float[] weight = filled.Pad(Values($"{name}.weight"), outer: shape[0], inner: kernel * kernel);
        return Own(ConvolutionWeights.Create(
            Device,
            outputs.Pad(weight, inner: filled.PaddedCount * kernel * kernel),
            outputs.Pad(Values($"{name}.bias")),
            filled.PaddedCount,
            outputs.PaddedCount,
            kernel,
            pixelShuffle,
            type));
    }

    /// <summary>The linear layers with the same input that make queries, keys or values, put side by side as one layer.</summary>
    /// <param name="heads">The channels of one of them.</param>
    /// <param name="queries">Whether the first of them makes queries.</param>
    /// <param name="names">The layers' names below the prefix; a layer may make several of them.</param>
    public ConvolutionWeights Projection(in PaddedChannels heads, bool queries, params ReadOnlySpan<string> names)
    {
        (float[] weight, float[] bias, int inputs) = SideBySide(heads, queries, names);
        return Own(ConvolutionWeights.Create(Device, weight, bias, inputs, bias.Length, elementType: ElementType));
    }

    /// <summary>As <see cref="Projection"/>, with the normalisation of its input.</summary>
    /// <param name="norm">The normalisation's name below the prefix.</param>
    /// <param name="heads">The channels of one of them.</param>
    /// <param name="queries">Whether the first of them makes queries.</param>
    /// <param name="names">The layers' names below the prefix.</param>
    public NormalizedWeights NormalizedProjection(string norm, in PaddedChannels heads, bool queries, params ReadOnlySpan<string> names)
    {
        (float[] weight, float[] bias, int inputs) = SideBySide(heads, queries, names);
        return Normalized(norm, weight, bias, inputs);
    }

    /// <summary>A linear layer, with the normalisation of its input.</summary>
    /// <param name="norm">The normalisation's name below the prefix.</param>
    /// <param name="name">The layer's name below the prefix.</param>
    public NormalizedWeights NormalizedLinear(string norm, string name)
    {
        IReadOnlyList<int> shape = _checkpoint.Tensors[$"{_prefix}{name}.weight"].Shape;
        var inputs = new PaddedChannels(1, shape[1], Padded(shape[1]));
        var outputs = new PaddedChannels(1, shape[0], Padded(shape[0]));
        float[] weight = outputs.Pad(inputs.Pad(Values($"{name}.weight"), outer: shape[0]), inner: inputs.PaddedCount);
        return Normalized(norm, weight, outputs.Pad(Values($"{name}.bias")), inputs.PaddedCount);
    }

    private NormalizedWeights Normalized(string norm, float[] weight, float[] bias, int inputs) =>
        Own(NormalizedWeights.Create(Device, Values($"{norm}.weight"), Values($"{norm}.bias"), weight, bias, inputs, ElementType));

    private (float[] Weight, float[] Bias, int Inputs) SideBySide(in PaddedChannels heads, bool queries, ReadOnlySpan<string> names)
    {
        int inputs = _checkpoint.Tensors[$"{_prefix}{names[0]}.weight"].Shape[1];
        float[] weights = Joined(names, "weight");
        float[] biases = Joined(names, "bias");
        var filled = new PaddedChannels(1, inputs, Padded(inputs));
        PaddedChannels outputs = heads with { Groups = biases.Length / heads.Size };
        float[] weight = outputs.Pad(filled.Pad(weights, outer: biases.Length), inner: filled.PaddedCount);
        float[] bias = outputs.Pad(biases);
        if (queries && heads.PaddedSize != heads.Size)
        {
            // Attention divides by the root of the size with the zeros.
            float factor = (float)Math.Sqrt((double)heads.PaddedSize / heads.Size);
            Multiply(weight.AsSpan(0, heads.PaddedCount * filled.PaddedCount), factor);
            Multiply(bias.AsSpan(0, heads.PaddedCount), factor);
        }

        return (weight, bias, filled.PaddedCount);

        static void Multiply(Span<float> values, float factor) => System.Numerics.Tensors.TensorPrimitives.Multiply(values, factor, values);
    }

    // The values of several layers, one after the other.
    private float[] Joined(ReadOnlySpan<string> names, string kind)
    {
        var parts = new float[names.Length][];
        for (int i = 0; i < parts.Length; i++)
            parts[i] = Values($"{names[i]}.{kind}");
        if (parts.Length == 1)
            return parts[0];
        float[] joined = GC.AllocateUninitializedArray<float>(parts.Sum(part => part.Length));
        int length = 0;
        foreach (float[] part in parts)
        {
            part.CopyTo(joined, length);
            length += part.Length;
        }

        return joined;
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
    public NormWeights Norm(string name)
    {
        return new NormWeights(Vector($"{name}.weight"), Vector($"{name}.bias"));

        // Only the values' number says how many channels count.
        Tensor Vector(string values)
        {
            float[] read = Values(values);
            var filled = new PaddedChannels(1, read.Length, Padded(read.Length));
            return Upload(filled.Pad(read), 1, 1, filled.PaddedCount).Reshape(channels: read.Length);
        }
    }

    /// <summary>A table of values for each pixel of a window and each channel, filled up as activations are.</summary>
    /// <param name="name">The name below the prefix.</param>
    /// <param name="window">Pixels along a side of the window.</param>
    /// <param name="channels">The channels that it has.</param>
    public Tensor Table(string name, int window, int channels)
    {
        var filled = new PaddedChannels(1, channels, Padded(channels));
        return Upload(filled.Pad(Values(name), outer: window * window), window, window, filled.PaddedCount);
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
    /// <param name="headChannels">The channels of the heads.</param>
    /// <returns>[heads, window * window, headSize], cosine and sine in turn, zero for channels that fill up heads.</returns>
    public Tensor Rotary(string name, int window, in PaddedChannels headChannels)
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

        PaddedChannels filled = headChannels with { Groups = 1 };
        return Upload(filled.Pad(table, outer: heads * window * window), heads, window * window, filled.PaddedCount);
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
