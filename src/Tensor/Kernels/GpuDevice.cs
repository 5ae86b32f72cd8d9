namespace Gsasr.Tensors;

/// <summary>A device that runs kernels written in OpenCL C, one after the other in the order of their launches.</summary>
public abstract class GpuDevice : Device
{
    // CUDA's limit for the second and third dimension; kept on every road so that what runs on one runs on all.
    private const int MaximumGroupsYZ = 65535;

    private readonly Dictionary<KernelId, GpuKernel> _kernels = [];
    private readonly HashSet<GpuBuffer> _buffers = [];
    private KernelProfile? _profile;
    private DeviceBuffer? _scratch;

    private protected GpuDevice()
    {
    }

    /// <summary>The driver and its version, for people to read.</summary>
    public abstract string Driver { get; }

    /// <summary>How many multiprocessors or compute units run work-groups side by side.</summary>
    public abstract int ProcessorCount { get; }

    /// <summary>Bytes of memory allocated on the device by this program.</summary>
    public long AllocatedBytes { get; private set; }

    /// <summary>Whether the device can run a module. Every device runs those without a <see cref="KernelModule.Target"/>.</summary>
    /// <param name="kernelModule">The module.</param>
    public abstract bool Supports(KernelModule kernelModule);

    /// <summary>Compiles a kernel at the first call; later ones return it from memory.</summary>
    /// <param name="id">The kernel.</param>
    /// <exception cref="DeviceException">The driver could not compile it; the message holds its log.</exception>
    public GpuKernel GetKernel(KernelId id)
    {
        ArgumentNullException.ThrowIfNull(id);
        if (_kernels.TryGetValue(id, out GpuKernel? kernel))
            return kernel;
        if (!Supports(id.Module))
        {
            string needs = id.Module.Target is NvidiaTarget target ? $"NVIDIA's {target}" : "devices";
            string local = id.Module.DynamicLocalBytes > 0 ? $" with {id.Module.DynamicLocalBytes} bytes of local memory" : "";
            throw new DeviceException($"Kernel {id} is written for {needs}{local} and cannot run on {Name}.");
        }

        kernel = LoadKernel(id);
        _kernels.Add(id, kernel);
        return kernel;
    }

    /// <summary>Starts a kernel after everything started before; nothing is allocated.</summary>
    /// <param name="kernel">A kernel of this device.</param>
    /// <param name="groups">How many work-groups run; at least 1, and at most 65535 along Y and Z.</param>
    /// <param name="arguments">The arguments, as many as the kernel has parameters.</param>
    /// <exception cref="ArgumentException">The arguments or the work-groups do not fit the kernel.</exception>
    /// <exception cref="DeviceException">The driver refused the launch; the message names the kernel.</exception>
    public void Launch(GpuKernel kernel, WorkSize groups, scoped in KernelArguments arguments)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        if (groups.X < 1 || groups.Y is < 1 or > MaximumGroupsYZ || groups.Z is < 1 or > MaximumGroupsYZ)
            throw new ArgumentException($"Kernel {kernel.Id} cannot be launched with {groups} work-groups.", nameof(groups));
        if (arguments.Count != kernel.ParameterCount)
        {
            throw new ArgumentException(
                $"Kernel {kernel.Id} has {kernel.ParameterCount} parameters, but {arguments.Count} arguments were given.",
                nameof(arguments));
        }

        if (arguments.Device is not null && arguments.Device != this)
        {
            throw new ArgumentException(
                $"Kernel {kernel.Id} runs on {Name} and cannot use memory of {arguments.Device.Name}.", nameof(arguments));
        }

        if (_profile is null)
        {
            LaunchKernel(kernel, groups, arguments);
            return;
        }

        GpuEvent start = RecordEvent();
        LaunchKernel(kernel, groups, arguments);
        _profile.Add(kernel.Id, start, RecordEvent());
    }

    /// <summary>Marks the point after everything started so far.</summary>
    public abstract GpuEvent RecordEvent();

    /// <summary>Measures every launch from now on, until the result is disposed of.</summary>
    /// <exception cref="InvalidOperationException">Launches are being measured already.</exception>
    public KernelProfile BeginProfile()
    {
        if (_profile is not null)
            throw new InvalidOperationException("The launches of this device are being measured already.");
        return _profile = new KernelProfile(this);
    }

    /// <inheritdoc/>
    public sealed override DeviceBuffer Allocate(long byteLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(byteLength, 1);

        // Some drivers promise more than they have and fail, or take the system down, when the memory is used.
        if (byteLength > MemoryBytes - AllocatedBytes)
        {
            throw new DeviceMemoryException(
                $"{Name} has {ToMebibytes(MemoryBytes)} MiB of memory and {ToMebibytes(AllocatedBytes)} MiB are in use: " +
                $"{ToMebibytes(byteLength)} MiB more do not fit.");
        }

        GpuBuffer buffer = AllocateBuffer(byteLength);
        _buffers.Add(buffer);
        AllocatedBytes += byteLength;
        return buffer;
    }

    /// <summary>
    /// Memory for what one operation hands from one of its kernels to the next, with undefined contents; valid until the next
    /// call, as kernels run one after the other. It is kept, and replaced where more is asked for.
    /// </summary>
    /// <param name="byteLength">Bytes, at least 1.</param>
    /// <exception cref="DeviceMemoryException">The device has not that much memory left.</exception>
    public DeviceBuffer Scratch(long byteLength)
    {
        if (_scratch is null || _scratch.ByteLength < byteLength)
        {
            _scratch?.Dispose();
            _scratch = null;
            _scratch = Allocate(byteLength);
        }

        return _scratch;
    }

    internal static long ToMebibytes(long bytes) => (bytes + (1 << 20) - 1) >> 20;

    internal void EndProfile(KernelProfile profile)
    {
        if (_profile == profile)
            _profile = null;
    }

    internal void Forget(GpuBuffer buffer)
    {
        if (_buffers.Remove(buffer))
            AllocatedBytes -= buffer.ByteLength;
    }

    private protected abstract GpuKernel LoadKernel(KernelId id);

    private protected abstract void LaunchKernel(GpuKernel kernel, WorkSize groups, scoped in KernelArguments arguments);

    private protected abstract GpuBuffer AllocateBuffer(long byteLength);

    private protected void DisposeBuffers()
    {
        foreach (GpuBuffer buffer in _buffers.ToArray())
            buffer.Dispose();
    }

    private protected IEnumerable<GpuKernel> LoadedKernels => _kernels.Values;
}
