namespace Gsasr.Tensors;

/// <summary>
/// Launches of a thread that have not been given to the driver yet. They are given together, so that those that were given before can be
/// replayed (<see cref="LaunchReplays"/>).
/// </summary>
/// <param name="device">The device.</param>
internal sealed class LaunchRecording(GpuDevice device)
{
    // Few at first, because the device waits for them; then more and more, because it works meanwhile.
    private const int FirstLimit = 8;
    private const int LastLimit = 128;

    [ThreadStatic]
    private static LaunchRecording? t_innermost;

    private LaunchRecording? _outer;
    private DeviceException? _failure;
    private int _limit;

    /// <summary>The launches. Used under the lock of the launches.</summary>
    public LaunchSequence Pending { get; } = new();

    /// <summary>Whether the launches should be given to the driver before the next one.</summary>
    public bool IsFull => Pending.Count >= _limit;

    /// <summary>The recording of a device that is under way on this thread; null if there is none.</summary>
    /// <param name="device">The device.</param>
    public static LaunchRecording? Of(GpuDevice device)
    {
        LaunchRecording? recording = t_innermost;
        while (recording is not null && recording.Device != device)
            recording = recording._outer;
        return recording;
    }

    /// <summary>The device.</summary>
    public GpuDevice Device { get; } = device;

    /// <summary>The order of the next launch.</summary>
    public LaunchOrder Order { get; set; }

    /// <summary>Makes this the calling thread's recording.</summary>
    public void Begin()
    {
        _outer = t_innermost;
        t_innermost = this;
        _failure = null;
        Order = LaunchOrder.Next;
        Restart();
    }

    /// <summary>Ends what <see cref="Begin"/> began, on the same thread.</summary>
    public void End()
    {
        t_innermost = _outer;
        _outer = null;
    }

    /// <summary>
    /// Until the result is disposed of, the calling thread's launches may run at the same time as those after them, until <see cref="Join"/>. So what they write must
    /// not be what the others read or write, and the other way round. Where launches are not replayed, they run one after the other.
    /// </summary>
    /// <param name="device">The device of the launches; of any kind.</param>
    public static BesideScope Beside(Device device)
    {
        LaunchRecording? recording = device is GpuDevice gpu ? Of(gpu) : null;
        LaunchOrder before = recording?.Order ?? LaunchOrder.Next;
        if (recording is not null)
            recording.Order = LaunchOrder.Beside;
        return new BesideScope(recording, before);
    }

    /// <summary>The next launch waits for those that run beside.</summary>
    /// <param name="device">The device of the launches.</param>
    public static void Join(Device device)
    {
        if (device is GpuDevice gpu && Of(gpu) is LaunchRecording recording)
            recording.Order = LaunchOrder.Joining;
    }

    /// <summary>The device has nothing to do until it gets the next launches.</summary>
    public void Restart() => _limit = FirstLimit;

    /// <summary>The device has been given so many launches as there may be.</summary>
    public void Grow() => _limit = Math.Min(2 * _limit, LastLimit);

    /// <summary>Keeps a failure for the thread whose launches failed on another one.</summary>
    /// <param name="failure">What happened.</param>
    public void Fail(DeviceException failure) => _failure ??= failure;

    /// <summary>Throws what was kept.</summary>
    public void ThrowIfFailed()
    {
        if (_failure is not DeviceException failure)
            return;
        _failure = null;
        throw failure;
    }

    /// <summary>The time from its creation to its end, on one thread; <c>default</c> records nothing.</summary>
    /// <param name="recording">The recording.</param>
    internal readonly struct Scope(LaunchRecording? recording) : IDisposable
    {
        /// <summary>Gives the last launches to the driver.</summary>
        public void Dispose() => recording?.Device.EndRecording(recording);
    }

    /// <summary>The time in which launches run beside.</summary>
    /// <param name="recording">The recording.</param>
    /// <param name="before">The order before.</param>
    internal readonly struct BesideScope(LaunchRecording? recording, LaunchOrder before) : IDisposable
    {
        /// <summary>The next launches do not wait for those, unless they were to join earlier ones and no launch has done so.</summary>
        public void Dispose()
        {
            if (recording is not null)
                recording.Order = before;
        }
    }
}
