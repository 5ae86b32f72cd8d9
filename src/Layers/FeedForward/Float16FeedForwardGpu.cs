using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary><see cref="FeedForwardNetwork"/> of float16 in one kernel, on Hopper.</summary>
internal static class Float16FeedForwardGpu
{
    /// <summary>The kernel for a network; null if it has to be computed layer by layer.</summary>
    /// <param name="device">The device.</param>
    /// <param name="x">The pixels.</param>
    /// <param name="first">The first layer.</param>
    /// <param name="activation">The function between the layers.</param>
    /// <param name="second">The second layer.</param>
    /// <param name="added">What is added to the pixels before; null for nothing.</param>
    public static Kernel<Float16FeedForwardKernels.FeedForwardFloat16.Arguments>? KernelFor(
        GpuDevice device,
        in Tensor x,
        NormalizedWeights first,
        Activation activation,
        ConvolutionWeights second,
        (Tensor Pixels, ConvolutionWeights Weights)? added)
    {
        int channels = x.Channels;
        ConvolutionWeights layer = first.Layer;
        bool fits = x.ElementType == ElementType.Float16 && layer.ElementType == ElementType.Float16 && second.ElementType == ElementType.Float16
            && second.KernelSize == 1
            && layer.InputChannels == channels && second.OutputChannels == channels && layer.OutputChannels == second.InputChannels;
        int most = Math.Max(channels, layer.OutputChannels);
        if (added is var (pixels, projection))
        {
            fits &= pixels.ElementType == ElementType.Float16 && projection.ElementType == ElementType.Float16 && projection.KernelSize == 1
                && !projection.PixelShuffle && projection.InputChannels == pixels.Channels && projection.OutputChannels == channels
                && pixels.Height == x.Height && pixels.Width == x.Width;
            most = Math.Max(most, pixels.Channels);
        }

        Kernel<Float16FeedForwardKernels.FeedForwardFloat16.Arguments> kernel = most <= Warpgroups128x64.ColumnCount
            ? Float16FeedForwardKernels.FeedForwardFloat16.Warpgroups128x64
            : Float16FeedForwardKernels.FeedForwardFloat16.Warpgroups128x192;
        return fits && activation == Activation.Relu && most <= Warpgroups128x192.ColumnCount && device.Supports(kernel)
            ? kernel
            : null;
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

    public static void Run(
        GpuDevice device,
        Kernel<Float16FeedForwardKernels.FeedForwardFloat16.Arguments> kernel,
        in Tensor x,
        NormalizedWeights first,
        ConvolutionWeights second,
        in Tensor? shift,
        in Tensor bias,
        (Tensor Pixels, ConvolutionWeights Weights)? added)
    {
        LayerKernels.RequireEights(x);
        Tensor rowSums = first.RowSums!.Value;
        Tensor shifted = shift ?? bias;
        if (shifted.Channels != x.Channels || bias.Channels != x.Channels)
            throw new ArgumentException($"A shift of {shifted} and a bias of {bias} do not fit {x}.");
        (Tensor pixels, ConvolutionWeights projection) = added ?? (x, second);
        SameDevice.Require(device, first.Layer.Device, nameof(first));
        SameDevice.Require(device, second.Device, nameof(second));
        SameDevice.Require(device, shifted, nameof(shift));
        SameDevice.Require(device, bias, nameof(bias));
        SameDevice.Require(device, pixels, nameof(added));
        SameDevice.Require(device, projection.Device, nameof(added));
        LayerKernels.RequireEights(pixels);
        LayerKernels.RequireFours(shifted.Reshape(pitch: shifted.Channels));
        LayerKernels.RequireFours(bias.Reshape(pitch: bias.Channels));
        device.Launch(kernel, new WorkSize(LayerKernels.DivideUp(x.Pixels, Float16RowsShape.Rows)), new()
        {
            Y = x.ViewAs<short>(),
            YPitch = x.Pitch,
            Added = pixels.ViewAs<short>(),
            AddedPitch = pixels.Pitch,
            AddedChannels = added is null ? 0 : pixels.Channels,
            Projection = new(projection.Packed),
            ProjectionBias = projection.Bias.View,
            Shift = shifted.View,
            HasShift = shift is null ? 0 : 1,
            First = new(first.Layer.Packed),
            FirstBias = first.Layer.Bias.View,
            FirstSums = rowSums.View,
            Second = new(second.Packed),
            SecondBias = bias.View,
            Pixels = x.Pixels,
            Channels = x.Channels,
            CountedChannels = first.Gamma.Channels,
            Hidden = first.Layer.OutputChannels,
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
