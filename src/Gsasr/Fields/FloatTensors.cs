using System.Buffers.Binary;
using Gsasr.Checkpoints;
using Gsasr.Tensors;

namespace Gsasr.Fields;

/// <summary>Arrays of floats as tensors of a file to be written.</summary>
/// <param name="source">What they are, for messages.</param>
internal sealed class FloatTensors(string source) : Checkpoint
{
    private readonly Dictionary<string, TensorInfo> _tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, float[]> _values = new(StringComparer.Ordinal);

    public override string Source => source;

    public override IReadOnlyDictionary<string, TensorInfo> Tensors => _tensors;

    /// <summary>Adds a tensor.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="values">Its values, row-major.</param>
    /// <param name="shape">Its extents.</param>
    public FloatTensors Add(string name, float[] values, params int[] shape)
    {
        _tensors.Add(name, new TensorInfo(name, ElementType.Float32, shape));
        _values.Add(name, values);
        return this;
    }

    protected override void ReadElementBytes(TensorInfo tensor, Span<byte> destination) => Write(_values[tensor.Name], destination);

    /// <summary>Writes floats as the format has them.</summary>
    /// <param name="values">The floats.</param>
    /// <param name="destination">Receives them, little-endian.</param>
    public static void Write(ReadOnlySpan<float> values, Span<byte> destination)
    {
        for (int i = 0; i < values.Length; i++)
            BinaryPrimitives.WriteSingleLittleEndian(destination[(4 * i)..], values[i]);
    }
}
