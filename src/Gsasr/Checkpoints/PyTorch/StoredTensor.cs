using Gsasr.Tensors;

namespace Gsasr.Checkpoints.PyTorch;

/// <summary>A tensor as a checkpoint describes it: a strided view of a storage. Every value is known to lie within the storage.</summary>
internal sealed class StoredTensor
{
    private const int MaxRank = 16;

    private StoredTensor(StorageReference storage, long offset, int[] shape, long[] strides)
    {
        Storage = storage;
        Offset = offset;
        Shape = shape;
        Strides = strides;
    }

    public StorageReference Storage { get; }

    /// <summary>Where the first value lies, in values.</summary>
    public long Offset { get; }

    public int[] Shape { get; }

    /// <summary>From one index to the next along each axis, in values; never negative.</summary>
    public long[] Strides { get; }

    /// <summary>Whether the values lie row-major without gaps.</summary>
    public bool IsContiguous
    {
        get
        {
            long expected = 1;
            for (int axis = Shape.Length - 1; axis >= 0; axis--)
            {
                if (Shape[axis] != 1 && Strides[axis] != expected)
                    return false;
                expected *= Shape[axis];
            }

            return true;
        }
    }

    public static StoredTensor Create(StorageReference storage, long offset, object?[] size, object?[] stride, string source)
    {
        if (size.Length != stride.Length || size.Length > MaxRank)
            throw new CheckpointFormatException($"{source}: a tensor has {size.Length} extents and {stride.Length} strides.");
        var shape = new int[size.Length];
        var strides = new long[size.Length];
        for (int axis = 0; axis < shape.Length; axis++)
        {
            if (size[axis] is not long extent || extent is < 0 or > int.MaxValue || stride[axis] is not long step || step < 0)
                throw new CheckpointFormatException($"{source}: a tensor has a negative, huge or non-integer extent or stride.");
            shape[axis] = (int)extent;
            strides[axis] = step;
        }

        if (offset < 0)
            throw new CheckpointFormatException($"{source}: a tensor begins {-offset} values before its storage.");

        // 128 bits hold the sum of 16 products of 31 and 63 bits, and the count is checked factor by factor.
        Int128 count = 1;
        Int128 last = offset;
        for (int axis = 0; axis < shape.Length; axis++)
        {
            count *= shape[axis];
            if (count * storage.ElementType.Size() > Checkpoint.MaxTensorBytes)
            {
                throw new CheckpointFormatException(
                    $"{source}: a tensor claims the shape {TensorInfo.FormatShape(shape)}, more values than are read.");
            }

            last += (Int128)Math.Max(shape[axis] - 1, 0) * strides[axis];
        }

        if (count > 0 && last >= storage.Count)
        {
            throw new CheckpointFormatException(
                $"{source}: a tensor of shape {TensorInfo.FormatShape(shape)} reaches value {last} of a storage of {storage.Count}.");
        }

        return new StoredTensor(storage, offset, shape, strides);
    }
}
