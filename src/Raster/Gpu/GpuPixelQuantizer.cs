using Gsasr.Tensors;

namespace Gsasr.Raster.Gpu;

/// <summary>The pixel quantizer in OpenCL C.</summary>
internal static class GpuPixelQuantizer
{
    private static readonly KernelId s_clear = RasterKernels.Library["quantize", "clear_count"];
    private static readonly KernelId s_quantize8 = RasterKernels.Library["quantize", "quantize_8"];
    private static readonly KernelId s_quantize16 = RasterKernels.Library["quantize", "quantize_16"];

    public static void Run(
        GpuDevice device, in Tensor image, int height, int width, int bits, DeviceBuffer destination, DeviceBuffer nonFinite)
    {
        int count = checked(height * width * 3);
        device.Launch(device.GetKernel(s_clear), new WorkSize(1), new KernelArguments().Add(nonFinite));
        GpuKernel quantize = device.GetKernel(bits == 8 ? s_quantize8 : s_quantize16);
        device.Launch(quantize, quantize.GroupsFor(count), new KernelArguments()
            .Add(image).Add(image.Width).Add(width).Add(count).Add(destination).Add(nonFinite));
    }
}
