using Gsasr.Tensors.OpenCl.Native;

namespace Gsasr.Tensors.OpenCl;

/// <summary>A device of any vendor, reached through an OpenCL 1.2 driver that compiles the kernels when they are needed.</summary>
public sealed unsafe class OpenClDevice : GpuDevice
{
    private readonly OpenClCandidate _candidate;
    private readonly ClContext _context;
    private readonly OpenClProgramBuilder _builder;
    private readonly long _maximumBufferBytes;
    private readonly Dictionary<KernelModule, ClProgram> _programs = [];
    private GpuKernel? _lastLaunched;

    internal OpenClDevice(OpenClCandidate candidate)
    {
        _candidate = candidate;
        Name = candidate.Description.Name;
        MemoryBytes = candidate.Description.MemoryBytes;
        _maximumBufferBytes = (long)ClQuery.DeviceValue<ulong>(candidate.Device, ClConstants.CL_DEVICE_MAX_MEM_ALLOC_SIZE);

        nint* properties = stackalloc nint[] { ClConstants.CL_CONTEXT_PLATFORM, candidate.Platform.Value, 0 };
        ClDeviceId device = candidate.Device;
        _context = ClNative.clCreateContext(properties, 1, &device, 0, 0, out ClResult result);
        ClCheck.Check(result, "clCreateContext", $"open {Name}");
        Queue = ClNative.clCreateCommandQueue(_context, device, ClConstants.CL_QUEUE_PROFILING_ENABLE, out result);
        if (result != ClResult.CL_SUCCESS)
            _context.Dispose();
        ClCheck.Check(result, "clCreateCommandQueue", $"open {Name}");
        _builder = new OpenClProgramBuilder(candidate, _context) { Compiling = OnCompiling };
    }

    /// <summary>
    /// Raised once, on the thread that uses the device, when kernels have to be compiled that no earlier run left in the cache: the
    /// work under way waits for the driver's compiler, some of which take a minute.
    /// </summary>
    public event EventHandler? Compiling;

    /// <inheritdoc/>
    public override DeviceKind Kind => DeviceKind.OpenCl;

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override long MemoryBytes { get; }

    /// <inheritdoc/>
    public override string Driver => _candidate.Description.Driver;

    /// <inheritdoc/>
    public override int ProcessorCount => _candidate.ProcessorCount;

    internal ClQueue Queue { get; }

    /// <inheritdoc/>
    public override bool Supports(KernelModule kernelModule)
    {
        ArgumentNullException.ThrowIfNull(kernelModule);
        return kernelModule.Target is null && (ulong)kernelModule.DynamicLocalBytes <= _candidate.LocalMemoryBytes;
    }

    /// <inheritdoc/>
    public override void Synchronize() => CheckCompletion(ClNative.clFinish(Queue), "clFinish");

    /// <inheritdoc/>
    public override GpuEvent RecordEvent()
    {
        ClResult result = ClNative.clEnqueueMarkerWithWaitList(Queue, 0, null, out ClEvent marker);
        ClCheck.Check(result, "clEnqueueMarkerWithWaitList", $"mark a point in time on {Name}");
        return new OpenClEvent(marker);
    }

    /// <summary>Checks a call that waits for earlier work, which is where that work's failures appear.</summary>
    internal void CheckCompletion(ClResult result, string call)
    {
        if (result == ClResult.CL_SUCCESS)
            return;
        if (result == ClResult.CL_MEM_OBJECT_ALLOCATION_FAILURE)
            ClCheck.Check(result, call, $"finish the work on {Name}");
        throw new DeviceException(
            $"Work on {Name} failed ({call}: {ClCheck.Describe(result)}); " +
            $"the last kernel started was {_lastLaunched?.Id.ToString() ?? "none"}.");
    }

    private protected override GpuKernel LoadKernel(KernelId id)
    {
        if (!_programs.TryGetValue(id.Module, out ClProgram? program))
        {
            program = _builder.Build(id.Module);
            _programs.Add(id.Module, program);
        }

        ClKernel kernel = ClNative.clCreateKernel(program, id.Name, out ClResult result);
        ClCheck.Check(result, "clCreateKernel", $"load kernel {id} on {Name}");
        try
        {
            CheckGroupSize(id, kernel);
            return new OpenClKernel(id, kernel);
        }
        catch
        {
            kernel.Dispose();
            throw;
        }
    }

    private protected override void LaunchKernel(GpuKernel kernel, WorkSize groups, scoped in KernelArguments arguments)
    {
        ClKernel native = ((OpenClKernel)kernel).Handle;
        ReadOnlySpan<KernelArgumentKind> kinds = arguments.KindSpan;
        fixed (long* values = arguments.Bits)
        {
            for (int i = 0; i < kinds.Length; i++)
            {
                nuint size = kinds[i] == KernelArgumentKind.Buffer ? (nuint)sizeof(nint) : sizeof(int);
                ClResult setResult = ClNative.clSetKernelArg(native, (uint)i, size, values + i);
                if (setResult != ClResult.CL_SUCCESS)
                    ClCheck.Check(setResult, "clSetKernelArg", $"give argument {i} ({kinds[i]}) to kernel {kernel.Id} on {Name}");
            }
        }

        WorkSize group = kernel.GroupSize;
        nuint* local = stackalloc nuint[] { (nuint)group.X, (nuint)group.Y, (nuint)group.Z };
        nuint* global = stackalloc nuint[] { (nuint)groups.X * local[0], (nuint)groups.Y * local[1], (nuint)groups.Z * local[2] };
        _lastLaunched = kernel;
        ClResult result = ClNative.clEnqueueNDRangeKernel(Queue, native, 3, null, global, local, 0, null, null);
        if (result != ClResult.CL_SUCCESS)
            ClCheck.Check(result, "clEnqueueNDRangeKernel", $"start kernel {kernel.Id} with {groups} groups on {Name}");
    }

    private protected override GpuBuffer AllocateBuffer(long byteLength)
    {
        if (byteLength > _maximumBufferBytes)
        {
            throw new DeviceMemoryException(
                $"{Name} holds at most {ToMebibytes(_maximumBufferBytes)} MiB in one buffer; " +
                $"{ToMebibytes(byteLength)} MiB were asked for.");
        }

        string action = $"allocate {ToMebibytes(byteLength)} MiB on {Name}";
        ClMemory memory = ClNative.clCreateBuffer(_context, ClConstants.CL_MEM_READ_WRITE, (nuint)byteLength, null, out ClResult result);
        ClCheck.Check(result, "clCreateBuffer", action);

        // Moving the buffer to the device makes drivers that allocate at the first use allocate, or fail, now.
        nint handle = memory.DangerousGetHandle();
        result = ClNative.clEnqueueMigrateMemObjects(
            Queue, 1, &handle, ClConstants.CL_MIGRATE_MEM_OBJECT_CONTENT_UNDEFINED, 0, null, null);
        if (result != ClResult.CL_SUCCESS)
            memory.Dispose();
        ClCheck.Check(result, "clEnqueueMigrateMemObjects", action);
        return new OpenClBuffer(this, memory, byteLength);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (!disposing || _context.IsClosed)
            return;

        // Failures of the last work concern nobody any more.
        ClNative.clFinish(Queue);
        foreach (GpuKernel kernel in LoadedKernels)
            ((OpenClKernel)kernel).Handle.Dispose();
        foreach (ClProgram program in _programs.Values)
            program.Dispose();
        DisposeBuffers();
        Queue.Dispose();
        _context.Dispose();
    }

    private void OnCompiling()
    {
        EventHandler? handler = Compiling;
        Compiling = null;
        handler?.Invoke(this, EventArgs.Empty);
    }

    private void CheckGroupSize(KernelId id, ClKernel kernel)
    {
        Span<nuint> compiled = stackalloc nuint[3];
        ClQuery.KernelWorkGroupValue(kernel, _candidate.Device, ClConstants.CL_KERNEL_COMPILE_WORK_GROUP_SIZE, compiled);
        WorkSize size = id.GroupSize;
        if (compiled[0] != (nuint)size.X || compiled[1] != (nuint)size.Y || compiled[2] != (nuint)size.Z)
        {
            throw new DeviceException(
                $"Kernel {id} is compiled for work-groups of {compiled[0]} x {compiled[1]} x {compiled[2]}, but kernels.json says {size}.");
        }

        Span<nuint> largest = stackalloc nuint[1];
        ClQuery.KernelWorkGroupValue(kernel, _candidate.Device, ClConstants.CL_KERNEL_WORK_GROUP_SIZE, largest);
        if ((nuint)size.Count > largest[0])
        {
            throw new DeviceException(
                $"Kernel {id} needs work-groups of {size.Count} items, but {Name} runs it with at most {largest[0]}.");
        }

        Span<ulong> local = stackalloc ulong[1];
        ClQuery.KernelWorkGroupValue(kernel, _candidate.Device, ClConstants.CL_KERNEL_LOCAL_MEM_SIZE, local);
        if (local[0] > _candidate.LocalMemoryBytes)
        {
            throw new DeviceException(
                $"Kernel {id} needs {local[0]} bytes of local memory, but {Name} has {_candidate.LocalMemoryBytes}.");
        }
    }
}
