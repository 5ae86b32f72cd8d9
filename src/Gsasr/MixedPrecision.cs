using Gsasr.Architecture;
using Gsasr.Layers;
using Gsasr.Tensors;

namespace Gsasr;

/// <summary>Which networks can run in mixed precision, and where.</summary>
internal static class MixedPrecision
{
    /// <summary>Chooses the element type of the networks' products.</summary>
    /// <param name="precision">What was asked for.</param>
    /// <param name="architecture">The networks.</param>
    /// <param name="device">The device that will run them.</param>
    /// <exception cref="NotSupportedException">Mixed precision was asked for, and the device or the networks do not have it.</exception>
    public static ElementType Choose(Precision precision, GsasrArchitecture architecture, Device device)
    {
        if (precision == Precision.Float32)
            return ElementType.Float32;
        string? refusal = Refusal(architecture, device);
        if (refusal is null)
            return ElementType.Float16;
        return precision == Precision.Auto ? ElementType.Float32 : throw new NotSupportedException(refusal);
    }

    private static string? Refusal(GsasrArchitecture architecture, Device device)
    {
        const string Instead = "use float32 precision (or auto)";
        if (!TensorCores.IsSupported(device))
            return $"{device.Name} has no mixed precision, which needs an NVIDIA GPU from Ampere on, reached by CUDA; {Instead}.";
        DecoderArchitecture decoder = architecture.Decoder;
        bool fits = architecture.Encoder.HasMixedPrecision
            && decoder.Kind == DecoderKind.Enhanced
            && TensorCores.Supports(decoder.Channels, decoder.WindowSize, decoder.Heads);
        return fits ? null : $"{architecture.Name} has no mixed precision yet; {Instead}.";
    }
}
