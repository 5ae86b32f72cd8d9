namespace Gsasr.Tensors;

/// <summary>A kernel compiled for a device and owned by it.</summary>
public abstract class GpuKernel
{
    private protected GpuKernel(KernelId id, int parameterCount)
    {
        Id = id;
        ParameterCount = parameterCount;
    }

    /// <summary>Which kernel this is.</summary>
    public KernelId Id { get; }

    /// <summary>How many parameters it has.</summary>
    public int ParameterCount { get; }

    /// <summary>Work-items of a work-group.</summary>
    public WorkSize GroupSize => Id.GroupSize;

    /// <summary>The work-groups needed for one work-item per element: the extents divided by the group size, rounded up.</summary>
    /// <param name="width">Elements along the first dimension, at least 1.</param>
    /// <param name="height">Elements along the second dimension, at least 1.</param>
    /// <param name="depth">Elements along the third dimension, at least 1.</param>
    public WorkSize GroupsFor(int width, int height = 1, int depth = 1) => new(
        DivideUp(width, GroupSize.X),
        DivideUp(height, GroupSize.Y),
        DivideUp(depth, GroupSize.Z));

    private static int DivideUp(int extent, int size) => (int)(((long)extent + size - 1) / size);
}
