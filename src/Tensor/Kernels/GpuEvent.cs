namespace Gsasr.Tensors;

/// <summary>A point in a device's work, to measure time by.</summary>
internal abstract class GpuEvent : IDisposable
{
    private protected GpuEvent()
    {
    }

    /// <summary>Waits until the device has passed this point, and returns the milliseconds since it passed an earlier one.</summary>
    /// <param name="start">An event recorded earlier on the same device.</param>
    public abstract double MillisecondsSince(GpuEvent start);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases the event.</summary>
    /// <param name="disposing">Whether the call comes from <see cref="Dispose()"/>.</param>
    protected abstract void Dispose(bool disposing);
}
