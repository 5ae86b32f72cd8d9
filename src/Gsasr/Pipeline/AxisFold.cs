namespace Gsasr.Pipeline;

/// <summary>Where a picture that wraps is drawn along one axis, in pixels of the output.</summary>
/// <param name="Size">Pixels of the picture.</param>
/// <param name="First">The first pixel that is drawn, at or after 0.</param>
/// <param name="End">
/// The end of what is drawn, beyond <paramref name="Size"/>. The pixels beyond Size are drawn from the repetition.
/// </param>
internal readonly record struct AxisFold(int Size, int First, int End)
{
    /// <summary>
    /// Where the first pixels drawn and the repetition meet, in pixels of the input from the edge; in a smaller picture they meet in its
    /// middle.
    /// </summary>
    public const int Place = 32;

    /// <summary>Pixels of the input on either side of that place within which one fades into the other.</summary>
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

    /// <summary>The share of the pixels drawn first, 0 to 1, where they are mixed with those of the repetition.</summary>
    /// <param name="pixel">The pixel of the picture.</param>
    public float ShareOfFirst(int pixel) => (pixel - First + 0.5f) / (End - Size - First);
}
