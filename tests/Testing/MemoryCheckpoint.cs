using System.Runtime.InteropServices;
using Gsasr.Checkpoints;
using Gsasr.Tensors;

namespace Gsasr.Testing;

/// <summary>A checkpoint made of arrays, or of another checkpoint with some tensors taken away, added or replaced.</summary>
internal sealed class MemoryCheckpoint : Checkpoint
{
    private readonly Dictionary<string, TensorInfo> _tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, byte[]> _data = new(StringComparer.Ordinal);
    private readonly Checkpoint? _base;

    /// <summary>Starts without tensors.</summary>
    public MemoryCheckpoint()
    {
    }

    /// <summary>Starts with the tensors of another checkpoint, which stays the caller's.</summary>
    public MemoryCheckpoint(Checkpoint basis)
    {
        _base = basis;
        foreach (TensorInfo tensor in basis.Tensors.Values)
            _tensors.Add(tensor.Name, tensor);
    }

    /// <inheritdoc/>
    public override string Source => "memory";

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, TensorInfo> Tensors => _tensors;

    /// <summary>Adds or replaces a tensor of any element type, values as they lie in memory.</summary>
    public MemoryCheckpoint Set<T>(string name, ElementType type, int[] shape, params ReadOnlySpan<T> values)
        where T : unmanaged
    {
        byte[] bytes = MemoryMarshal.AsBytes(values).ToArray();
        var tensor = new TensorInfo(name, type, shape);
        if (tensor.ByteCount != bytes.Length)
            throw new ArgumentException($"{type} {tensor.ShapeText} takes {tensor.ByteCount} bytes, not {bytes.Length}.", nameof(values));
        _tensors[name] = tensor;
        _data[name] = bytes;
        return this;
    }

    /// <summary>Adds or replaces a tensor of zeros.</summary>
    public MemoryCheckpoint SetZeros(string name, params int[] shape) =>
        Set<byte>(name, ElementType.Float32, shape, new byte[new TensorInfo(name, ElementType.Float32, shape).ByteCount]);

    /// <summary>Takes a tensor away.</summary>
    public MemoryCheckpoint Remove(string name)
    {
        if (!_tensors.Remove(name))
            throw new KeyNotFoundException($"There is no tensor {name} to remove.");
        return this;
    }

    /// <inheritdoc/>
    protected override void ReadElementBytes(TensorInfo tensor, Span<byte> destination)
    {
        if (_data.TryGetValue(tensor.Name, out byte[]? bytes))
            bytes.CopyTo(destination);
        else
            _base!.ReadBytes(tensor.Name, destination);
    }
}
