using Gsasr.Testing;

namespace Gsasr.Layers.Tests;

/// <summary>The devices that have kernels for the layers; every test of a layer runs on each of them.</summary>
internal static class LayerDevices
{
    /// <summary>Some of <see cref="TestDevices.Names"/>.</summary>
    public static string[] Names { get; } = TestDevices.Names;
}
