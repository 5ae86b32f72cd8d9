using System.Text;
using Gsasr.Tensors.Cuda.Native;

namespace Gsasr.Tensors.Cuda;

/// <summary>An NVIDIA GPU, reached through its driver alone, which turns the embedded PTX into machine code.</summary>
internal sealed unsafe class CudaDevice : GpuDevice
{
    private const int JitLogBytes = 16 << 10;

    // Since compute capability 8.0 the driver keeps this much of each group's local memory for itself.
    private const int LocalBytesOfDriver = 1024;

    // CUDA 12.3. Before, the launches of a graph could not overlap; nearly all launches are in graphs.
    private const int FirstDriverWithOverlaps = 12030;

    private readonly CudaCandidate _candidate;
    private CuPrimaryContext _context = null!;
    private CuStream _launchStream;
    private bool _mayOverlap = true;
    private CudaCapture? _capture;
    private GpuKernel? _lastLaunched;
    private string? _failure;

    /// <summary>Begins to open a GPU.</summary>
    /// <param name="candidate">The GPU.</param>
    internal CudaDevice(CudaCandidate candidate)
    {
        _candidate = candidate;
        Name = candidate.Description.Name;
        MemoryBytes = candidate.Description.MemoryBytes;
        Staging = new CudaStaging(this);
        BeginOpening(Open);
    }

    /// <inheritdoc/>
    public override DeviceKind Kind => DeviceKind.Cuda;

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override long MemoryBytes { get; }

    /// <inheritdoc/>
    public override long AvailableMemoryBytes
    {
        get
        {
            using UseScope use = Use();
            MakeCurrent();
            nuint free;
            nuint total;
            Check(CuNative.cuMemGetInfo(&free, &total), "cuMemGetInfo", "ask for the free memory");

            // The driver takes a little for kernels and queues as work goes on.
            return (long)(free - free / 16);
        }
    }

    /// <inheritdoc/>
    public override string Driver => _candidate.Description.Driver;

    /// <inheritdoc/>
    public override int ProcessorCount => _candidate.ProcessorCount;

    internal CuStream Stream { get; private set; }

    /// <summary>The memory from which uploads are copied in the order of the stream.</summary>
    internal CudaStaging Staging { get; }

    /// <inheritdoc/>
    public override bool Supports(Kernel kernel)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        if (kernel.SharedBytes + kernel.DynamicSharedBytes > _candidate.LocalMemoryBytes)
            return false;
        if (kernel.Target is not NvidiaTarget target)
            return true;

        // The PTX versions of sm_90 and later came with CUDA 12.
        return target.RunsOn(_candidate.Major, _candidate.Minor) && (target.Major < 9 || _candidate.DriverVersion >= 12000);
    }

    /// <inheritdoc/>
    public override void Synchronize()
    {
        using UseScope use = Use();
        Flush();
        MakeCurrent();
        Check(CuNative.cuStreamSynchronize(Stream), "cuStreamSynchronize", "finish the work");
    }

    /// <inheritdoc/>
    public override GpuEvent RecordEvent()
    {
        using UseScope use = Use();
        Flush();
        MakeCurrent();
        CuEvent created;
        Check(CuNative.cuEventCreate(&created, CuConstants.CU_EVENT_DEFAULT), "cuEventCreate", "mark a point in time");
        Check(CuNative.cuEventRecord(created, Stream), "cuEventRecord", "mark a point in time");
        return new CudaEvent(this, created);
    }

    /// <summary>
    /// Makes this device's context the calling thread's; all driver calls use that one. Throws if the device failed for good.
    /// </summary>
    internal void MakeCurrent()
    {
        if (_failure is not null)
            throw new DeviceException(_failure);
        Check(CuNative.cuCtxSetCurrent(_context.Context), "cuCtxSetCurrent", "work");
    }

    /// <summary>Throws unless a call succeeded.</summary>
    /// <param name="result">What the call returned.</param>
    /// <param name="call">The name of the function.</param>
    /// <param name="action">What was being done to the device, to follow "could not" and go before "on" its name.</param>
    internal void Check(CuResult result, string call, string action)
    {
        if (result == CuResult.CUDA_SUCCESS)
            return;
        if (CuCheck.IsFatal(result))
        {
            _failure = $"{Name} failed and cannot be used any more by this program ({call}: {CuCheck.Describe(result)}); " +
                $"the last kernel started was {_lastLaunched?.Kernel.Name ?? "none"}.";
            throw new DeviceException(_failure);
        }

        CuCheck.Check(result, call, $"{action} on {Name}");
    }

    /// <summary>Takes memory.</summary>
    /// <param name="byteLength">Bytes, at least 1.</param>
    /// <exception cref="DeviceMemoryException">There is not that much left.</exception>
    internal CuAddress AllocateMemory(long byteLength)
    {
        MakeCurrent();
        CuAddress address;
        Check(CuNative.cuMemAlloc(&address, (nuint)byteLength), "cuMemAlloc", $"allocate {ToMebibytes(byteLength)} MiB");
        return address;
    }

    internal void Free(CuAddress address)
    {
        if (CuNative.cuCtxSetCurrent(_context.Context) == CuResult.CUDA_SUCCESS)
            CuNative.cuMemFree(address);
    }

    internal void Destroy(CuEvent recorded)
    {
        if (CuNative.cuCtxSetCurrent(_context.Context) == CuResult.CUDA_SUCCESS)
            CuNative.cuEventDestroy(recorded);
    }

    /// <summary>Starts a graph's launches.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="lastKernel">The kernel of the last of them.</param>
    internal void Launch(CuGraphExec graph, GpuKernel? lastKernel)
    {
        MakeCurrent();
        _lastLaunched = lastKernel;
        Check(CuNative.cuGraphLaunch(graph, Stream), "cuGraphLaunch", "start kernels");
    }

    internal void Destroy(CuGraphExec graph)
    {
        if (CuNative.cuCtxSetCurrent(_context.Context) == CuResult.CUDA_SUCCESS)
            CuNative.cuGraphExecDestroy(graph);
    }

    // This driver's compiler takes moments, and it keeps what it made itself.
    private protected override GpuKernel? LoadKernel(Kernel kernel, bool mayCompile)
    {
        MakeCurrent();
        CuModule module = LoadModule(kernel);
        CuFunction function;
        Check(CuNative.cuModuleGetFunction(&function, module, kernel.EntryPoint), "cuModuleGetFunction", $"load kernel {kernel}");
        if (kernel.DynamicSharedBytes > 0)
        {
            CuResult result = CuNative.cuFuncSetAttribute(
                function, CuConstants.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, kernel.DynamicSharedBytes);
            Check(result, "cuFuncSetAttribute", $"give {kernel.DynamicSharedBytes} bytes of shared memory to kernel {kernel}");
        }

        if (kernel.GroupsPerProcessor > 0)
            ShareLocalMemory(kernel, function);
        return new CudaKernel(kernel, module, function);
    }

    private protected override void LaunchKernel(GpuKernel kernel, WorkSize groups, ReadOnlySpan<KernelArgument> arguments)
    {
        MakeCurrent();
        _lastLaunched = kernel;
        Kernel description = kernel.Kernel;

        // In PTX a view is a pointer and a length; everything else has 32 bits.
        long* values = stackalloc long[2 * arguments.Length];
        void** parameters = stackalloc void*[arguments.Length];
        for (int i = 0; i < arguments.Length; i++)
        {
            KernelArgument argument = arguments[i];
            values[2 * i] = argument.IsView ? argument.Handle + argument.Offset * argument.ElementBytes : argument.Offset;
            values[2 * i + 1] = argument.Length;
            parameters[i] = values + 2 * i;
        }

        bool overlaps = description.AwaitsEarlierLaunches && _mayOverlap && _candidate.DriverVersion >= FirstDriverWithOverlaps;
        CuResult result = overlaps
            ? LaunchOverlapping(kernel, groups, parameters)
            : CuNative.cuLaunchKernel(
                ((CudaKernel)kernel).Function,
                (uint)groups.X,
                (uint)groups.Y,
                (uint)groups.Z,
                (uint)description.GroupSize,
                1,
                1,
                (uint)description.DynamicSharedBytes,
                _launchStream,
                parameters,
                null);
        if (result != CuResult.CUDA_SUCCESS)
            Check(result, overlaps ? "cuLaunchKernelEx" : "cuLaunchKernel", $"start kernel {description} with {groups} groups");
    }

    private protected override bool HasGraphs => true;

    // The launches are captured from streams of their own, so that whatever other threads do with the device's stream meanwhile stays out.
    private protected override GpuGraph? CreateGraph(LaunchSequence sequence)
    {
        MakeCurrent();
        _capture ??= CudaCapture.TryCreate();
        if (_capture is null || !_capture.TryBegin())
            return null;
        bool isCaptured = true;
        CuGraph graph;
        try
        {
            sequence.ForEach((kernel, groups, order, arguments) =>
            {
                // Where a stream does not collect, a launch would be a real one.
                isCaptured = isCaptured && _capture.TryOrder(order, out _launchStream, out _mayOverlap);
                if (isCaptured)
                    LaunchKernel(kernel, groups, arguments);
            });
        }
        catch (DeviceException)
        {
            // Started one by one, the launches may fail as well; then it is reported.
            isCaptured = false;
        }
        finally
        {
            _launchStream = Stream;
            _mayOverlap = true;
            isCaptured &= _capture.TryEnd(out graph);
        }

        CuGraphExec executable = default;
        bool isReady = isCaptured && CuNative.cuGraphInstantiateWithFlags(&executable, graph, 0) == CuResult.CUDA_SUCCESS;
        if (graph.Value != 0)
            _ = CuNative.cuGraphDestroy(graph);
        return isReady ? new CudaGraph(this, executable, sequence.LastKernel) : null;
    }

    private protected override GpuBuffer CreateBuffer(long byteLength) => new CudaBuffer(this, byteLength);

    private protected override void Close()
    {
        // On a device that failed for good these calls fail too, and there is nothing left to release.
        if (CuNative.cuCtxSetCurrent(_context.Context) == CuResult.CUDA_SUCCESS)
        {
            _ = CuNative.cuStreamSynchronize(Stream);
            foreach (GpuKernel kernel in LoadedKernels)
                _ = CuNative.cuModuleUnload(((CudaKernel)kernel).Module);
            ReleaseGraphs();
            ReleaseBuffers();
            Staging.Release();
            _capture?.Release();
            _ = CuNative.cuStreamDestroy(Stream);
        }

        _context.Dispose();
    }

    private void Open()
    {
        CuContext context;
        Check(CuNative.cuDevicePrimaryCtxRetain(&context, _candidate.Device), "cuDevicePrimaryCtxRetain", "open a context");
        _context = new CuPrimaryContext(_candidate.Device, context);
        try
        {
            MakeCurrent();
            CuStream stream;
            Check(CuNative.cuStreamCreate(&stream, CuConstants.CU_STREAM_NON_BLOCKING), "cuStreamCreate", "open a context");
            Stream = _launchStream = stream;
        }
        catch
        {
            _context.Dispose();
            throw;
        }
    }

    // Starts a kernel, if there is room for it, while the launch before it still runs.
    private CuResult LaunchOverlapping(GpuKernel kernel, WorkSize groups, void** parameters)
    {
        var overlaps = new CuLaunchAttribute { Id = CuConstants.CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION, Value = 1 };
        var launch = new CuLaunchConfig
        {
            GroupsX = (uint)groups.X,
            GroupsY = (uint)groups.Y,
            GroupsZ = (uint)groups.Z,
            GroupSizeX = (uint)kernel.Kernel.GroupSize,
            GroupSizeY = 1,
            GroupSizeZ = 1,
            DynamicSharedBytes = (uint)kernel.Kernel.DynamicSharedBytes,
            Stream = _launchStream,
            Attributes = &overlaps,
            AttributeCount = 1,
        };
        return CuNative.cuLaunchKernelEx(&launch, ((CudaKernel)kernel).Function, parameters, null);
    }

    // A multiprocessor's local memory and its cache are the same memory. The groups that should run side by side get the local memory
    // that they need and no more. With less, fewer groups would run; with more, they would wait for memory that the cache could have held.
    private void ShareLocalMemory(Kernel kernel, CuFunction function)
    {
        long needed = kernel.GroupsPerProcessor * ((long)kernel.SharedBytes + kernel.DynamicSharedBytes + LocalBytesOfDriver);
        long percent = (100 * needed + _candidate.ProcessorLocalMemoryBytes - 1) / _candidate.ProcessorLocalMemoryBytes;
        CuResult result = CuNative.cuFuncSetAttribute(
            function, CuConstants.CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT, (int)Math.Min(percent, 100));
        Check(result, "cuFuncSetAttribute", $"share shared memory for kernel {kernel}");
    }

    private CuModule LoadModule(Kernel kernel)
    {
        byte[] terminated = [.. kernel.ReadPtx(_candidate.Major, _candidate.Minor), 0];
        var logBuffer = new byte[JitLogBytes];
        CuModule loaded;
        CuResult result;
        fixed (byte* image = terminated)
        fixed (byte* logBytes = logBuffer)
        {
            int* options = stackalloc int[] { CuConstants.CU_JIT_ERROR_LOG_BUFFER, CuConstants.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES };
            void** values = stackalloc void*[] { logBytes, (void*)JitLogBytes };
            result = CuNative.cuModuleLoadDataEx(&loaded, image, 2, options, values);
        }

        if (result == CuResult.CUDA_SUCCESS)
            return loaded;
        string says = Encoding.UTF8.GetString(logBuffer).Split('\0')[0].Trim();
        string advice = result == CuResult.CUDA_ERROR_UNSUPPORTED_PTX_VERSION ? " with a driver so old" : "";
        string log = says.Length > 0 ? $" (the driver says: {says})" : "";
        Check(result, "cuModuleLoadDataEx", $"load kernel {kernel}{advice}{log}");
        return loaded;
    }
}
