using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary>Whether layers can run on float16, which is multiplied on the tensor cores of NVIDIA GPUs.</summary>
internal static class TensorCores
{
    /// <summary>Whether a device has layers of float16.</summary>
    /// <param name="device">The device.</param>
    public static bool IsSupported(Device device) => device is GpuDevice gpu && Float16ConvolutionGpu.IsSupported(gpu);

    /// <summary>
    /// Whether float16 is taken to be faster than float32 on a device: from Ampere on. On Turing that was not measured, and some of it (GeForce GTX 16) has the
    /// instructions but no tensor cores, which nothing but its name tells.
    /// </summary>
    /// <param name="device">The device.</param>
    public static bool AreFast(Device device) => device is GpuDevice gpu && Float16ConvolutionGpu.HasLargeTiles(gpu);

    /// <summary>Whether a device that was found has layers of float16.</summary>
    /// <param name="device">The device.</param>
    public static bool IsSupported(DeviceDescription device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return device.ComputeCapability is NvidiaTarget hardware
            && Float16ConvolutionKernels.ConvolveFloat16.Half64x64OnTuring.Target!.Value.RunsOn(hardware.Major, hardware.Minor);
    }

    /// <summary>As <see cref="AreFast(Device)"/>, of a device that was found.</summary>
    /// <param name="device">The device.</param>
    public static bool AreFast(DeviceDescription device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return device.ComputeCapability is NvidiaTarget hardware
            && Float16ConvolutionKernels.ConvolveFloat16.Half128x128.Target!.Value.RunsOn(hardware.Major, hardware.Minor);
    }

    /// <summary>Whether convolutions of float16 can read and write tensors of so many channels.</summary>
    /// <param name="channels">The channels.</param>
    public static bool Supports(int channels) => channels % 8 == 0;

    /// <summary>Channels filled up to those that convolutions of float16 can read and write.</summary>
    /// <param name="channels">The channels.</param>
    public static int Padded(int channels) => LayerKernels.DivideUp(channels, 8) * 8;

    /// <summary>Channels of an attention head filled up to those for which there is a kernel of float16; null if there is none.</summary>
    /// <param name="keyTokens">Keys of a window.</param>
    /// <param name="headSize">Channels of a head.</param>
    /// <param name="rotates">Whether positions enter by a rotary embedding; if not, by a bias.</param>
    public static int? PaddedHead(int keyTokens, int headSize, bool rotates) => Float16WindowAttentionGpu.HeadSizeFor(keyTokens, headSize, rotates);

    /// <summary>Whether a device has kernels of float16 for all layers of transformers of so many channels, filled up.</summary>
    /// <param name="device">The device.</param>
    /// <param name="channels">Channels between the layers.</param>
    /// <param name="keyTokens">Keys of a window.</param>
    /// <param name="heads">Heads of the attention.</param>
    /// <param name="rotates">Whether positions enter by a rotary embedding; if not, by a bias.</param>
    public static bool SupportsAttention(GpuDevice device, int channels, int keyTokens, int heads, bool rotates) =>
        channels <= Float16NormalizationShape.MostChannels && channels % heads == 0 && Float16WindowAttentionGpu.Supports(device, keyTokens, channels / heads, rotates);

    /// <summary>Whether there are kernels of float16 for Gaussian heads of so many channels, filled up.</summary>
    /// <param name="channels">The channels.</param>
    public static bool SupportsHeads(int channels) => Float16GaussianHeadsGpu.Supports(Padded(channels));
}
