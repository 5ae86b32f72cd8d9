using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary><see cref="ChannelAttention"/> on GPUs.</summary>
internal static class ChannelAttentionGpu
{
    // Enough groups to read at the speed of the memory, and few enough that one group can add up their sums.
    private const int MaximumSums = 256;
    private const int MinimumPixelsPerSum = 16;

    public static void AddScaled(GpuDevice device, in Tensor x, ChannelAttentionWeights weights, float factor, in Tensor y, Arena arena)
    {
        using Arena.Scope scope = arena.BeginScope();
        int pixelsPerSum = Math.Max(MinimumPixelsPerSum, LayerKernels.DivideUp(x.Pixels, MaximumSums));
        Tensor sums = arena.Allocate(1, LayerKernels.DivideUp(x.Pixels, pixelsPerSum), x.Channels);
        Tensor means = arena.Allocate(1, 1, x.Channels);
        Tensor hidden = arena.Allocate(1, 1, weights.Squeezed);
        Tensor gates = arena.Allocate(1, 1, x.Channels);

        device.Launch(ChannelAttentionKernels.SumPixels.Kernel, new WorkSize(sums.Width), new()
        {
            X = x.View,
            XPitch = x.Pitch,
            Sums = sums.View,
            Pixels = x.Pixels,
            Channels = x.Channels,
            PixelsPerGroup = pixelsPerSum,
        });
        device.Launch(ChannelAttentionKernels.ComputeGates.Kernel, new WorkSize(1), new()
        {
            Sums = sums.View,
            Squeeze = weights.Squeeze.View,
            SqueezeBias = weights.SqueezeBias.View,
            Expand = weights.Expand.View,
            ExpandBias = weights.ExpandBias.View,
            Means = means.View,
            Hidden = hidden.View,
            Gates = gates.View,
            Groups = sums.Width,
            Pixels = x.Pixels,
            Channels = x.Channels,
            Squeezed = weights.Squeezed,
            Factor = factor,
        });
        device.Launch(ChannelAttentionKernels.AddGated.Kernel, ElementwiseGpu.GroupsFor(ChannelAttentionKernels.AddGated.Kernel, y), new()
        {
            X = x.View,
            XPitch = x.Pitch,
            Gates = gates.View,
            Y = y.View,
            YPitch = y.Pitch,
            Pixels = x.Pixels,
            Channels = x.Channels,
            Aligned = LayerKernels.IsAligned(x) && LayerKernels.IsAligned(y) ? 1 : 0,
        });
    }
}
