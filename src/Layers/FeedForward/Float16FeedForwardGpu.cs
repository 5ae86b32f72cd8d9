using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary>Parts of <see cref="FeedForwardNetwork"/> of float16, each in one kernel, on Hopper.</summary>
internal static class Float16FeedForwardGpu
{
    /// <summary>Whether there is a kernel for a network; if not, it has to be computed layer by layer.</summary>
    /// <param name="device">The device.</param>
    /// <param name="x">The pixels.</param>
    /// <param name="network">The network.</param>
    /// <param name="added">What is added to the pixels before; null for nothing.</param>
    public static bool Fits(GpuDevice device, in Tensor x, in FeedForwardPart network, (Tensor Pixels, ConvolutionWeights Weights)? added) =>
        device.Supports(Float16FeedForwardKernels.FeedForwardFloat16.Warpgroups128x192) && Fits(x, network, added, Warpgroups128x192.ColumnCount);

    /// <summary>Whether layers are of float16 and have no more than so many channels before, between and after them.</summary>
    /// <param name="x">The pixels.</param>
    /// <param name="network">A network on them.</param>
    /// <param name="added">A layer before it; null for none.</param>
    /// <param name="most">The most channels.</param>
    public static bool Fits(in Tensor x, in FeedForwardPart network, (Tensor Pixels, ConvolutionWeights Weights)? added, int most)
    {
        ConvolutionWeights first = network.First.Layer;
        ConvolutionWeights second = network.Second;
        bool fits = x.ElementType == ElementType.Float16 && first.ElementType == ElementType.Float16 && second.ElementType == ElementType.Float16
            && network.Activation == Activation.Relu && second.KernelSize == 1 && x.Channels <= most && first.OutputChannels <= most
            && first.InputChannels == x.Channels && second.OutputChannels == x.Channels && first.OutputChannels == second.InputChannels;
        if (added is var (pixels, projection))
        {
            fits &= pixels.ElementType == ElementType.Float16 && projection.ElementType == ElementType.Float16 && projection.KernelSize == 1
                && !projection.PixelShuffle && projection.InputChannels == pixels.Channels && projection.OutputChannels == x.Channels
                && pixels.Height == x.Height && pixels.Width == x.Width && pixels.Channels <= most;
        }

        return fits;
    }

    /// <summary>The shift of a network, or where there is none something in its place, and the bias of its second layer.</summary>
    /// <param name="device">The device.</param>
    /// <param name="x">The pixels.</param>
    /// <param name="network">The network.</param>
    /// <exception cref="ArgumentException">They do not fit, or are on another device.</exception>
    public static (Tensor Shift, Tensor Bias) VectorsOf(GpuDevice device, in Tensor x, in FeedForwardPart network)
    {
        Tensor bias = network.Bias ?? network.Second.Bias;
        Tensor shift = network.Shift ?? bias;
        if (shift.Channels != x.Channels || bias.Channels != x.Channels)
            throw new ArgumentException($"A shift of {shift} and a bias of {bias} do not fit {x}.");
        SameDevice.Require(device, network.First.Layer.Device, nameof(network));
        SameDevice.Require(device, network.Second.Device, nameof(network));
        SameDevice.Require(device, shift, nameof(network));
        SameDevice.Require(device, bias, nameof(network));
        return (shift, bias);
    }

    /// <summary>The layer before a network and its pixels, or where there is none something in its place.</summary>
    /// <param name="device">The device.</param>
    /// <param name="x">The pixels.</param>
    /// <param name="network">The network.</param>
    /// <param name="added">The layer; null for none.</param>
    /// <exception cref="ArgumentException">It is on another device, or its pixels have no whole eights.</exception>
    public static (Tensor Pixels, ConvolutionWeights Weights) AddedTo(
        GpuDevice device, in Tensor x, in FeedForwardPart network, (Tensor Pixels, ConvolutionWeights Weights)? added)
    {
        (Tensor pixels, ConvolutionWeights projection) = added ?? (x, network.Second);
        SameDevice.Require(device, pixels, nameof(added));
        SameDevice.Require(device, projection.Device, nameof(added));
        LayerKernels.RequireEights(pixels);
        return (pixels, projection);
    }

    /// <summary>The kernel for a linear layer on normalised pixels; null if normalisation and layer have to be computed one after the other.</summary>
    /// <param name="device">The device.</param>
    /// <param name="x">The pixels.</param>
    /// <param name="weights">The layer.</param>
    public static Kernel<Float16FeedForwardKernels.ConvolveNormalizedFloat16.Arguments>? KernelFor(GpuDevice device, in Tensor x, NormalizedWeights weights)
    {
        ConvolutionWeights layer = weights.Layer;
        Kernel<Float16FeedForwardKernels.ConvolveNormalizedFloat16.Arguments> kernel = x.Channels <= Warpgroups128x64.ColumnCount
            ? Float16FeedForwardKernels.ConvolveNormalizedFloat16.Warpgroups128x64
            : Float16FeedForwardKernels.ConvolveNormalizedFloat16.Warpgroups128x192;
        bool fits = x.ElementType == ElementType.Float16 && layer.ElementType == ElementType.Float16
            && layer.InputChannels == x.Channels && x.Channels <= Warpgroups128x192.ColumnCount;
        return fits && device.Supports(kernel) ? kernel : null;
    }

    public static void Run(GpuDevice device, in Tensor x, in FeedForwardPart network, (Tensor Pixels, ConvolutionWeights Weights)? added)
    {
        LayerKernels.RequireEights(x);
        (Tensor shift, Tensor bias) = VectorsOf(device, x, network);
        (Tensor pixels, ConvolutionWeights projection) = AddedTo(device, x, network, added);
        device.Launch(
            Float16FeedForwardKernels.FeedForwardFloat16.Warpgroups128x192, new WorkSize(LayerKernels.DivideUp(x.Pixels, Float16RowsShape.Rows)), new()
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
                Pixels = x.Pixels,
                Channels = x.Channels,
                CountedChannels = network.First.Gamma.Channels,
                Hidden = network.First.Layer.OutputChannels,
                Epsilon = LayerNorm.Epsilon,
            });
    }

    public static void Run(
        GpuDevice device,
        Kernel<Float16FeedForwardKernels.ConvolveNormalizedFloat16.Arguments> kernel,
        in Tensor x,
        NormalizedWeights weights,
        in Tensor y)
    {
        LayerKernels.RequireEights(x);
        LayerKernels.RequireEights(y);
        ConvolutionWeights layer = weights.Layer;
        SameDevice.Require(device, layer.Device, nameof(weights));
        SameDevice.Require(device, y, nameof(y));
        bool isNarrow = kernel == Float16FeedForwardKernels.ConvolveNormalizedFloat16.Warpgroups128x64;
        int rowTiles = LayerKernels.DivideUp(x.Pixels, Float16RowsShape.Rows);
        int columnTiles = LayerKernels.DivideUp(layer.OutputChannels, isNarrow ? Warpgroups128x64.ColumnCount : Warpgroups128x192.ColumnCount);
        int tiles = TilesOfGroup(rowTiles, columnTiles, (isNarrow ? Warpgroups128x64.GroupsPerProcessor : Warpgroups128x192.GroupsPerProcessor) * device.ProcessorCount);
        long groups = (long)rowTiles * LayerKernels.DivideUp(columnTiles, tiles);
        device.Launch(kernel, new WorkSize(checked((int)groups)), new()
        {
            X = x.ViewAs<short>(),
            XPitch = x.Pitch,
            Weights = new(layer.Packed),
            Bias = layer.Bias.View,
            RowSums = weights.RowSums!.Value.View,
            Y = y.ViewAs<short>(),
            YPitch = y.Pitch,
            Pixels = x.Pixels,
            Channels = x.Channels,
            CountedChannels = weights.Gamma.Channels,
            Outputs = layer.OutputChannels,
            Tiles = tiles,
            Epsilon = LayerNorm.Epsilon,
        });
    }

    // All tiles of a row take least work in all, but may leave processors without any.
    private static int TilesOfGroup(int rowTiles, int columnTiles, int groupsAtOnce)
    {
        // What reading and normalising the pixels takes, in tiles.
        const double Beginning = 1.3;
        int best = 1;
        double least = double.MaxValue;
        for (int tiles = 1; tiles <= columnTiles; tiles++)
        {
            long groups = (long)rowTiles * LayerKernels.DivideUp(columnTiles, tiles);
            double time = Math.Ceiling((double)groups / groupsAtOnce) * (Beginning + tiles);
            if (time < least)
                (best, least) = (tiles, time);
        }

        return best;
    }
}
