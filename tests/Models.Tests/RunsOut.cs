using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Models.Tests;

/// <summary>Lets a device run out of memory in the middle of an image, once, as a driver does: in a call that the device is given.</summary>
/// <param name="device">The device.</param>
internal sealed class RunsOut(CpuDevice device) : IProgress<double>, IDisposable
{
    /// <summary>The share of the work after which it happens.</summary>
    public double At { get; init; }

    /// <summary>What else it waits for.</summary>
    public Func<bool> When { get; init; } = () => true;

    /// <summary>Whether it has happened.</summary>
    public bool RanOut { get; private set; }

    /// <inheritdoc/>
    public void Report(double value)
    {
        if (!RanOut && value >= At && When())
            device.BeforeCall = Fail;
    }

    /// <inheritdoc/>
    public void Dispose() => device.BeforeCall = null;

    private void Fail()
    {
        device.BeforeCall = null;
        RanOut = true;
        throw new DeviceMemoryException("No memory is left.");
    }
}
