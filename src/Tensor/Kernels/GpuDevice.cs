using System.Diagnostics;

namespace Gsasr.Tensors;

/// <summary>A device that runs GPU kernels, one after the other in the order of their launches.</summary>
internal abstract class GpuDevice : Device
{
    // CUDA's limit for the second and third dimension. Every backend keeps to it, so that what runs on one runs on all.
    private const int MaximumGroupsYZ = 65535;

    // How many threads are in calls of the driver; see Use.
    private int _uses;

    // The driver's work of opening the device; null when that is done and the device has everything that was asked for meanwhile.
    private Task? _opening;

    // Used under the lock of the launches. The drivers' queues take work from any number of threads.
    private readonly Dictionary<Kernel, GpuKernel> _kernels = [];
    private readonly HashSet<GpuBuffer> _buffers = [];
    private readonly LaunchReplays _replays;
    private readonly List<LaunchRecording> _recordings = [];
    private readonly Stack<LaunchRecording> _idleRecordings = [];
    private KernelProfile? _profile;
    private DeviceBuffer? _scratch;
    private TimeSpan _loadingTime;
    private long _allocatedBytes;

    private protected GpuDevice() => _replays = new LaunchReplays(CreateGraph, (kernel, groups, _, arguments) => LaunchKernel(kernel, groups, arguments));

    /// <summary>The driver and its version, for people to read.</summary>
    public abstract string Driver { get; }

    /// <summary>How many multiprocessors or compute units run work-groups side by side.</summary>
    public abstract int ProcessorCount { get; }

    /// <summary>Bytes of memory allocated on the device by this program.</summary>
    public long AllocatedBytes => Interlocked.Read(ref _allocatedBytes);

    /// <summary>
    /// Held by a thread whose next launches must follow each other without those of another thread in between, because they share <see
    /// cref="Scratch"/> memory. Every launch takes it.
    /// </summary>
    internal Lock LaunchLock { get; } = new();

    /// <inheritdoc/>
    /// <remarks>Where the driver does not say what is free, an eighth is left to the driver and to other programs.</remarks>
    public override long AvailableMemoryBytes => Math.Max(0, MemoryBytes - MemoryBytes / 8 - AllocatedBytes);

    /// <summary>Whether the device has what a kernel needs: the hardware that it is for, and the shared memory.</summary>
    /// <param name="kernel">The kernel.</param>
    public abstract bool Supports(Kernel kernel);

    /// <summary>Starts a kernel after everything started before. The first launch compiles it; later ones allocate nothing.</summary>
    /// <typeparam name="TArguments">The kernel's arguments.</typeparam>
    /// <param name="kernel">The kernel.</param>
    /// <param name="groups">How many work-groups run; at least 1, and at most 65535 along Y and Z.</param>
    /// <param name="arguments">The arguments.</param>
    /// <exception cref="ArgumentException">The work-groups do not fit the kernel, or a buffer lies on another device.</exception>
    /// <exception cref="DeviceException">
    /// The driver could not compile the kernel, and the message holds its log; or it refused the launch.
    /// </exception>
    public void Launch<TArguments>(Kernel<TArguments> kernel, WorkSize groups, in TArguments arguments)
        where TArguments : struct, IKernelArguments
    {
        ArgumentNullException.ThrowIfNull(kernel);
        if (groups.X < 1 || groups.Y is < 1 or > MaximumGroupsYZ || groups.Z is < 1 or > MaximumGroupsYZ)
            throw new ArgumentException($"Kernel {kernel} cannot be launched with {groups} work-groups.", nameof(groups));
        var values = new KernelArguments();
        arguments.WriteTo(ref values);
        if (values.Device is not null && values.Device != this)
            throw new ArgumentException($"Kernel {kernel} runs on {Name} and cannot use memory of {values.Device.Name}.", nameof(arguments));

        while (!TryLaunch(kernel, groups, values.Span))
            Prepare(kernel);
    }

    /// <summary>
    /// Compiles a kernel, as its first launch would. Who holds the <see cref="LaunchLock"/> over several launches prepares their kernels
    /// before it, as <see cref="Device.Compiling"/> is raised without the lock.
    /// </summary>
    /// <param name="kernel">The kernel.</param>
    /// <exception cref="DeviceException">The device cannot run it, or the driver could not compile it; the message holds its log.</exception>
    /// <exception cref="InvalidOperationException">The thread holds the lock.</exception>
    public void Prepare(Kernel kernel)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        if (LaunchLock.IsHeldByCurrentThread)
            throw new InvalidOperationException($"Kernel {kernel} is prepared before the lock of the launches is taken.");
        if (TryLoad(kernel, mayCompile: false))
            return;
        OnCompiling();
        TryLoad(kernel, mayCompile: true);
    }

    /// <summary>How many kernels were compiled, or loaded because they had been compiled before, and how long that took.</summary>
    internal (int Count, TimeSpan Time) KernelsLoaded
    {
        get
        {
            lock (LaunchLock)
                return (_kernels.Count, _loadingTime);
        }
    }

    /// <summary>Marks the point after everything started so far.</summary>
    public abstract GpuEvent RecordEvent();

    /// <summary>How often launches were replayed instead of made one by one.</summary>
    internal long Replays
    {
        get
        {
            lock (LaunchLock)
                return _replays.Replays;
        }
    }

    /// <summary>
    /// Until the result is disposed of, the calling thread's launches are collected and given to the driver together, and what repeats is
    /// replayed. They stay in order with everything else that this thread does on the device. Other threads find their results after a
    /// call that waits for the device, or after the end. Nothing is collected where the driver has no graphs.
    /// </summary>
    internal LaunchRecording.Scope BeginRecording()
    {
        if (!HasGraphs || LaunchRecording.Of(this) is not null)
            return default;
        using UseScope use = Use();
        LaunchRecording? recording;
        lock (LaunchLock)
        {
            if (!_idleRecordings.TryPop(out recording))
                recording = new LaunchRecording(this);
            _recordings.Add(recording);
        }

        recording.Begin();
        return new LaunchRecording.Scope(recording);
    }

    /// <summary>Ends what <see cref="BeginRecording"/> began.</summary>
    /// <param name="recording">The calling thread's recording.</param>
    /// <exception cref="DeviceException">Launches failed.</exception>
    internal void EndRecording(LaunchRecording recording)
    {
        recording.End();

        // With the device, its work has gone too.
        if (!TryBeginUse())
            return;
        try
        {
            lock (LaunchLock)
            {
                try
                {
                    Submit(recording);
                }
                finally
                {
                    _recordings.Remove(recording);
                    _idleRecordings.Push(recording);
                }
            }
        }
        finally
        {
            EndUse();
        }
    }

    /// <summary>
    /// Gives the calling thread's launches to the driver. Every call that comes after them in the order of the device's work does this
    /// first: copies, events, waiting.
    /// </summary>
    /// <exception cref="DeviceException">Launches failed.</exception>
    internal void Flush()
    {
        if (LaunchRecording.Of(this) is not LaunchRecording recording)
            return;
        lock (LaunchLock)
            Submit(recording);
        recording.Restart();
    }

    /// <summary>Gives all threads' launches to the driver, before memory goes that they may use.</summary>
    internal void FlushAll()
    {
        lock (LaunchLock)
        {
            foreach (LaunchRecording recording in _recordings)
            {
                try
                {
                    Submit(recording);
                }
                catch (DeviceException e)
                {
                    recording.Fail(e);
                }
            }
        }
    }

    /// <summary>Measures every launch from now on, until the result is disposed of.</summary>
    /// <exception cref="InvalidOperationException">Launches are being measured already.</exception>
    public KernelProfile BeginProfile()
    {
        lock (LaunchLock)
        {
            if (_profile is not null)
                throw new InvalidOperationException("The launches of this device are being measured already.");
            return _profile = new KernelProfile(this);
        }
    }

    /// <inheritdoc/>
    internal sealed override DeviceBuffer Allocate(long byteLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(byteLength, 1);

        using UseScope use = UseWhileOpening();
        lock (LaunchLock)
        {
            bool isOpen = TryAwaitOpening();

            // Some drivers promise more memory than they have, and fail, or bring the system down, when it is used.
            if (byteLength > MemoryBytes - AllocatedBytes)
            {
                throw new DeviceMemoryException(
                    $"{Name} has {ToMebibytes(MemoryBytes)} MiB of memory and {ToMebibytes(AllocatedBytes)} MiB are in use: " +
                    $"{ToMebibytes(byteLength)} MiB more do not fit.");
            }

            GpuBuffer buffer = CreateBuffer(byteLength);
            if (isOpen)
                TakeMemory(buffer);
            _buffers.Add(buffer);
            Interlocked.Add(ref _allocatedBytes, byteLength);
            return buffer;
        }
    }

    /// <summary>
    /// Memory in which one kernel of an operation leaves values for the next one, with undefined contents at first. It is valid for the
    /// launches that the thread makes before it releases the <see cref="LaunchLock"/>. It is kept, and replaced when more is asked for.
    /// </summary>
    /// <param name="byteLength">Bytes, at least 1.</param>
    /// <exception cref="DeviceMemoryException">The device has not that much memory left.</exception>
    /// <exception cref="InvalidOperationException">The thread does not hold the lock.</exception>
    internal DeviceBuffer Scratch(long byteLength)
    {
        if (!LaunchLock.IsHeldByCurrentThread)
            throw new InvalidOperationException("Scratch memory is used under the lock of the launches.");
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
        lock (LaunchLock)
        {
            if (_profile == profile)
                _profile = null;
        }
    }

    /// <summary>Gives a buffer's memory back, unless that was done before.</summary>
    /// <param name="buffer">The buffer, which no launch uses that was not given to the driver.</param>
    internal void Release(GpuBuffer buffer)
    {
        lock (LaunchLock)
        {
            if (buffer.ReleaseOnce() && _buffers.Remove(buffer))
                Interlocked.Add(ref _allocatedBytes, -buffer.ByteLength);
        }
    }

    /// <summary>Keeps values for a buffer if the driver still opens the device.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="values">The values.</param>
    /// <param name="byteOffset">Where the first of them goes, in bytes from the start of the buffer.</param>
    /// <returns>Whether they are kept; else the device is open.</returns>
    /// <exception cref="DeviceException">The device cannot be opened, or has too little memory for what was kept before.</exception>
    internal bool TryKeep(GpuBuffer buffer, ReadOnlySpan<byte> values, long byteOffset)
    {
        if (Volatile.Read(ref _opening) is null)
            return false;
        lock (LaunchLock)
        {
            if (buffer.IsReleased || TryAwaitOpening())
                return false;
            buffer.Keep(values, byteOffset);
            return true;
        }
    }

    /// <inheritdoc/>
    internal sealed override Task Opening => Volatile.Read(ref _opening) ?? Task.CompletedTask;

    /// <inheritdoc/>
    internal sealed override void FinishOpening() => Use().Dispose();

    /// <summary>
    /// Begins a use of the driver's objects: they stay until it is disposed of, and the device waits for that before it releases them. Every call
    /// of the driver lies within a use, those that wait for the device too. A use waits until the device is open; uses do not wait for each other.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The device was disposed of.</exception>
    /// <exception cref="DeviceException">The device cannot be opened, or has too little memory for what was asked for meanwhile.</exception>
    internal UseScope Use()
    {
        UseScope use = UseWhileOpening();
        try
        {
            AwaitOpening();
            return use;
        }
        catch
        {
            use.Dispose();
            throw;
        }
    }

    /// <summary>Begins a use that calls the driver only if the device is open.</summary>
    /// <exception cref="ObjectDisposedException">The device was disposed of.</exception>
    internal UseScope UseWhileOpening()
    {
        if (!TryBeginUse())
            ThrowIfDisposed();
        return new UseScope(this);
    }

    /// <summary>Begins a use that <see cref="EndUse"/> ends.</summary>
    /// <returns>Whether it began; not if the device was disposed of, which then releases everything itself.</returns>
    internal bool TryBeginUse()
    {
        // Counted first: either the one who disposes of the device sees this use, or this thread sees that it was disposed of.
        Interlocked.Increment(ref _uses);
        if (!IsDisposed)
            return true;
        EndUse();
        return false;
    }

    /// <summary>Ends a use.</summary>
    internal void EndUse() => Interlocked.Decrement(ref _uses);

    /// <inheritdoc/>
    protected sealed override void Dispose(bool disposing)
    {
        if (!disposing)
            return;

        // No use can begin any more; those under way end when the device has done what they wait for.
        var wait = default(SpinWait);
        while (Volatile.Read(ref _uses) > 0)
            wait.SpinOnce();
        Task opening = Opening;
        Task.WaitAny(opening);
        if (opening.IsCompletedSuccessfully)
            Close();
    }

    /// <summary>Begins to open the device on another thread. A constructor may end with it; without it the device is open from the start.</summary>
    /// <param name="open">The driver's calls. If they fail, they leave nothing open.</param>
    private protected void BeginOpening(Action open) =>
        _opening = Task.Factory.StartNew(open, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>Releases all objects of the driver, after the work under way; called once, when nobody uses them any more, if the device is open.</summary>
    private protected abstract void Close();

    /// <summary>Loads a kernel.</summary>
    /// <param name="kernel">The kernel, which the device supports.</param>
    /// <param name="mayCompile">Whether to call a compiler that can take a minute.</param>
    /// <returns>The kernel; null where that compiler has to be called and may not.</returns>
    private protected abstract GpuKernel? LoadKernel(Kernel kernel, bool mayCompile);

    private protected abstract void LaunchKernel(GpuKernel kernel, WorkSize groups, ReadOnlySpan<KernelArgument> arguments);

    /// <summary>Makes a buffer that has no memory yet.</summary>
    /// <param name="byteLength">Its size, at least 1.</param>
    /// <exception cref="DeviceMemoryException">The device has no buffers so large.</exception>
    private protected abstract GpuBuffer CreateBuffer(long byteLength);

    /// <summary>Whether the driver can start many launches with one call, and whether <see cref="CreateGraph"/> may make it do so.</summary>
    private protected virtual bool HasGraphs => false;

    /// <summary>Makes a graph of a sequence of launches, all of which have run before.</summary>
    /// <param name="sequence">The launches.</param>
    /// <returns>The graph; null if the driver does not make one, and the launches are to be started one by one.</returns>
    private protected virtual GpuGraph? CreateGraph(LaunchSequence sequence) => null;

    /// <summary>Releases all graphs; called by <see cref="Close"/>.</summary>
    private protected void ReleaseGraphs() => _replays.Release();

    private protected void ReleaseBuffers()
    {
        foreach (GpuBuffer buffer in _buffers)
            buffer.ReleaseOnce();
        _buffers.Clear();
        Interlocked.Exchange(ref _allocatedBytes, 0);
    }

    private protected IEnumerable<GpuKernel> LoadedKernels => _kernels.Values;

    // Within a use.
    private void AwaitOpening()
    {
        if (Volatile.Read(ref _opening) is not Task opening)
            return;
        opening.GetAwaiter().GetResult();
        lock (LaunchLock)
        {
            if (_opening is null)
                return;
            foreach (GpuBuffer buffer in _buffers)
            {
                TakeMemory(buffer);
                buffer.StoreKept();
            }

            Volatile.Write(ref _opening, null);
        }
    }

    // Within a use, and under the lock of the launches.
    private bool TryAwaitOpening()
    {
        if (_opening is { IsCompleted: false })
            return false;
        AwaitOpening();
        return true;
    }

    private void TakeMemory(GpuBuffer buffer)
    {
        try
        {
            buffer.EnsureMemory();
        }
        catch (DeviceMemoryException) when (_replays.Release())
        {
            buffer.EnsureMemory();
        }
    }

    private bool TryLaunch(Kernel kernel, WorkSize groups, ReadOnlySpan<KernelArgument> arguments)
    {
        using UseScope use = Use();
        LaunchRecording? recording = LaunchRecording.Of(this);

        // Launches that must follow each other are given to the driver together, so not before the thread gives up the lock.
        bool maySubmit = !LaunchLock.IsHeldByCurrentThread;
        lock (LaunchLock)
        {
            if (!_kernels.TryGetValue(kernel, out GpuKernel? loaded))
                return false;
            if (_profile is null)
            {
                if (recording is null)
                {
                    LaunchKernel(loaded, groups, arguments);
                    return true;
                }

                if (maySubmit && recording.IsFull)
                {
                    Submit(recording);
                    recording.Grow();
                }

                // Those that must follow each other share memory with launches of any time.
                LaunchOrder order = recording.Order == LaunchOrder.Beside && !maySubmit ? LaunchOrder.Joining : recording.Order;
                recording.Pending.Add(loaded, groups, order, arguments);
                if (recording.Order == LaunchOrder.Joining)
                    recording.Order = LaunchOrder.Next;
                return true;
            }

            if (recording is not null)
                Submit(recording);
            GpuEvent start = RecordEvent();
            LaunchKernel(loaded, groups, arguments);
            _profile.Add(kernel, start, RecordEvent());
            return true;
        }
    }

    // Under the lock of the launches.
    private void Submit(LaunchRecording recording)
    {
        try
        {
            recording.ThrowIfFailed();
            if (recording.Pending.Count > 0)
                _replays.Run(recording.Pending);
        }
        finally
        {
            recording.Pending.Clear();
        }
    }

    private bool TryLoad(Kernel kernel, bool mayCompile)
    {
        using UseScope use = Use();
        lock (LaunchLock)
        {
            if (_kernels.ContainsKey(kernel))
                return true;
            if (!Supports(kernel))
            {
                string needs = kernel.Target is NvidiaTarget target ? $"NVIDIA's {target}" : "devices";
                int shared = kernel.SharedBytes + kernel.DynamicSharedBytes;
                throw new DeviceException($"Kernel {kernel} is written for {needs} with {shared} bytes of shared memory and cannot run on {Name}.");
            }

            long start = Stopwatch.GetTimestamp();
            if (LoadKernel(kernel, mayCompile) is not GpuKernel loaded)
                return false;
            _kernels.Add(kernel, loaded);
            _loadingTime += Stopwatch.GetElapsedTime(start);
            return true;
        }
    }

    /// <summary>A use of the driver's objects.</summary>
    internal readonly struct UseScope(GpuDevice device) : IDisposable
    {
        /// <summary>Ends the use.</summary>
        public void Dispose() => device.EndUse();
    }
}
