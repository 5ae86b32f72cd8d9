namespace Gsasr.Architecture;

/// <summary>Collects the tensors of a network, layer by layer, in the reference implementation's names.</summary>
internal sealed class TensorPlan(string prefix)
{
    private readonly List<ExpectedTensor> _tensors = [];

    public IReadOnlyList<ExpectedTensor> Tensors => _tensors;

    /// <summary>A convolution: weights [outputs, inputs, kernel, kernel] and bias.</summary>
    public void Convolution(string name, int inputs, int outputs, int kernel = 3)
    {
        Parameter($"{name}.weight", outputs, inputs, kernel, kernel);
        Parameter($"{name}.bias", outputs);
    }

    /// <summary>A matrix product: weights [outputs, inputs] and bias.</summary>
    public void Linear(string name, int inputs, int outputs)
    {
        Parameter($"{name}.weight", outputs, inputs);
        Parameter($"{name}.bias", outputs);
    }

    /// <summary>A layer normalisation: scale and offset per channel.</summary>
    public void LayerNorm(string name, int channels)
    {
        Parameter($"{name}.weight", channels);
        Parameter($"{name}.bias", channels);
    }

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
