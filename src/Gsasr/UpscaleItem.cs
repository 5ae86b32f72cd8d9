namespace Gsasr;

/// <summary>An image for <see cref="Upscaler.UpscaleBatch{T}"/>, and where its picture goes.</summary>
/// <typeparam name="T">What a channel is: byte, ushort or float.</typeparam>
/// <param name="source">The image.</param>
/// <param name="destination">Receives the picture; its memory is not that of a source, nor of another picture.</param>
/// <param name="scale">The scale that the network is told, 1 to 64; null for the geometric mean of the two axes' factors.</param>
public readonly struct UpscaleItem<T>(ReadOnlyPixelMemory<T> source, PixelMemory<T> destination, double? scale = null)
    where T : unmanaged
{
    /// <summary>The image.</summary>
    public ReadOnlyPixelMemory<T> Source { get; } = source;

    /// <summary>Receives the picture.</summary>
    public PixelMemory<T> Destination { get; } = destination;

    /// <summary>The scale that the network is told; null for the geometric mean of the two axes' factors.</summary>
    public double? Scale { get; } = scale;
}
