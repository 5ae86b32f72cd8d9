using Gsasr.Testing;

namespace Gsasr.Layers.Tests;

/// <summary>Runs a theory whose parameter is a device's name once for each of <see cref="LayerDevices.Names"/>.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class EachLayerDeviceAttribute : EachDeviceAttribute
{
    /// <inheritdoc/>
    protected override IEnumerable<string> Names => LayerDevices.Names;
}
