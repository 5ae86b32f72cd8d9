using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary><see cref="ChannelAttention"/> on GPUs (channel-attention.cl).</summary>
internal static class ChannelAttentionGpu
{
    // Enough groups to read at the memory's speed, few enough for one group to add up what they give.
    private const int MaximumSums = 256;
    private const int MinimumPixelsPerSum = 16;

    private static readonly KernelId s_sum = LayerKernels.Library["channel-attention", "sum_pixels"];
    private static readonly KernelId s_gates = LayerKernels.Library["channel-attention", "compute_gates"];
    private static readonly KernelId s_add = LayerKernels.Library["channel-attention", "add_gated"];

    public static void AddScaled(GpuDevice device, in Tensor x, ChannelAttentionWeights weights, float factor, in Tensor y, Arena arena)
    {
        using Arena.Scope scope = arena.BeginScope();
        int pixelsPerSum = Math.Max(MinimumPixelsPerSum, LayerKernels.DivideUp(x.Pixels, MaximumSums));
        Tensor sums = arena.Allocate(1, LayerKernels.DivideUp(x.Pixels, pixelsPerSum), x.Channels);
        Tensor means = arena.Allocate(1, 1, x.Channels);
        Tensor hidden = arena.Allocate(1, 1, weights.Squeezed);
        Tensor gates = arena.Allocate(1, 1, x.Channels);

        KernelArguments launch = new KernelArguments().Add(x);
        launch.AddVector(sums, x);
        launch.Add(x.Pixels).Add(x.Channels).Add(pixelsPerSum);
        device.Launch(device.GetKernel(s_sum), new WorkSize(sums.Width), launch);

        launch = new KernelArguments();
        launch.AddVector(sums, x);
        launch.Add(weights.Squeeze.Buffer).Add(weights.SqueezeBias.Buffer).Add(weights.Expand.Buffer).Add(weights.ExpandBias.Buffer);
        launch.AddVector(means, x);
        launch.AddVector(hidden, x);
        launch.AddVector(gates, x);
        launch.Add(sums.Width).Add(x.Pixels).Add(x.Channels).Add(weights.Squeezed).Add(factor);
        device.Launch(device.GetKernel(s_gates), new WorkSize(1), launch);

        launch = new KernelArguments().Add(x);
        launch.AddVector(gates, x);
        launch.Add(y).Add(x.Pixels).Add(x.Channels).Add(LayerKernels.Aligned(x) & LayerKernels.Aligned(y));
        GpuKernel add = device.GetKernel(s_add);
        device.Launch(add, ElementwiseGpu.GroupsFor(add, y), launch);
    }
}
