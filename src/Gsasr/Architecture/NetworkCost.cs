using Gsasr.Encoders;

namespace Gsasr.Architecture;

/// <summary>
/// The multiply-adds that a model spends on each pixel of its padded input. Products of the attention and of all layers are counted,
/// normalisations and activations are not. One multiply-add is two floating-point operations.
/// </summary>
internal static class NetworkCost
{
    /// <summary>Multiply-adds of encoder and decoder together.</summary>
    /// <param name="architecture">The model.</param>
    public static double MultiplyAddsPerPixel(GsasrArchitecture architecture)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        return EncoderMultiplyAddsPerPixel(architecture.Encoder) + DecoderMultiplyAddsPerPixel(architecture.Decoder);
    }

    /// <summary>Multiply-adds of an encoder.</summary>
    /// <param name="encoder">The encoder.</param>
    public static double EncoderMultiplyAddsPerPixel(EncoderArchitecture encoder)
    {
        ArgumentNullException.ThrowIfNull(encoder);
        var plan = new TensorPlan("");
        encoder.Describe(plan);
        return plan.MultiplyAddsPerPixel;
    }

    /// <summary>Multiply-adds of a decoder.</summary>
    /// <param name="decoder">The decoder.</param>
    public static double DecoderMultiplyAddsPerPixel(DecoderArchitecture decoder)
    {
        ArgumentNullException.ThrowIfNull(decoder);
        var plan = new TensorPlan("");
        decoder.Describe(plan);
        return plan.MultiplyAddsPerPixel;
    }

    /// <summary>The most bytes of scratch memory that an operation of the networks takes for each thread of the processor.</summary>
    /// <param name="architecture">The model.</param>
    internal static long ThreadBytes(GsasrArchitecture architecture)
    {
        var plan = new TensorPlan("");
        architecture.Encoder.Describe(plan);
        architecture.Decoder.Describe(plan);
        return plan.ThreadBytes;
    }

    /// <summary>Multiply-adds of a part of a decoder.</summary>
    /// <param name="decoder">The decoder.</param>
    /// <param name="part">The part.</param>
    internal static double DecoderMultiplyAddsPerPixel(DecoderArchitecture decoder, NetworkPart part)
    {
        var plan = new TensorPlan("");
        decoder.Describe(plan);
        return plan.MultiplyAddsPerPixelOf(part);
    }
}
