using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary><see cref="LayerNorm"/> on GPUs (normalization.cl).</summary>
internal static class LayerNormGpu
{
    // As in the kernel.
    private const int PixelsPerGroup = 16;

    private static readonly KernelId s_kernel = LayerKernels.Library["normalization", "normalize_pixels"];

    public static void Run(
        GpuDevice device, in Tensor x, in Tensor gamma, in Tensor beta, in Tensor y, in Tensor? shift, in Tensor? windowTable)
    {
        Tensor table = windowTable ?? x;
        int aligned = LayerKernels.Aligned(x) & LayerKernels.Aligned(y) & LayerKernels.Aligned(table)
            & AlignedVector(gamma) & AlignedVector(beta) & AlignedVector(shift ?? gamma);
        KernelArguments launch = new KernelArguments().Add(x);
        launch.AddVector(gamma, x);
        launch.AddVector(beta, x);
        launch.Add(y);
        launch.AddVector(shift, x);
        launch
            .Add(shift is null ? 0 : 1)
            .Add(table)
            .Add(windowTable is null ? 0 : 1)
            .Add(table.Height)
            .Add(table.Width)
            .Add(x.Pixels)
            .Add(x.Width)
            .Add(x.Channels)
            .Add(LayerNorm.Epsilon)
            .Add(aligned);
        device.Launch(device.GetKernel(s_kernel), new WorkSize(LayerKernels.DivideUp(x.Pixels, PixelsPerGroup)), launch);
    }

    private static int AlignedVector(in Tensor vector) => LayerKernels.Aligned(vector with { Pitch = vector.Channels });
}
