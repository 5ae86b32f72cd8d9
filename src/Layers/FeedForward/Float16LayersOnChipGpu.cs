using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary><see cref="FeedForwardNetwork"/> of float16 with all that comes before and after it, of few channels, in one kernel, on Hopper.</summary>
internal static class Float16LayersOnChipGpu
{
    /// <summary>Whether all the layers together fit the kernel.</summary>
    /// <param name="device">The device.</param>
    /// <param name="x">The pixels.</param>
    /// <param name="network">The network.</param>
    /// <param name="added">What is added to the pixels before; null for nothing.</param>
    /// <param name="next">The network after it; null for none.</param>
    /// <param name="linear">The linear layer at the end; null for none.</param>
    public static bool Fits(
        GpuDevice device,
        in Tensor x,
        in FeedForwardPart network,
        (Tensor Pixels, ConvolutionWeights Weights)? added,
        FeedForwardPart? next,
        NormalizedLinear? linear) =>
        device.Supports(Float16LayersOnChip.RunLayersFloat16.Kernel)
        && Float16FeedForwardGpu.Fits(x, network, added, Warpgroups64x64.ColumnCount)
        && (next is not FeedForwardPart second || (Float16FeedForwardGpu.Fits(x, second, added: null, Warpgroups64x64.ColumnCount)
            && NormalizesAs(network, second.First)))
        && (linear is not { Weights: NormalizedWeights last } || (last.Layer.ElementType == ElementType.Float16 && last.Layer.InputChannels == x.Channels
            && last.Layer.OutputChannels <= Float16LayersOnChipShape.LinearTiles * Warpgroups64x64.ColumnCount && NormalizesAs(network, last)));

    public static void Run(
        GpuDevice device,
        in Tensor x,
        in FeedForwardPart network,
        (Tensor Pixels, ConvolutionWeights Weights)? added,
        FeedForwardPart? next,
        NormalizedLinear? linear)
    {
        LayerKernels.RequireEights(x);
        (Tensor shift, Tensor bias) = Float16FeedForwardGpu.VectorsOf(device, x, network);

        // Of what is not wanted something else is given.
        FeedForwardPart second = next ?? network;
        (Tensor nextShift, Tensor nextBias) = Float16FeedForwardGpu.VectorsOf(device, x, second);
        (Tensor pixels, ConvolutionWeights projection) = Float16FeedForwardGpu.AddedTo(device, x, network, added);
        (NormalizedWeights last, Tensor z) = linear is NormalizedLinear given ? (given.Weights, given.Y) : (network.First, x);
        linear?.RequireFits(x);
        SameDevice.Require(device, last.Layer.Device, nameof(linear));
        SameDevice.Require(device, z, nameof(linear));
        LayerKernels.RequireEights(z);
        device.Launch(Float16LayersOnChip.RunLayersFloat16.Kernel, new WorkSize(LayerKernels.DivideUp(x.Pixels, Warpgroups64x64.RowCount)), new()
        {
            Y = x.ViewAs<short>(),
            YPitch = x.Pitch,
            Added = pixels.ViewAs<short>(),
            AddedPitch = pixels.Pitch,
            AddedChannels = added is null ? 0 : pixels.Channels,
            Projection = new(projection.Packed),
            ProjectionBias = projection.Bias.View,
            Shift = shift.View,
            HasShift = network.Shift is null ? 0 : 1,
            First = new(network.First.Layer.Packed),
            FirstBias = network.First.Layer.Bias.View,
            FirstSums = network.First.RowSums!.Value.View,
            Second = new(network.Second.Packed),
            SecondBias = bias.View,
            Hidden = network.First.Layer.OutputChannels,
            HasNext = next is null ? 0 : 1,
            NextShift = nextShift.View,
            HasNextShift = second.Shift is null ? 0 : 1,
            NextFirst = new(second.First.Layer.Packed),
            NextFirstBias = second.First.Layer.Bias.View,
            NextFirstSums = second.First.RowSums!.Value.View,
            NextSecond = new(second.Second.Packed),
            NextSecondBias = nextBias.View,
            NextHidden = second.First.Layer.OutputChannels,
            Linear = new(last.Layer.Packed),
            LinearBias = last.Layer.Bias.View,
            LinearSums = last.RowSums!.Value.View,
            Z = z.ViewAs<short>(),
            ZPitch = z.Pitch,
            Outputs = linear is null ? 0 : z.Channels,
            Pixels = x.Pixels,
            Channels = x.Channels,
            CountedChannels = network.First.Gamma.Channels,
            Epsilon = LayerNorm.Epsilon,
        });
    }

    // The kernel is told once how many channels do not only fill up eights.
    private static bool NormalizesAs(in FeedForwardPart network, NormalizedWeights weights) => weights.Gamma.Channels == network.First.Gamma.Channels;
}
