namespace Gsasr.Tensors;

/// <summary>Sizes and kinds of the element types.</summary>
internal static class ElementTypes
{
    /// <summary>Bytes of one value.</summary>
    /// <param name="type">The element type.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such element type.</exception>
    public static int Size(this ElementType type) => type switch
    {
        ElementType.Float64 or ElementType.Int64 => 8,
        ElementType.Float32 or ElementType.Int32 => 4,
        ElementType.Float16 or ElementType.BFloat16 or ElementType.Int16 => 2,
        ElementType.Int8 or ElementType.UInt8 or ElementType.Bool => 1,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "No such element type."),
    };

    /// <summary>Whether the values are floating-point numbers.</summary>
    /// <param name="type">The element type.</param>
    public static bool IsFloat(this ElementType type) =>
        type is ElementType.Float32 or ElementType.Float64 or ElementType.Float16 or ElementType.BFloat16;
}
