using Gsasr.Architecture;

namespace Gsasr;

/// <summary>How many pixels may go through a network at once on a device.</summary>
internal static class TileMemory
{
    // The arena's peak in floats per pixel is below 14 times the decoder's channels plus this for every published model.
    private const long EncoderFloats = 1500;

    // The least side of a tile's own part that is aimed at: below it most of the work would be the overlap.
    private const int LeastInterior = 48;

    /// <summary>The pixels whose activations take a quarter of the memory, but enough for more than overlap.</summary>
    /// <param name="architecture">The networks.</param>
    /// <param name="memoryBytes">The memory that the device has available.</param>
    /// <param name="overlap">How many pixels around its own a tile sees.</param>
    public static long DefaultPixels(GsasrArchitecture architecture, long memoryBytes, int overlap)
    {
        long side = LeastInterior + 2L * ReflectedImage.PaddedSize(overlap, architecture.SizeMultiple);
        return Math.Max(memoryBytes / 4 / BytesPerPixel(architecture), side * side);
    }

    private static long BytesPerPixel(GsasrArchitecture architecture) =>
        (14L * architecture.Decoder.Channels + EncoderFloats) * sizeof(float);
}
