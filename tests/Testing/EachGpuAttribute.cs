namespace Gsasr.Testing;

/// <summary>Runs a theory whose parameter is a device's name once for each of <see cref="TestDevices.GpuNames"/>.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class EachGpuAttribute : EachDeviceAttribute
{
    /// <inheritdoc/>
    protected override IEnumerable<string> Names => TestDevices.GpuNames;
}
