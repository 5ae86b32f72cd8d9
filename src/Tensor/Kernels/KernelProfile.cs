namespace Gsasr.Tensors;

/// <summary>Measures every launch on a device from its creation until it is disposed of.</summary>
/// <remarks>Measuring allocates, and puts events between the launches, so do not use it to time whole runs.</remarks>
internal sealed class KernelProfile : IDisposable
{
    private readonly GpuDevice _device;
    private readonly List<(Kernel Kernel, GpuEvent Start, GpuEvent End)> _launches = [];

    internal KernelProfile(GpuDevice device) => _device = device;

    /// <summary>The kernels launched so far with the number of their launches and their time in all, longest first.</summary>
    /// <exception cref="DeviceException">An operation failed on the device.</exception>
    public IReadOnlyList<(Kernel Kernel, int Launches, double Milliseconds)> Summarize()
    {
        _device.Synchronize();
        (Kernel Kernel, GpuEvent Start, GpuEvent End)[] launches;
        lock (_device.LaunchLock)
            launches = [.. _launches];
        return [.. launches
            .GroupBy(launch => launch.Kernel, (kernel, group) =>
            {
                double[] times = [.. group.Select(launch => launch.End.MillisecondsSince(launch.Start))];
                return (kernel, times.Length, times.Sum());
            })
            .OrderByDescending(entry => entry.Item3)];
    }

    /// <summary>Stops measuring.</summary>
    public void Dispose()
    {
        _device.EndProfile(this);
        foreach ((_, GpuEvent start, GpuEvent end) in _launches)
        {
            start.Dispose();
            end.Dispose();
        }

        _launches.Clear();
    }

    internal void Add(Kernel kernel, GpuEvent start, GpuEvent end) => _launches.Add((kernel, start, end));
}
