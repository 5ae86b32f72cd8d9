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
        bool isFloat16 = y.ElementType == ElementType.Float16;
        int pixelsPerSum = Math.Max(MinimumPixelsPerSum, LayerKernels.DivideUp(x.Pixels, MaximumSums));
        Tensor sums = arena.Allocate(1, LayerKernels.DivideUp(x.Pixels, pixelsPerSum), x.Channels);
        Tensor means = arena.Allocate(1, 1, x.Channels);
        Tensor hidden = arena.Allocate(1, 1, weights.Squeezed);
        Tensor gates = arena.Allocate(1, 1, x.Channels);

        if (isFloat16)
            SumPixelsFloat16(device, x, sums, pixelsPerSum);
        else
            SumPixels(device, x, sums, pixelsPerSum);
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
        if (isFloat16)
            AddGatedFloat16(device, x, gates, y);
        else
            AddGated(device, x, gates, y);
    }

    private static void SumPixels(GpuDevice device, in Tensor x, in Tensor sums, int pixelsPerSum) =>
        device.Launch(ChannelAttentionKernels.SumPixels.Kernel, new WorkSize(sums.Width), new()
        {
            X = x.View,
            XPitch = x.Pitch,
            Sums = sums.View,
            Pixels = x.Pixels,
            Channels = x.Channels,
            PixelsPerGroup = pixelsPerSum,
        });

    private static void SumPixelsFloat16(GpuDevice device, in Tensor x, in Tensor sums, int pixelsPerSum)
    {
        LayerKernels.RequireEights(x);
        device.Launch(Float16ChannelAttentionKernels.SumPixelsFloat16.Kernel, new WorkSize(sums.Width), new()
        {
            X = x.ViewAs<short>(),
            XPitch = x.Pitch,
            Sums = sums.View,
            Pixels = x.Pixels,
            Channels = x.Channels,
            PixelsPerGroup = pixelsPerSum,
        });
    }

    private static void AddGated(GpuDevice device, in Tensor x, in Tensor gates, in Tensor y) =>
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

    private static void AddGatedFloat16(GpuDevice device, in Tensor x, in Tensor gates, in Tensor y)
    {
        LayerKernels.RequireEights(y);
        device.Launch(Float16ChannelAttentionKernels.AddGatedFloat16.Kernel, ElementwiseGpu.GroupsOfEights(Float16ChannelAttentionKernels.AddGatedFloat16.Kernel, y), new()
        {
            X = x.ViewAs<short>(),
            XPitch = x.Pitch,
            Gates = gates.View,
            Y = y.ViewAs<short>(),
            YPitch = y.Pitch,
            Pixels = x.Pixels,
            Channels = x.Channels,
        });
    }
}
