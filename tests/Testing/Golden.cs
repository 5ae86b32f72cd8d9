using Gsasr.Checkpoints;
using Gsasr.Tensors;

namespace Gsasr.Testing;

/// <summary>Reference tensors from tests/data/golden.</summary>
public sealed class Golden : IDisposable
{
    private readonly SafetensorsCheckpoint _file;

    private Golden(string name) => _file = SafetensorsCheckpoint.Open(TestData.GoldenFile($"{name}.safetensors"));

    /// <summary>The file's notes: sizes, scale and dmax of its cases.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _file.Metadata;

    /// <summary>The names of its tensors.</summary>
    public IEnumerable<string> Names => _file.Tensors.Keys;

    /// <summary>Opens <c>NAME.safetensors</c>.</summary>
    public static Golden Open(string name) => new(name);

    /// <summary>Whether the file has the tensor.</summary>
    public bool Has(string tensor) => _file.Tensors.ContainsKey(tensor);

    /// <summary>A tensor's extents, outermost first.</summary>
    public int[] Shape(string tensor) => [.. _file.Tensors[tensor].Shape];

    /// <summary>A tensor of float32 values, row-major.</summary>
    public float[] Floats(string tensor)
    {
        var values = new float[_file.Tensors[tensor].Count];
        _file.Read(tensor, values);
        return values;
    }

    /// <summary>A tensor of bytes, such as an input image, row-major.</summary>
    public byte[] Bytes(string tensor)
    {
        TensorInfo info = _file.Tensors[tensor];
        if (info.ElementType != ElementType.UInt8)
            throw new ArgumentException($"Golden tensor {tensor} holds {info.ElementType} values, not bytes.", nameof(tensor));
        var values = new byte[info.Count];
        _file.ReadBytes(tensor, values);
        return values;
    }

    /// <summary>A number from the notes of a case, such as <c>scale</c> in "height=31 width=47 scale=4.0 dmax=0.1".</summary>
    public double Setting(string metadataKey, string setting)
    {
        string prefix = setting + "=";
        string field = Metadata[metadataKey].Split(' ').Single(field => field.StartsWith(prefix, StringComparison.Ordinal));
        return double.Parse(field.AsSpan(prefix.Length), System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
