using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary><see cref="ChannelAttention"/> on GPUs.</summary>
internal static class ChannelAttentionGpu
{
    // Enough groups to read at the speed of the memory, and few enough that one group can add up their sums.
    private const int MaximumSums = 256;
    private const int MinimumPixelsPerSum = 16;

    public static Tensor SumPixels(GpuDevice device, in Tensor x, Arena arena)
    {
        int pixelsPerSum = Math.Max(MinimumPixelsPerSum, LayerKernels.DivideUp(x.Pixels, MaximumSums));
        Tensor sums = arena.Allocate(1, LayerKernels.DivideUp(x.Pixels, pixelsPerSum), LayerKernels.DivideUp(x.Channels, 4) * 4)
            .SliceChannels(0, x.Channels);
        device.Launch(ChannelAttentionKernels.SumPixels.Kernel, new WorkSize(sums.Width), new()
        {
            X = x.View,
            XPitch = x.Pitch,
            Sums = sums.View,
            SumsPitch = sums.Pitch,
            Pixels = x.Pixels,
            Channels = x.Channels,
            PixelsPerGroup = pixelsPerSum,
        });
        return sums;
    }

    public static void ComputeGates(
        GpuDevice device, in Tensor sums, int pixels, ChannelAttentionWeights weights, float factor, in Tensor gates, Arena arena)
    {
        Tensor parts = sums.Reshape(channels: sums.Pitch);
        LayerKernels.RequireFours(parts);
        Tensor means = arena.Allocate(1, 1, weights.Channels);
        Tensor hidden = arena.Allocate(1, 1, weights.Squeezed);
        device.Launch(ChannelAttentionKernels.ComputeGates.Kernel, new WorkSize(1), new()
        {
            Sums = parts.View,
            SumsPitch = parts.Pitch,
            Squeeze = weights.Squeeze.View,
            SqueezeBias = weights.SqueezeBias.View,
            Expand = weights.Expand.View,
            ExpandBias = weights.ExpandBias.View,
            Means = means.View,
            Hidden = hidden.View,
            Gates = gates.View,
            Parts = parts.Pixels,
            Pixels = pixels,
            Channels = weights.Channels,
            Squeezed = weights.Squeezed,
            Factor = factor,
        });
    }

    public static void AddGated(GpuDevice device, in Tensor x, in Tensor gates, in Tensor y) =>
        device.Launch(ChannelAttentionKernels.AddGated.Kernel, ElementwiseGpu.GroupsFor(ChannelAttentionKernels.AddGated.Kernel, y), new()
        {
            X = x.View,
            XPitch = x.Pitch,
            Gates = gates.View,
            Y = y.View,
            YPitch = y.Pitch,
            Pixels = x.Pixels,
            Channels = x.Channels,
            Aligned = LayerKernels.IsAligned(x) && LayerKernels.IsAligned(y) && LayerKernels.IsAligned(gates) ? 1 : 0,
        });

    public static void AddAndNormalizeFloat16(
        GpuDevice device, in Tensor x, in Tensor gates, in Tensor y, in Tensor gamma, in Tensor beta, in Tensor normal)
    {
        LayerKernels.RequireEights(x);
        LayerKernels.RequireFours(gates.Reshape(pitch: gates.Channels));
        LayerNormGpu.RequireFloat16(y, normal);
        var groups = new WorkSize(LayerKernels.DivideUp(x.Pixels, Float16NormalizationShape.PixelsOfGroup));
        device.Launch(Float16NormalizationKernels.AddGatedAndNormalizeFloat16.Kernel, groups, new()
        {
            X = x.ViewAs<short>(),
            XPitch = x.Pitch,
            Gates = gates.View,
            Y = y.ViewAs<short>(),
            YPitch = y.Pitch,
            Gamma = LayerNormGpu.Filled(gamma, y).View,
            Beta = LayerNormGpu.Filled(beta, y).View,
            Normal = normal.ViewAs<short>(),
            NormalPitch = normal.Pitch,
            Pixels = x.Pixels,
            Channels = x.Channels,
            CountedChannels = gamma.Channels,
            Epsilon = LayerNorm.Epsilon,
        });
    }
}
