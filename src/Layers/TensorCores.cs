using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary>Whether layers can run on float16, which is multiplied on the tensor cores of NVIDIA GPUs.</summary>
internal static class TensorCores
{
    /// <summary>Whether a device has layers of float16.</summary>
    /// <param name="device">The device.</param>
    public static bool IsSupported(Device device) => device is GpuDevice gpu && Float16ConvolutionGpu.IsSupported(gpu);

    /// <summary>Whether a device that was found has layers of float16.</summary>
    /// <param name="device">The device.</param>
    public static bool IsSupported(DeviceDescription device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return device.ComputeCapability is NvidiaTarget hardware
            && Float16ConvolutionKernels.ConvolveFloat16.Half128x128.Target!.Value.RunsOn(hardware.Major, hardware.Minor);
    }

    /// <summary>Whether convolutions of float16 can read and write tensors of so many channels.</summary>
    /// <param name="channels">The channels.</param>
    public static bool Supports(int channels) => channels % 8 == 0;

    /// <summary>Whether there are kernels of float16 for all layers of a decoder.</summary>
    /// <param name="channels">Its channels.</param>
    /// <param name="windowSize">Tokens along a side of its windows.</param>
    /// <param name="heads">Heads of its attention.</param>
    public static bool Supports(int channels, int windowSize, int heads) =>
        Supports(channels) && channels <= Float16NormalizationShape.MostChannels && channels % heads == 0
        && Float16GaussianHeadsGpu.Supports(channels) && Float16WindowAttentionGpu.HeadSizeFor(windowSize * windowSize, channels / heads, rotates: true) == channels / heads;
}
