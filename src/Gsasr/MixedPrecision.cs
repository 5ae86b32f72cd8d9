using Gsasr.Architecture;
using Gsasr.Encoders;
using Gsasr.Layers;
using Gsasr.Tensors;

namespace Gsasr;

/// <summary>Which networks can run in mixed precision, and where.</summary>
internal static class MixedPrecision
{
    /// <summary>
    /// Chooses the element type of the networks' products. Auto takes float16 only for networks with which it is near to float32, and on devices on which it is faster.
    /// </summary>
    /// <param name="precision">What was asked for.</param>
    /// <param name="architecture">The networks.</param>
    /// <param name="device">The device that will run them.</param>
    /// <exception cref="NotSupportedException">Mixed precision was asked for, and the device or the networks do not have it.</exception>
    public static ElementType Choose(Precision precision, GsasrArchitecture architecture, Device device)
    {
        if (precision == Precision.Float32)
            return ElementType.Float32;
        string? refusal = Refusal(architecture, device);
        if (precision == Precision.Auto)
            return refusal is null && Reservation(architecture, TensorCores.AreFast(device)) is null ? ElementType.Float16 : ElementType.Float32;
        return refusal is null ? ElementType.Float16 : throw new NotSupportedException(refusal);
    }

    /// <summary>What auto chooses on a device that was found, for networks that have mixed precision on all hardware from Ampere on.</summary>
    /// <param name="architecture">The networks.</param>
    /// <param name="device">The device.</param>
    public static Precision ChosenByAuto(GsasrArchitecture architecture, DeviceDescription device) =>
        TensorCores.IsSupported(device) && Reservation(architecture, TensorCores.AreFast(device)) is null ? Precision.Mixed : Precision.Float32;

    /// <summary>Why auto chooses float32 although there is mixed precision, in a few words; null if auto chooses mixed precision, or if there is none.</summary>
    /// <param name="architecture">The networks.</param>
    /// <param name="device">The device that runs them.</param>
    public static string? ReservationOfAuto(GsasrArchitecture architecture, Device device) =>
        Refusal(architecture, device) is null ? Reservation(architecture, TensorCores.AreFast(device)) : null;

    private static string? Reservation(GsasrArchitecture architecture, bool isFast)
    {
        if (!isFast)
            return "auto takes mixed precision from compute capability 8.0 on, before which it was not measured";
        return IsNearFloat32(architecture) ? null : $"{architecture.Name} was not measured to be near enough to float32 with mixed precision";
    }

    // Only with these is mixed precision near enough to float32, as far as seeded weights can show it.
    private static bool IsNearFloat32(GsasrArchitecture architecture) =>
        architecture.Encoder is EdsrArchitecture or RdnArchitecture && architecture.Decoder.Kind == DecoderKind.Enhanced;

    private static string? Refusal(GsasrArchitecture architecture, Device device)
    {
        const string Instead = "use float32 precision (or auto)";
        if (device is not GpuDevice gpu || !TensorCores.IsSupported(gpu))
            return $"{device.Name} has no mixed precision, which needs an NVIDIA GPU reached by CUDA; {Instead}.";
        DecoderArchitecture decoder = architecture.Decoder;
        bool fits = architecture.Encoder.HasMixedPrecision(gpu)
            && TensorCores.Supports(decoder.InputFeatures)
            && TensorCores.SupportsAttention(gpu, decoder.Channels, decoder.Seeds, decoder.Heads, rotates: decoder.Kind == DecoderKind.Enhanced)
            && TensorCores.SupportsHeads(decoder.Channels);
        return fits ? null : $"{architecture.Name} has no mixed precision on {device.Name}; {Instead}.";
    }
}
