namespace Gsasr.Pipeline;

/// <summary>What becomes of an image's Gaussians.</summary>
/// <param name="SampleBytes">Bytes of a value of the output; 0 where the Gaussians are kept and not drawn.</param>
/// <param name="Images">How many images are drawn: 2 where alpha is one of them, else 1.</param>
/// <param name="ReceivedChannels">
/// Channels of the output if its rows are handed over from top to bottom, for which it may have to be put together whole; 0 where the
/// caller has memory for all of it.
/// </param>
internal readonly record struct DrawnFormat(int SampleBytes, int Images, int ReceivedChannels)
{
    /// <summary>Gaussians that are kept.</summary>
    public static DrawnFormat Field { get; } = new(0, 1, 0);
}
