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
        ConvolutionWeights first,
        Activation activation,
        ConvolutionWeights second,
        (Tensor Pixels, ConvolutionWeights Weights)? added)
    {
        int channels = x.Channels;
        bool fits = x.ElementType == ElementType.Float16 && first.ElementType == ElementType.Float16 && second.ElementType == ElementType.Float16
            && first.KernelSize == 1 && second.KernelSize == 1
            && first.InputChannels == channels && second.OutputChannels == channels && first.OutputChannels == second.InputChannels;
        int most = Math.Max(channels, first.OutputChannels);
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
    public static Kernel<Float16FeedForwardKernels.ConvolveNormalizedFloat16.Arguments>? KernelFor(GpuDevice device, in Tensor x, ConvolutionWeights weights)
    {
        Kernel<Float16FeedForwardKernels.ConvolveNormalizedFloat16.Arguments> kernel = x.Channels <= Warpgroups128x64.ColumnCount
            ? Float16FeedForwardKernels.ConvolveNormalizedFloat16.Warpgroups128x64
            : Float16FeedForwardKernels.ConvolveNormalizedFloat16.Warpgroups128x192;
        bool fits = x.ElementType == ElementType.Float16 && weights.ElementType == ElementType.Float16
            && weights.KernelSize == 1 && !weights.PixelShuffle && weights.InputChannels == x.Channels && x.Channels <= Warpgroups128x192.ColumnCount;
        return fits && device.Supports(kernel) ? kernel : null;
    }

    public static void Run(
        GpuDevice device,
        Kernel<Float16FeedForwardKernels.FeedForwardFloat16.Arguments> kernel,
        in Tensor x,
        in Tensor gamma,
        in Tensor beta,
        ConvolutionWeights first,
        ConvolutionWeights second,
        in Tensor? shift,
        in Tensor bias,
        (Tensor Pixels, ConvolutionWeights Weights)? added)
    {
        LayerKernels.RequireEights(x);
        Tensor filledGamma = LayerNormGpu.Filled(gamma, x);
        Tensor filledBeta = LayerNormGpu.Filled(beta, x);
        Tensor shifted = shift ?? filledGamma;
        if (shifted.Channels != x.Channels || bias.Channels != x.Channels)
            throw new ArgumentException($"A shift of {shifted} and a bias of {bias} do not fit {x}.");
        (Tensor pixels, ConvolutionWeights projection) = added ?? (x, second);
        SameDevice.Require(device, filledGamma, nameof(gamma));
        SameDevice.Require(device, filledBeta, nameof(beta));
        SameDevice.Require(device, first.Device, nameof(first));
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
            Gamma = filledGamma.View,
            Beta = filledBeta.View,
            Shift = shifted.View,
            HasShift = shift is null ? 0 : 1,
            First = new(first.Packed),
            FirstBias = first.Bias.View,
            Second = new(second.Packed),
            SecondBias = bias.View,
            Pixels = x.Pixels,
            Channels = x.Channels,
            CountedChannels = gamma.Channels,
            Hidden = first.OutputChannels,
            Epsilon = LayerNorm.Epsilon,
        });
    }

    public static void Run(
        GpuDevice device,
        Kernel<Float16FeedForwardKernels.ConvolveNormalizedFloat16.Arguments> kernel,
        in Tensor x,
        in Tensor gamma,
        in Tensor beta,
        ConvolutionWeights weights,
        in Tensor y)
    {
        LayerKernels.RequireEights(x);
        LayerKernels.RequireEights(y);
        Tensor filledGamma = LayerNormGpu.Filled(gamma, x);
        Tensor filledBeta = LayerNormGpu.Filled(beta, x);
        SameDevice.Require(device, filledGamma, nameof(gamma));
        SameDevice.Require(device, filledBeta, nameof(beta));
        SameDevice.Require(device, weights.Device, nameof(weights));
        SameDevice.Require(device, y, nameof(y));
        bool isNarrow = kernel == Float16FeedForwardKernels.ConvolveNormalizedFloat16.Warpgroups128x64;
        int rowTiles = LayerKernels.DivideUp(x.Pixels, Float16RowsShape.Rows);
        int columnTiles = LayerKernels.DivideUp(weights.OutputChannels, isNarrow ? Warpgroups128x64.ColumnCount : Warpgroups128x192.ColumnCount);
        int tiles = TilesOfGroup(rowTiles, columnTiles, (isNarrow ? Warpgroups128x64.GroupsPerProcessor : Warpgroups128x192.GroupsPerProcessor) * device.ProcessorCount);
        long groups = (long)rowTiles * LayerKernels.DivideUp(columnTiles, tiles);
        device.Launch(kernel, new WorkSize(checked((int)groups)), new()
        {
            X = x.ViewAs<short>(),
            XPitch = x.Pitch,
            Gamma = filledGamma.View,
            Beta = filledBeta.View,
            Weights = new(weights.Packed),
            Bias = weights.Bias.View,
            Y = y.ViewAs<short>(),
            YPitch = y.Pitch,
            Pixels = x.Pixels,
            Channels = x.Channels,
            CountedChannels = gamma.Channels,
            Outputs = weights.OutputChannels,
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
