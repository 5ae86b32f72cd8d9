namespace Gsasr.Architecture;

/// <summary>
/// Collects the tensors of a network, layer by layer, in the reference implementation's names, and the multiply-adds that the layers spend
/// on each pixel of the input, and the memory that they take for each thread of the processor.
/// </summary>
internal sealed class TensorPlan(string prefix)
{
    private readonly List<ExpectedTensor> _tensors = [];

    private readonly double[] _multiplyAdds = new double[Enum.GetValues<NetworkPart>().Length];

    public IReadOnlyList<ExpectedTensor> Tensors => _tensors;

    /// <summary>The part of the network that layers added from now on belong to.</summary>
    public NetworkPart Part { get; set; }

    /// <summary>The most bytes of scratch memory that a layer takes for each thread of the processor.</summary>
    public long ThreadBytes { get; private set; }

    /// <summary>Multiply-adds of all parts for each pixel of the input.</summary>
    public double MultiplyAddsPerPixel => _multiplyAdds.Sum();

    /// <summary>Multiply-adds of a part for each pixel of the input.</summary>
    /// <param name="part">The part.</param>
    public double MultiplyAddsPerPixelOf(NetworkPart part) => _multiplyAdds[(int)part];

    /// <summary>A convolution: weights [outputs, inputs, kernel, kernel] and bias.</summary>
    /// <param name="name">The layer's name.</param>
    /// <param name="inputs">Channels of its input.</param>
    /// <param name="outputs">Channels of its output.</param>
    /// <param name="kernel">1 or 3.</param>
    /// <param name="perPixel">How often it is computed for each pixel of the input; 0 for once an image.</param>
    public void Convolution(string name, int inputs, int outputs, int kernel = 3, int perPixel = 1)
    {
        _multiplyAdds[(int)Part] += perPixel * Layers.Convolution.MultiplyAddsPerPixel(inputs, outputs, kernel);
        ThreadBytes = Math.Max(ThreadBytes, Layers.Convolution.ThreadBytes(inputs, outputs, kernel));
        Parameter($"{name}.weight", outputs, inputs, kernel, kernel);
        Parameter($"{name}.bias", outputs);
    }

    /// <summary>A matrix product: weights [outputs, inputs] and bias.</summary>
    /// <param name="name">The layer's name.</param>
    /// <param name="inputs">Channels of its input.</param>
    /// <param name="outputs">Channels of its output.</param>
    /// <param name="perPixel">How often it is computed for each pixel of the input; 0 for once an image.</param>
    public void Linear(string name, int inputs, int outputs, int perPixel = 1)
    {
        _multiplyAdds[(int)Part] += perPixel * Layers.Convolution.MultiplyAddsPerPixel(inputs, outputs, 1);
        ThreadBytes = Math.Max(ThreadBytes, Layers.Convolution.ThreadBytes(inputs, outputs, 1));
        Parameter($"{name}.weight", outputs, inputs);
        Parameter($"{name}.bias", outputs);
    }

    /// <summary>A layer normalisation: scale and offset per channel.</summary>
    public void LayerNorm(string name, int channels)
    {
        Parameter($"{name}.weight", channels);
        Parameter($"{name}.bias", channels);
    }

    /// <summary>An attention within windows, which has no tensors but those of its projections and positions.</summary>
    /// <param name="keyTokens">Keys that each pixel attends to.</param>
    /// <param name="channels">Channels of all heads.</param>
    /// <param name="heads">How many heads.</param>
    public void WindowAttention(int keyTokens, int channels, int heads)
    {
        _multiplyAdds[(int)Part] += Layers.WindowAttention.MultiplyAddsPerPixel(keyTokens, channels);
        ThreadBytes = Math.Max(ThreadBytes, Layers.WindowAttention.ThreadBytes(keyTokens, channels / heads));
    }

    /// <summary>The Gaussian heads, whose layers are added one by one, are computed all at once.</summary>
    /// <param name="channels">Channels of a cell.</param>
    public void GaussianHeads(int channels) => ThreadBytes = Math.Max(ThreadBytes, Layers.GaussianHeads.ThreadBytes(channels));

    /// <summary>The frequencies [2, heads, headWidth / 2] of a rotary position embedding, and its token coordinates.</summary>
    public void Rope(string name, int heads, int headWidth, int tokens)
    {
        Parameter($"{name}.rope_freqs", 2, heads, headWidth / 2);
        Redundant($"{name}.rope_t_x", tokens);
        Redundant($"{name}.rope_t_y", tokens);
    }

    public void Parameter(string name, params int[] shape) => Add(name, TensorRole.Parameter, shape);

    public void IndexTable(string name, params int[] shape) => Add(name, TensorRole.IndexTable, shape);

    public void Redundant(string name, params int[] shape) => Add(name, TensorRole.Redundant, shape);

    private void Add(string name, TensorRole role, int[] shape) => _tensors.Add(new ExpectedTensor(prefix + name, role, shape));
}
