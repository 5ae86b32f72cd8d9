using System.Collections.Immutable;
using Gsasr.Tensors;

namespace Gsasr.Checkpoints;

/// <summary>
/// Named tensors of a trained network. Opening one reads names and shapes only. Values are read, tensor by tensor, into memory of the
/// caller, so that a model's weights are held once. Several threads may read at the same time; nobody may dispose of it meanwhile.
/// </summary>
internal abstract class Checkpoint : IDisposable
{
    /// <summary>The longest tensor that is read, in bytes: what one span can hold.</summary>
    internal const int MaxTensorBytes = int.MaxValue;

    /// <summary>Where the tensors come from, for messages: one path or several.</summary>
    public abstract string Source { get; }

    /// <summary>All tensors by name.</summary>
    public abstract IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <summary>Notes kept beside the tensors, by key; empty where the format has none.</summary>
    public virtual IReadOnlyDictionary<string, string> Metadata => ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Reads a tensor of any floating-point type as float32, row-major.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="destination">Where its values go: exactly as many as the tensor has.</param>
    /// <exception cref="KeyNotFoundException">There is no such tensor.</exception>
    /// <exception cref="ArgumentException">The destination has another length.</exception>
    /// <exception cref="CheckpointFormatException">The tensor holds integers, or its data cannot be read.</exception>
    public void Read(string name, Span<float> destination)
    {
        TensorInfo tensor = Find(name, destination.Length);
        if (!tensor.ElementType.IsFloat())
            throw WrongType(tensor, "floating-point numbers");

        if (tensor.ElementType == ElementType.Float32 && ElementDecoding.TryGetBytes(destination, out Span<byte> inPlace))
        {
            ReadElementBytes(tensor, inPlace);
            return;
        }

        var bytes = new byte[tensor.ByteCount];
        ReadElementBytes(tensor, bytes);
        ElementDecoding.ToSingles(tensor.ElementType, bytes, destination);
    }

    /// <summary>Reads a tensor of any integer type, or of truth values as 0 and 1, row-major.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="destination">Where its values go: exactly as many as the tensor has.</param>
    /// <exception cref="KeyNotFoundException">There is no such tensor.</exception>
    /// <exception cref="ArgumentException">The destination has another length.</exception>
    /// <exception cref="CheckpointFormatException">The tensor holds floating-point values, or its data cannot be read.</exception>
    public void Read(string name, Span<long> destination)
    {
        TensorInfo tensor = Find(name, destination.Length);
        if (tensor.ElementType.IsFloat())
            throw WrongType(tensor, "integers");

        var bytes = new byte[tensor.ByteCount];
        ReadElementBytes(tensor, bytes);
        ElementDecoding.ToIntegers(tensor.ElementType, bytes, destination);
    }

    /// <summary>Reads a tensor of indices and checks that each lies in [0, <paramref name="limit"/>).</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="limit">The number of things that are indexed.</param>
    /// <returns>The indices, row-major.</returns>
    /// <exception cref="KeyNotFoundException">There is no such tensor.</exception>
    /// <exception cref="CheckpointFormatException">
    /// An index lies outside, the tensor holds floating-point values, or its data cannot be read.
    /// </exception>
    public int[] ReadIndices(string name, int limit)
    {
        var values = new long[Find(name).Count];
        Read(name, values);
        var indices = new int[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            if (values[i] < 0 || values[i] >= limit)
                throw new CheckpointFormatException($"{Source}: tensor {Quote.Name(name)} holds index {values[i]}, outside [0, {limit}).");
            indices[i] = (int)values[i];
        }

        return indices;
    }

    /// <summary>Reads a tensor as it is stored: row-major, little-endian, without gaps.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="destination">Where the bytes go: exactly as many as the tensor has.</param>
    /// <exception cref="KeyNotFoundException">There is no such tensor.</exception>
    /// <exception cref="ArgumentException">The destination has another length.</exception>
    /// <exception cref="CheckpointFormatException">The data cannot be read.</exception>
    public void ReadBytes(string name, Span<byte> destination)
    {
        TensorInfo tensor = Find(name);
        if (destination.Length != tensor.ByteCount)
            throw WrongLength(name, tensor.ByteCount, "bytes", destination.Length);
        ReadElementBytes(tensor, destination);
    }

    /// <summary>Reads all values of a tensor, row-major, little-endian, without gaps; the arguments have been checked.</summary>
    /// <param name="tensor">One of <see cref="Tensors"/>.</param>
    /// <param name="destination">As many bytes as the tensor has.</param>
    protected abstract void ReadElementBytes(TensorInfo tensor, Span<byte> destination);

    /// <summary>Closes the files behind the checkpoint.</summary>
    /// <param name="disposing">Whether <see cref="Dispose()"/> was called.</param>
    protected virtual void Dispose(bool disposing)
    {
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    private TensorInfo Find(string name) => Tensors.TryGetValue(name, out TensorInfo? tensor)
        ? tensor
        : throw new KeyNotFoundException($"{Source} has no tensor {Quote.Name(name)}.");

    private TensorInfo Find(string name, int length)
    {
        TensorInfo tensor = Find(name);
        return tensor.Count == length ? tensor : throw WrongLength(name, tensor.Count, "values", length);
    }

    private static ArgumentException WrongLength(string name, long count, string unit, int length) =>
        new($"Tensor {Quote.Name(name)} has {count} {unit}, not {length}.", nameof(length));

    private CheckpointFormatException WrongType(TensorInfo tensor, string needed) => new(
        $"{Source}: tensor {Quote.Name(tensor.Name)} holds {tensor.ElementType} values where {needed} are needed.");
}
