using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary><see cref="Elementwise"/> on GPUs.</summary>
internal static class ElementwiseGpu
{
    public static void Add(GpuDevice device, in Tensor a, in Tensor b, in Tensor y) =>
        device.Launch(ElementwiseKernels.Add.Kernel, GroupsFor(ElementwiseKernels.Add.Kernel, y), new()
        {
            A = a.View,
            APitch = a.Pitch,
            B = b.View,
            BPitch = b.Pitch,
            Y = y.View,
            YPitch = y.Pitch,
            Pixels = y.Pixels,
            Channels = y.Channels,
            Aligned = LayerKernels.IsAligned(a) && LayerKernels.IsAligned(b) && LayerKernels.IsAligned(y) ? 1 : 0,
        });

    public static void AddFloat16(GpuDevice device, in Tensor a, in Tensor b, in Tensor y)
    {
        LayerKernels.RequireEights(a);
        LayerKernels.RequireEights(b);
        LayerKernels.RequireEights(y);
        device.Launch(Float16ElementwiseKernels.AddFloat16.Kernel, GroupsOfEights(Float16ElementwiseKernels.AddFloat16.Kernel, y), new()
        {
            A = a.ViewAs<short>(),
            APitch = a.Pitch,
            B = b.ViewAs<short>(),
            BPitch = b.Pitch,
            Y = y.ViewAs<short>(),
            YPitch = y.Pitch,
            Pixels = y.Pixels,
            Channels = y.Channels,
        });
    }

    public static void Repeat(GpuDevice device, in Tensor table, in Tensor y) =>
        device.Launch(ElementwiseKernels.Repeat.Kernel, GroupsFor(ElementwiseKernels.Repeat.Kernel, y), new()
        {
            Table = table.View,
            TablePitch = table.Pitch,
            Y = y.View,
            YPitch = y.Pitch,
            TableHeight = table.Height,
            TableWidth = table.Width,
            Pixels = y.Pixels,
            Width = y.Width,
            Channels = y.Channels,
            Aligned = LayerKernels.IsAligned(table) && LayerKernels.IsAligned(y) ? 1 : 0,
        });

    public static void RepeatFloat16(GpuDevice device, in Tensor table, in Tensor y)
    {
        LayerKernels.RequireEights(y);
        LayerKernels.RequireFours(table);
        device.Launch(Float16ElementwiseKernels.RepeatFloat16.Kernel, GroupsOfEights(Float16ElementwiseKernels.RepeatFloat16.Kernel, y), new()
        {
            Table = table.View,
            TablePitch = table.Pitch,
            Y = y.ViewAs<short>(),
            YPitch = y.Pitch,
            TableHeight = table.Height,
            TableWidth = table.Width,
            Pixels = y.Pixels,
            Width = y.Width,
            Channels = y.Channels,
        });
    }

    /// <summary>Groups for one work-item per four channels of a pixel.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="y">What it computes.</param>
    public static WorkSize GroupsFor(Kernel kernel, in Tensor y) =>
        kernel.GroupsFor(checked(y.Pixels * LayerKernels.DivideUp(y.Channels, 4)));

    /// <summary>Groups for one work-item per eight channels of a pixel.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="y">What it computes, its channels a multiple of 8.</param>
    public static WorkSize GroupsOfEights(Kernel kernel, in Tensor y) => kernel.GroupsFor(checked(y.Pixels * (y.Channels / 8)));
}
