using System.Runtime.InteropServices;
using Gsasr.Tensors.OpenCl.Native;

namespace Gsasr.Tensors.OpenCl;

/// <summary>A device of any vendor, reached through an OpenCL 1.2 driver that compiles the kernels when they are needed.</summary>
internal sealed unsafe class OpenClDevice : GpuDevice
{
    private readonly OpenClCandidate _candidate;
    private ClContext _context = null!;
    private OpenClProgramBuilder _builder = null!;
    private readonly long _maximumBufferBytes;
    private GpuKernel? _lastLaunched;

    /// <summary>Begins to open a device.</summary>
    /// <param name="candidate">The device.</param>
    internal OpenClDevice(OpenClCandidate candidate)
    {
        _candidate = candidate;
        Name = candidate.Description.Name;
        MemoryBytes = candidate.Description.MemoryBytes;
        _maximumBufferBytes = (long)ClQuery.DeviceValue<ulong>(candidate.Device, ClConstants.CL_DEVICE_MAX_MEM_ALLOC_SIZE);
        BeginOpening(Open);
    }

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

    internal ClQueue Queue { get; private set; } = null!;

    /// <inheritdoc/>
    public override bool Supports(Kernel kernel)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        return kernel.Target is null && (ulong)kernel.SharedBytes <= _candidate.LocalMemoryBytes;
    }

    /// <inheritdoc/>
    public override void Synchronize()
    {
        using UseScope use = Use();
        CheckCompletion(ClNative.clFinish(Queue), "clFinish");
    }

    /// <inheritdoc/>
    public override GpuEvent RecordEvent()
    {
        using UseScope use = Use();
        ClResult result;
        ClEvent marker;
        lock (LaunchLock)
            result = ClNative.clEnqueueMarkerWithWaitList(Queue, 0, null, out marker);
        ClCheck.Check(result, "clEnqueueMarkerWithWaitList", $"mark a point in time on {Name}");
        return new OpenClEvent(this, marker);
    }

    /// <summary>Checks a call that waits for earlier work; failures of that work are reported here.</summary>
    internal void CheckCompletion(ClResult result, string call)
    {
        if (result == ClResult.CL_SUCCESS)
            return;
        if (result == ClResult.CL_MEM_OBJECT_ALLOCATION_FAILURE)
            ClCheck.Check(result, call, $"finish the work on {Name}");
        throw new DeviceException(
            $"Work on {Name} failed ({call}: {ClCheck.Describe(result)}); " +
            $"the last kernel started was {_lastLaunched?.Kernel.Name ?? "none"}.");
    }

    /// <summary>Takes memory.</summary>
    /// <param name="byteLength">Bytes, at least 1.</param>
    /// <exception cref="DeviceMemoryException">There is not that much left.</exception>
    internal ClMemory AllocateMemory(long byteLength)
    {
        string action = $"allocate {ToMebibytes(byteLength)} MiB on {Name}";
        ClMemory memory = ClNative.clCreateBuffer(_context, ClConstants.CL_MEM_READ_WRITE, (nuint)byteLength, null, out ClResult result);
        ClCheck.Check(result, "clCreateBuffer", action);

        // Some drivers allocate at the first use. Moving the buffer to the device makes them allocate, or fail, now.
        nint handle = memory.DangerousGetHandle();
        result = ClNative.clEnqueueMigrateMemObjects(
            Queue, 1, &handle, ClConstants.CL_MIGRATE_MEM_OBJECT_CONTENT_UNDEFINED, 0, null, null);
        if (result != ClResult.CL_SUCCESS)
            memory.Dispose();
        ClCheck.Check(result, "clEnqueueMigrateMemObjects", action);
        return memory;
    }

    private protected override GpuKernel? LoadKernel(Kernel kernel, bool mayCompile)
    {
        if ((mayCompile ? _builder.Compile(kernel) : _builder.FromCache(kernel)) is not ClProgram program)
            return null;
        ClKernel handle = ClNative.clCreateKernel(program, kernel.EntryPoint, out ClResult result);
        var loaded = new OpenClKernel(kernel, program, handle);
        try
        {
            ClCheck.Check(result, "clCreateKernel", $"load kernel {kernel} on {Name}");
            CheckGroupSize(kernel, handle);
            return loaded;
        }
        catch
        {
            loaded.Dispose();
            throw;
        }
    }

    private protected override void LaunchKernel(GpuKernel kernel, WorkSize groups, ReadOnlySpan<KernelArgument> arguments)
    {
        // ILGPU's OpenCL C takes the pointers of all views first, and then, in order, the scalars and the other fields of each view.
        ClKernel native = ((OpenClKernel)kernel).Handle;
        uint index = 0;
        foreach (ref readonly KernelArgument argument in arguments)
        {
            nint handle = argument.Handle;
            if (argument.IsView)
                SetArgument(kernel, native, index++, (nuint)sizeof(nint), &handle);
        }

        foreach (ref readonly KernelArgument argument in arguments)
        {
            if (argument.IsView)
            {
                var part = new ViewPart(checked((int)argument.Offset), argument.Length);
                SetArgument(kernel, native, index++, (nuint)sizeof(ViewPart), &part);
            }
            else
            {
                int bits = (int)argument.Offset;
                SetArgument(kernel, native, index++, sizeof(int), &bits);
            }
        }

        nuint* local = stackalloc nuint[] { (nuint)kernel.Kernel.GroupSize, 1, 1 };
        nuint* global = stackalloc nuint[] { (nuint)groups.X * local[0], (nuint)groups.Y, (nuint)groups.Z };
        _lastLaunched = kernel;
        ClResult result = ClNative.clEnqueueNDRangeKernel(Queue, native, 3, null, global, local, 0, null, null);
        if (result != ClResult.CL_SUCCESS)
            ClCheck.Check(result, "clEnqueueNDRangeKernel", $"start kernel {kernel.Kernel} with {groups} groups on {Name}");
    }

    private protected override GpuBuffer CreateBuffer(long byteLength)
    {
        if (byteLength > _maximumBufferBytes)
        {
            throw new DeviceMemoryException(
                $"{Name} holds at most {ToMebibytes(_maximumBufferBytes)} MiB in one buffer; " +
                $"{ToMebibytes(byteLength)} MiB were asked for.");
        }

        return new OpenClBuffer(this, byteLength);
    }

    private protected override void Close()
    {
        // If the last work failed, nobody needs to know any more.
        ClNative.clFinish(Queue);
        foreach (GpuKernel kernel in LoadedKernels)
            ((OpenClKernel)kernel).Dispose();
        ReleaseBuffers();
        Queue.Dispose();
        _context.Dispose();
    }

    private void Open()
    {
        nint* properties = stackalloc nint[] { ClConstants.CL_CONTEXT_PLATFORM, _candidate.Platform.Value, 0 };
        ClDeviceId device = _candidate.Device;
        _context = ClNative.clCreateContext(properties, 1, &device, 0, 0, out ClResult result);
        ClCheck.Check(result, "clCreateContext", $"open {Name}");
        Queue = ClNative.clCreateCommandQueue(_context, device, ClConstants.CL_QUEUE_PROFILING_ENABLE, out result);
        if (result != ClResult.CL_SUCCESS)
            _context.Dispose();
        ClCheck.Check(result, "clCreateCommandQueue", $"open {Name}");
        _builder = new OpenClProgramBuilder(_candidate, _context);
    }

    private void SetArgument(GpuKernel kernel, ClKernel native, uint index, nuint size, void* value)
    {
        ClResult result = ClNative.clSetKernelArg(native, index, size, value);
        if (result != ClResult.CL_SUCCESS)
            ClCheck.Check(result, "clSetKernelArg", $"give argument {index} to kernel {kernel.Kernel} on {Name}");
    }

    private void CheckGroupSize(Kernel kernel, ClKernel handle)
    {
        Span<nuint> largest = stackalloc nuint[1];
        ClQuery.KernelWorkGroupValue(handle, _candidate.Device, ClConstants.CL_KERNEL_WORK_GROUP_SIZE, largest);
        if ((nuint)kernel.GroupSize > largest[0])
        {
            throw new DeviceException(
                $"Kernel {kernel} needs work-groups of {kernel.GroupSize} items, but {Name} runs it with at most {largest[0]}.");
        }

        Span<ulong> local = stackalloc ulong[1];
        ClQuery.KernelWorkGroupValue(handle, _candidate.Device, ClConstants.CL_KERNEL_LOCAL_MEM_SIZE, local);
        if (local[0] > _candidate.LocalMemoryBytes)
        {
            throw new DeviceException(
                $"Kernel {kernel} needs {local[0]} bytes of local memory, but {Name} has {_candidate.LocalMemoryBytes}.");
        }
    }

    // The fields of a view in ILGPU's OpenCL C, besides its pointer.
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct ViewPart(int offset, long length)
    {
        private readonly int _offset = offset;
        private readonly long _length = length;
    }
}
