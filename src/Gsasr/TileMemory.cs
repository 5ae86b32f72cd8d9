using Gsasr.Architecture;
using Gsasr.Tensors;

namespace Gsasr;

/// <summary>How many pixels may go through a network at once on a device.</summary>
internal static class TileMemory
{
    // The arena's peak in floats per pixel is below 14 times the decoder's channels plus this for every published model.
    private const long EncoderFloats = 1500;

    /// <summary>The pixels whose activations take a quarter of the device's memory.</summary>
    /// <param name="architecture">The networks.</param>
    /// <param name="device">The device.</param>
    public static long DefaultPixels(GsasrArchitecture architecture, Device device) =>
        Math.Max(device.MemoryBytes / 4 / BytesPerPixel(architecture), 64 * 64);

    private static long BytesPerPixel(GsasrArchitecture architecture) =>
        (14L * architecture.Decoder.Channels + EncoderFloats) * sizeof(float);
}
