using System.IO.Compression;
using System.Reflection;

namespace Gsasr.Tensors;

/// <summary>A GPU kernel, compiled with its assembly, and what every launch of it has in common. Known before any device is opened.</summary>
internal abstract class Kernel
{
    private readonly Assembly _assembly;

    private protected Kernel(Assembly assembly, string name, string entryPoint)
    {
        _assembly = assembly;
        Name = name;
        EntryPoint = entryPoint;
    }

    /// <summary>Method and specialisation: "Convolve.Tile128x64".</summary>
    public string Name { get; }

    /// <summary>The name of the function in the compiled text.</summary>
    public string EntryPoint { get; }

    /// <summary>Work-items of a work-group; the kernel is compiled for this size alone.</summary>
    public required int GroupSize { get; init; }

    /// <summary>
    /// How many work-groups a multiprocessor of NVIDIA hardware is to run at once. Registers are limited so that they fit, and they get just
    /// the shared memory that they need, which leaves the rest to the cache. 0 leaves both to the driver.
    /// </summary>
    public required int GroupsPerProcessor { get; init; }

    /// <summary>Bytes of shared memory that a group declares by arrays.</summary>
    public required int SharedBytes { get; init; }

    /// <summary>Bytes of shared memory that a group gets in addition, at the launch.</summary>
    public required int DynamicSharedBytes { get; init; }

    /// <summary>Null if the kernel is for all kinds of devices; otherwise the NVIDIA hardware that it is for, reached through CUDA.</summary>
    public required NvidiaTarget? Target { get; init; }

    /// <summary>Whether hardware before sm_80 has PTX of its own, as it lacks some of the instructions. Only with the <see cref="Target"/> sm_75.</summary>
    public required bool HasTuringPtx { get; init; }

    /// <summary>
    /// Whether the kernel itself waits for the launches before it, so that it may be started while they still run. Only with a <see cref="Target"/>.
    /// </summary>
    public required bool AwaitsEarlierLaunches { get; init; }

    /// <summary>The work-groups needed for one work-item per element, rounded up.</summary>
    /// <param name="items">Elements, at least 1.</param>
    public WorkSize GroupsFor(int items) => new((int)(((long)items + GroupSize - 1) / GroupSize));

    /// <summary>Reads the PTX for hardware of a compute capability, as ASCII text.</summary>
    /// <param name="major">The capability's first number.</param>
    /// <param name="minor">The capability's second number.</param>
    /// <exception cref="InvalidDataException">The assembly was built without it.</exception>
    public byte[] ReadPtx(int major, int minor) =>
        ReadResource(HasTuringPtx && !NvidiaTarget.Ampere.RunsOn(major, minor) ? $".{NvidiaTarget.Turing}.ptx" : ".ptx");

    /// <summary>Reads the OpenCL C, as ASCII text.</summary>
    /// <exception cref="InvalidDataException">The assembly was built without it; one with a <see cref="Target"/> has none.</exception>
    public byte[] ReadOpenCl() => ReadResource(".cl");

    /// <summary>The name, for messages.</summary>
    public override string ToString() => Name;

    private byte[] ReadResource(string extension)
    {
        using Stream stream = _assembly.GetManifestResourceStream(Name + extension)
            ?? throw new InvalidDataException($"{_assembly.GetName().Name} was built without {Name}{extension}.");
        using var text = new MemoryStream();
        using (var decompressed = new GZipStream(stream, CompressionMode.Decompress))
            decompressed.CopyTo(text);
        return text.ToArray();
    }
}

/// <summary>A <see cref="Kernel"/> with the arguments that its launches take.</summary>
/// <typeparam name="TArguments">The arguments, as the kernel compiler has written them.</typeparam>
internal sealed class Kernel<TArguments> : Kernel
    where TArguments : struct, IKernelArguments
{
    /// <summary>Names a kernel of an assembly.</summary>
    /// <param name="assembly">The assembly that embeds its texts.</param>
    /// <param name="name">The name of the texts.</param>
    /// <param name="entryPoint">The name of the function in them.</param>
    public Kernel(Assembly assembly, string name, string entryPoint)
        : base(assembly, name, entryPoint)
    {
    }
}
