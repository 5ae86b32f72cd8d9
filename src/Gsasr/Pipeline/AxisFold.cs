namespace Gsasr.Pipeline;

/// <summary>Where a picture that wraps is drawn along one axis, in pixels of the output.</summary>
/// <param name="Size">Pixels of the picture.</param>
/// <param name="First">The first pixel that is drawn, at or after 0.</param>
/// <param name="End">The pixel after the last one, beyond <paramref name="Size"/>; as far as <paramref name="First"/> both are there.</param>
internal readonly record struct AxisFold(int Size, int First, int End)
{
    /// <summary>Where the two ends meet, in pixels of the input from the edge; in the middle of a smaller picture.</summary>
    public const int Place = 32;

    /// <summary>Pixels of the input on either side of that place within which they are faded.</summary>
    public const int HalfFade = 4;

    /// <summary>Chooses the places for a picture.</summary>
    /// <param name="inputSize">Pixels of the input.</param>
    /// <param name="outputSize">Pixels of the output.</param>
    public static AxisFold Of(int inputSize, int outputSize)
    {
        int place = Math.Min(inputSize / 2, Place);
        int fade = Math.Min(place, HalfFade);
        return new AxisFold(
            outputSize, (int)((long)(place - fade) * outputSize / inputSize), outputSize + (int)((long)(place + fade) * outputSize / inputSize));
    }

    /// <summary>The share that a pixel between <see cref="First"/> and the last one has of what is drawn the first time, 0 to 1.</summary>
    /// <param name="pixel">The pixel of the picture.</param>
    public float ShareOfFirst(int pixel) => (pixel - First + 0.5f) / (End - Size - First);
}
