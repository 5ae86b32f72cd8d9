using Gsasr.Architecture;

namespace Gsasr.Pipeline;

/// <summary>The multiply-adds of the networks, counted once for an upscaler: counting goes through all layers and allocates.</summary>
/// <param name="PerSeenPixel">For each pixel that a tile sees, its surroundings included: the encoder and the decoder's blocks.</param>
/// <param name="PerPixel">For each pixel of the padded image: upsampling and heads.</param>
internal readonly record struct NetworkWork(double PerSeenPixel, double PerPixel)
{
    /// <summary>Counts the work of the networks of an architecture.</summary>
    /// <param name="architecture">The networks.</param>
    public static NetworkWork Of(GsasrArchitecture architecture) => new(
        NetworkCost.EncoderMultiplyAddsPerPixel(architecture.Encoder) + NetworkCost.DecoderMultiplyAddsPerPixel(architecture.Decoder, NetworkPart.Blocks),
        NetworkCost.DecoderMultiplyAddsPerPixel(architecture.Decoder, NetworkPart.Upsampling)
            + NetworkCost.DecoderMultiplyAddsPerPixel(architecture.Decoder, NetworkPart.Heads));
}
