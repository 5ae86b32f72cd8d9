using Gsasr.Tensors;

namespace Gsasr.Raster.Gpu;

/// <summary>The pixel quantizer on a GPU; see <c>QuantizeKernels.Kernel.cs</c>.</summary>
internal static class GpuPixelQuantizer
{
    public static void Run(
        GpuDevice device, in Tensor image, int height, int width, int bits, DeviceBuffer destination, DeviceBuffer nonFinite)
    {
        int count = checked(height * width * 3);
        var countView = new BufferView<int>(nonFinite, 0, 1);
        device.Launch(QuantizeKernels.ClearCount.Kernel, new WorkSize(1), new() { NonFinite = countView });
        if (bits == 8)
        {
            device.Launch(QuantizeKernels.Quantize8.Kernel, QuantizeKernels.Quantize8.Kernel.GroupsFor(count), new()
            {
                Image = image.View,
                ImagePitch = image.Pitch,
                ImageWidth = image.Width,
                Width = width,
                Count = count,
                Destination = new BufferView<byte>(destination, 0, count),
                NonFinite = countView,
            });
        }
        else
        {
            device.Launch(QuantizeKernels.Quantize16.Kernel, QuantizeKernels.Quantize16.Kernel.GroupsFor(count), new()
            {
                Image = image.View,
                ImagePitch = image.Pitch,
                ImageWidth = image.Width,
                Width = width,
                Count = count,
                Destination = new BufferView<ushort>(destination, 0, count),
                NonFinite = countView,
            });
        }
    }
}
