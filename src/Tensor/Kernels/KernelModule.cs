namespace Gsasr.Tensors;

/// <summary>One OpenCL C source compiled with one set of constants: an entry of an assembly's <c>kernels.json</c>.</summary>
public sealed class KernelModule
{
    private readonly Dictionary<string, KernelId> _kernels = new(StringComparer.Ordinal);

    internal KernelModule(
        KernelLibrary library,
        string name,
        string source,
        IReadOnlyList<KeyValuePair<string, string>> defines,
        NvidiaTarget? target,
        int dynamicLocalBytes,
        int groupsPerProcessor)
    {
        Library = library;
        Name = name;
        Source = source;
        Defines = defines;
        Target = target;
        DynamicLocalBytes = dynamicLocalBytes;
        GroupsPerProcessor = groupsPerProcessor;
    }

    /// <summary>The library that the module belongs to.</summary>
    public KernelLibrary Library { get; }

    /// <summary>The module's name, unique in its library.</summary>
    public string Name { get; }

    /// <summary>The source's path beside <c>kernels.json</c>, with forward slashes.</summary>
    public string Source { get; }

    /// <summary>The constants, in the manifest's order, that the source is compiled with (<c>-D name=value</c>).</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Defines { get; }

    /// <summary>Null if the module is for all kinds of devices; otherwise the NVIDIA hardware that it is for, reached through CUDA.</summary>
    public NvidiaTarget? Target { get; }

    /// <summary>
    /// Bytes of local memory that each work-group of its kernels declares by <c>DYNAMIC_LOCAL</c>, which can be more than every
    /// device has; 0 where local memory is declared by arrays alone.
    /// </summary>
    public int DynamicLocalBytes { get; }

    /// <summary>
    /// How many work-groups a multiprocessor of NVIDIA hardware is to run at once, to which registers and cache give way; 0 leaves
    /// it to the compiler.
    /// </summary>
    public int GroupsPerProcessor { get; }

    /// <summary>The kernels that the source defines.</summary>
    public IReadOnlyCollection<KernelId> Kernels => _kernels.Values;

    /// <summary>A kernel of the module.</summary>
    /// <param name="name">The kernel function's name.</param>
    /// <exception cref="ArgumentException">The manifest names no such kernel.</exception>
    public KernelId this[string name] => _kernels.TryGetValue(name, out KernelId? kernel)
        ? kernel
        : throw new ArgumentException($"Module '{Name}' of {Library.Name} has no kernel '{name}'.", nameof(name));

    /// <summary>Reads the source, with the files that it includes in their places.</summary>
    public string ReadSource() => KernelSource.Expand(Library, Source);

    /// <summary>Reads the PTX made from the source, as ASCII text; null if there is none.</summary>
    public byte[]? ReadPtx() => Library.ReadResource($"Ptx/{Name}.ptx");

    internal void Add(KernelId kernel)
    {
        if (!_kernels.TryAdd(kernel.Name, kernel))
            throw new InvalidDataException($"Module '{Name}' of {Library.Name} names the kernel '{kernel.Name}' twice.");
    }
}
