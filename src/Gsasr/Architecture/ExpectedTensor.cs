namespace Gsasr.Architecture;

/// <summary>A tensor that a network of some architecture has.</summary>
/// <param name="Name">Its name, with the prefix <c>encoder.</c> or <c>decoder.</c>.</param>
/// <param name="Role">What it is to the network.</param>
/// <param name="Shape">Its extents, outermost first; -1 where any extent will do.</param>
internal sealed record ExpectedTensor(string Name, TensorRole Role, IReadOnlyList<int> Shape)
{
    /// <summary>How many trained numbers it holds: none in a buffer.</summary>
    public long ParameterCount => Role == TensorRole.Parameter ? Shape.Aggregate(1L, (count, extent) => checked(count * extent)) : 0;

    /// <summary>Whether a checkpoint without it cannot be used.</summary>
    public bool IsRequired => Role is TensorRole.Parameter or TensorRole.IndexTable;

    internal bool Accepts(IReadOnlyList<int> shape)
    {
        if (shape.Count != Shape.Count)
            return false;
        for (int axis = 0; axis < shape.Count; axis++)
        {
            if (Shape[axis] >= 0 && Shape[axis] != shape[axis])
                return false;
        }

        return true;
    }
}
