namespace Gsasr.Tensors;

/// <summary>A kernel of a <see cref="KernelLibrary"/>, known before any device is opened.</summary>
public sealed class KernelId
{
    internal KernelId(KernelModule module, string name, WorkSize groupSize)
    {
        Module = module;
        Name = name;
        GroupSize = groupSize;
    }

    /// <summary>The module that holds the kernel.</summary>
    public KernelModule Module { get; }

    /// <summary>The name of the kernel function.</summary>
    public string Name { get; }

    /// <summary>Work-items of a work-group; the kernel is compiled for this size alone.</summary>
    public WorkSize GroupSize { get; }

    /// <summary>Module and name, for messages: "linear/linear_relu".</summary>
    public override string ToString() => $"{Module.Name}/{Name}";
}
