using Gsasr.Testing;

namespace Gsasr.Layers.Tests;

/// <summary>The devices that have kernels for the layers; every test of a layer runs on each of them.</summary>
internal static class LayerDevices
{
    /// <summary>An environment variable: where it is set, only the processor is tested.</summary>
    public const string ProcessorOnly = "GSASR_TEST_PROCESSOR_ONLY";

    /// <summary>Some of <see cref="TestDevices.Names"/>.</summary>
    public static string[] Names { get; } =
        string.IsNullOrEmpty(Environment.GetEnvironmentVariable(ProcessorOnly)) ? TestDevices.Names : ["cpu"];
}
