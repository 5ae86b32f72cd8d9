using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary><see cref="Convolution"/> on GPUs: a tiled matrix product.</summary>
internal static class ConvolutionGpu
{
    /// <summary>Packs weights: [taps][input channels, padded to steps of the depth][output channels, padded to whole float4s].</summary>
    /// <param name="device">The device that will use them.</param>
    /// <param name="weight">[outputChannels][taps][inputChannels].</param>
    /// <param name="inputChannels">Channels of the input.</param>
    /// <param name="outputChannels">Channels of the product.</param>
    /// <param name="taps">Pixels of the neighbourhood.</param>
    public static DeviceBuffer Pack(GpuDevice device, ReadOnlySpan<float> weight, int inputChannels, int outputChannels, int taps)
    {
        int steps = LayerKernels.DivideUp(inputChannels, ProductTiles.Depth);
        int pitch = LayerKernels.DivideUp(outputChannels, 4) * 4;
        var packed = new float[checked(taps * steps * ProductTiles.Depth * pitch)];
        for (int tap = 0; tap < taps; tap++)
        {
            Span<float> target = packed.AsSpan(tap * steps * ProductTiles.Depth * pitch);
            Transposition.Run(weight[(tap * inputChannels)..], taps * inputChannels, outputChannels, inputChannels, target, pitch);
        }

        return LayerKernels.Upload(device, packed);
    }

    public static void Run(GpuDevice device, in ConvolutionArguments arguments)
    {
        int pixels = checked(arguments.Rows * arguments.Columns);
        int channels = arguments.Weights.OutputChannels;
        if (!LayerKernels.IsAligned(arguments.X))
        {
            long groups = (long)LayerKernels.DivideUp(pixels, Tile64x64Unaligned.Rows)
                * LayerKernels.DivideUp(channels, Tile64x64Unaligned.Columns);
            Launch(device, arguments, ConvolutionKernels.Convolve.Tile64x64Unaligned, groups, 0, pixels);
            return;
        }

        ConvolutionPlan plan = Plan(device, pixels, channels);
        if (plan.Pixels > 0)
            Launch(device, arguments, plan.Main.Convolve, plan.Main.Groups(plan.Pixels, channels), 0, plan.Pixels);
        if (plan.Pixels < pixels)
            Launch(device, arguments, plan.Rest.Convolve, plan.Rest.Groups(pixels - plan.Pixels, channels), plan.Pixels, pixels);
    }

    private static void Launch(
        GpuDevice device,
        in ConvolutionArguments arguments,
        Kernel<ConvolutionKernels.Convolve.Arguments> kernel,
        long groups,
        int firstPixel,
        int endPixel)
    {
        ConvolutionWeights weights = arguments.Weights;
        Tensor x = arguments.X;
        Tensor y = arguments.Y;
        Tensor residual = arguments.Residual ?? y;
        device.Launch(kernel, new WorkSize(checked((int)groups)), new()
        {
            X = x.View,
            XPitch = x.Pitch,
            XHeight = x.Height,
            XWidth = x.Width,
            Channels = weights.InputChannels,
            Taps = weights.KernelSize * weights.KernelSize,
            Weights = new(weights.Packed),
            Bias = arguments.Bias.View,
            Residual = residual.View,
            ResidualPitch = residual.Pitch,
            HasResidual = arguments.Residual is null ? 0 : 1,
            Y = y.View,
            YPitch = y.Pitch,
            FirstRow = arguments.FirstRow,
            FirstColumn = arguments.FirstColumn,
            Columns = arguments.Columns,
            FirstPixel = firstPixel,
            EndPixel = endPixel,
            OutputChannels = weights.OutputChannels,
            ShuffledChannels = y.Channels,
            AlignedOutput = LayerKernels.IsAligned(y) && LayerKernels.IsAligned(residual) ? 1 : 0,
            Activation = (int)arguments.Activation,
        });
    }

    // The tile is chosen by waves. The pixels after the last full wave may go to a second launch with smaller tiles.
    private static ConvolutionPlan Plan(GpuDevice device, int pixels, int channels)
    {
        int processors = device.ProcessorCount;
        ConvolutionPlan best = default;
        double bestTime = double.PositiveInfinity;
        foreach (ConvolutionTile tile in ConvolutionTile.All)
        {
            if (!tile.RunsOn(device))
                continue;
            double time = tile.Time(processors, tile.Groups(pixels, channels));
            if (time < bestTime)
                (best, bestTime) = (new ConvolutionPlan(tile, pixels, tile), time);

            int mainPixels = tile.RowsInFullWaves(processors, pixels, channels);
            if (mainPixels == 0 || mainPixels == pixels)
                continue;
            foreach (ConvolutionTile rest in ConvolutionTile.All)
            {
                if (!rest.RunsOn(device))
                    continue;
                time = tile.Time(processors, tile.Groups(mainPixels, channels))
                    + rest.Time(processors, rest.Groups(pixels - mainPixels, channels))
                    + ConvolutionTile.LaunchTime;
                if (time < bestTime)
                    (best, bestTime) = (new ConvolutionPlan(tile, mainPixels, rest), time);
            }
        }

        return best;
    }

    /// <summary>Which tiles compute which pixels.</summary>
    /// <param name="Main">The tile for the first pixels.</param>
    /// <param name="Pixels">How many pixels that are.</param>
    /// <param name="Rest">The tile for the others.</param>
    private readonly record struct ConvolutionPlan(ConvolutionTile Main, int Pixels, ConvolutionTile Rest);
}
