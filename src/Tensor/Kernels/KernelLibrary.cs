using System.Reflection;

namespace Gsasr.Tensors;

/// <summary>
/// The GPU kernels of one assembly: its <c>kernels.json</c>, the OpenCL C sources and the PTX made from them, all embedded.
/// </summary>
public sealed class KernelLibrary
{
    private readonly Assembly _assembly;
    private readonly Dictionary<string, KernelModule> _modules = new(StringComparer.Ordinal);

    /// <summary>Reads an assembly's manifest; sources are read when a device needs them.</summary>
    /// <param name="assembly">The assembly that embeds <c>kernels.json</c>.</param>
    /// <exception cref="InvalidDataException">The manifest is missing or wrong; the message says where.</exception>
    public KernelLibrary(Assembly assembly)
    {
        ArgumentNullException.ThrowIfNull(assembly);
        _assembly = assembly;
        Name = assembly.GetName().Name ?? "?";
        byte[] manifest = ReadResource("kernels.json")
            ?? throw new InvalidDataException($"{Name} embeds no kernels.json.");
        foreach (KernelModule module in KernelManifest.Parse(this, manifest))
        {
            if (!_modules.TryAdd(module.Name, module))
                throw new InvalidDataException($"kernels.json of {Name} names the module '{module.Name}' twice.");
        }
    }

    /// <summary>The assembly's name.</summary>
    public string Name { get; }

    /// <summary>The modules of the library.</summary>
    public IReadOnlyCollection<KernelModule> Modules => _modules.Values;

    /// <summary>A module of the library.</summary>
    /// <param name="name">The module's name in the manifest.</param>
    /// <exception cref="ArgumentException">The manifest names no such module.</exception>
    public KernelModule this[string name] => _modules.TryGetValue(name, out KernelModule? module)
        ? module
        : throw new ArgumentException($"{Name} has no kernel module '{name}'.", nameof(name));

    /// <summary>A kernel of the library.</summary>
    /// <param name="module">The module's name in the manifest.</param>
    /// <param name="kernel">The kernel function's name.</param>
    /// <exception cref="ArgumentException">The manifest names no such kernel.</exception>
    public KernelId this[string module, string kernel] => this[module][kernel];

    internal byte[]? ReadResource(string path)
    {
        using Stream? stream = _assembly.GetManifestResourceStream(path);
        if (stream is null)
            return null;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
