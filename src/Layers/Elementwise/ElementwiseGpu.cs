using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary><see cref="Elementwise"/> on GPUs (elementwise.cl).</summary>
internal static class ElementwiseGpu
{
    private static readonly KernelId s_add = LayerKernels.Library["elementwise", "add"];
    private static readonly KernelId s_repeat = LayerKernels.Library["elementwise", "repeat"];

    public static void Add(GpuDevice device, in Tensor a, in Tensor b, in Tensor y)
    {
        GpuKernel kernel = device.GetKernel(s_add);
        device.Launch(
            kernel,
            GroupsFor(kernel, y),
            new KernelArguments()
                .Add(a)
                .Add(b)
                .Add(y)
                .Add(y.Pixels)
                .Add(y.Channels)
                .Add(LayerKernels.Aligned(a) & LayerKernels.Aligned(b) & LayerKernels.Aligned(y)));
    }

    public static void Repeat(GpuDevice device, in Tensor table, in Tensor y)
    {
        GpuKernel kernel = device.GetKernel(s_repeat);
        device.Launch(
            kernel,
            GroupsFor(kernel, y),
            new KernelArguments()
                .Add(table)
                .Add(y)
                .Add(table.Height)
                .Add(table.Width)
                .Add(y.Pixels)
                .Add(y.Width)
                .Add(y.Channels)
                .Add(LayerKernels.Aligned(table) & LayerKernels.Aligned(y)));
    }

    /// <summary>Groups for one work-item per four channels of a pixel.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="y">What it computes.</param>
    public static WorkSize GroupsFor(GpuKernel kernel, in Tensor y) =>
        kernel.GroupsFor(checked(y.Pixels * LayerKernels.DivideUp(y.Channels, 4)));
}
