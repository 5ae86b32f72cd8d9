using System.Globalization;
using Gsasr.Tensors;

namespace Gsasr.Checkpoints;

/// <summary>What a checkpoint says of one tensor.</summary>
/// <param name="Name">Its name, such as <c>encoder.conv_first.weight</c>.</param>
/// <param name="ElementType">How its values are stored.</param>
/// <param name="Shape">Its extents, outermost first; empty for a single number.</param>
internal sealed record TensorInfo(string Name, ElementType ElementType, IReadOnlyList<int> Shape)
{
    /// <summary>How many values it has: the product of the extents.</summary>
    public long Count
    {
        get
        {
            long count = 1;
            foreach (int extent in Shape)
                count = checked(count * extent);
            return count;
        }
    }

    /// <summary>Bytes of all its values.</summary>
    public long ByteCount => checked(Count * ElementType.Size());

    /// <summary>Whether the shape is exactly this one.</summary>
    /// <param name="extents">The extents, outermost first.</param>
    public bool HasShape(params ReadOnlySpan<int> extents)
    {
        if (Shape.Count != extents.Length)
            return false;
        for (int axis = 0; axis < extents.Length; axis++)
        {
            if (Shape[axis] != extents[axis])
                return false;
        }

        return true;
    }

    /// <summary>The shape, for messages: "[64, 3, 3, 3]".</summary>
    public string ShapeText => FormatShape(Shape);

    internal static string FormatShape(IEnumerable<int> shape) =>
        "[" + string.Join(", ", shape.Select(extent => extent.ToString(CultureInfo.InvariantCulture))) + "]";
}
