namespace Gsasr.Devices.Tests;

/// <summary>What the sample kernels and their tests agree on.</summary>
internal static class SampleShape
{
    public const int GroupSize = 64;
    public const int MatrixGroupSize = 256;
    public const int MatrixTile = 64;
    public const int ReversedCount = 25_000;
}
