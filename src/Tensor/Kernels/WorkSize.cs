namespace Gsasr.Tensors;

/// <summary>A count in up to three dimensions: work-items of a work-group, or work-groups of a launch.</summary>
/// <param name="X">Along the first dimension, the fastest.</param>
/// <param name="Y">Along the second dimension.</param>
/// <param name="Z">Along the third dimension.</param>
internal readonly record struct WorkSize(int X, int Y = 1, int Z = 1)
{
    /// <summary>X * Y * Z.</summary>
    public long Count => (long)X * Y * Z;

    /// <summary>The size, for messages: "16 x 16 x 1".</summary>
    public override string ToString() => $"{X} x {Y} x {Z}";
}
