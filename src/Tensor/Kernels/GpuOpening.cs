namespace Gsasr.Tensors;

/// <summary>
/// A device that its driver is opening on another thread, and the values that came for it meanwhile. It is used under the device's lock of the launches.
/// </summary>
internal sealed class GpuOpening
{
    private readonly Queue<(GpuBuffer Buffer, byte[] Values, long ByteOffset)> _kept = [];

    /// <summary>Begins to open a device.</summary>
    /// <param name="open">The driver's calls. If they fail, they leave nothing open.</param>
    public GpuOpening(Action open) =>
        Task = Task.Factory.StartNew(open, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>The work of the driver.</summary>
    public Task Task { get; }

    /// <summary>Keeps values until there is memory for them.</summary>
    /// <param name="buffer">Where they go.</param>
    /// <param name="values">The values.</param>
    /// <param name="byteOffset">Where the first of them goes, in bytes from the start of the buffer.</param>
    public void Keep(GpuBuffer buffer, ReadOnlySpan<byte> values, long byteOffset) => _kept.Enqueue((buffer, values.ToArray(), byteOffset));

    /// <summary>Stores the values that were kept, in the order in which they came, but for those whose buffer was disposed of. What could not be stored stays.</summary>
    public void StoreKept()
    {
        while (_kept.TryPeek(out (GpuBuffer Buffer, byte[] Values, long ByteOffset) kept))
        {
            if (!kept.Buffer.IsReleased)
                kept.Buffer.Store(kept.Values, kept.ByteOffset);
            _kept.Dequeue();
        }
    }
}
