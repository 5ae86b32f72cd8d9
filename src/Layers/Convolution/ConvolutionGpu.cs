using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary><see cref="Convolution"/> on GPUs: a tiled matrix product (convolution.cl).</summary>
internal static class ConvolutionGpu
{
    // Channels are multiplied in steps of this many; weights of channels added to fill the last step are zero.
    private const int DepthStep = 8;

    // The last of them runs on every device; the others want more local memory.
    // Groups that a multiprocessor of NVIDIA hardware runs side by side, and the time of a multiplication compared with the
    // best tile's, measured on an H200.
    private static readonly Tile[] s_tiles =
    [
        new(LayerKernels.Library["convolution-128x128", "convolve"], 128, 128, 2, 1.0),
        new(LayerKernels.Library["convolution-128x96", "convolve"], 128, 96, 2, 1.1),
        new(LayerKernels.Library["convolution-128x64", "convolve"], 128, 64, 4, 1.1),
        new(LayerKernels.Library["convolution-64x64", "convolve"], 64, 64, 6, 1.15),
    ];

    private static readonly Tile s_unalignedTile = new(LayerKernels.Library["convolution-unaligned", "convolve"], 64, 64, 6, 1);

    /// <summary>
    /// Packs weights: [taps][input channels, filled up to steps of the depth][output channels, filled up to whole float4s].
    /// </summary>
    /// <param name="device">The device that will use them.</param>
    /// <param name="weight">[outputChannels][taps][inputChannels].</param>
    /// <param name="inputChannels">Channels of the input.</param>
    /// <param name="outputChannels">Channels of the product.</param>
    /// <param name="taps">Pixels of the neighbourhood.</param>
    public static DeviceBuffer Pack(GpuDevice device, ReadOnlySpan<float> weight, int inputChannels, int outputChannels, int taps)
    {
        int steps = LayerKernels.DivideUp(inputChannels, DepthStep);
        int pitch = LayerKernels.DivideUp(outputChannels, 4) * 4;
        var packed = new float[checked(taps * steps * DepthStep * pitch)];
        for (int n = 0; n < outputChannels; n++)
        {
            for (int tap = 0; tap < taps; tap++)
            {
                ReadOnlySpan<float> source = weight.Slice((n * taps + tap) * inputChannels, inputChannels);
                int target = tap * steps * DepthStep * pitch + n;
                for (int channel = 0; channel < inputChannels; channel++)
                    packed[target + channel * pitch] = source[channel];
            }
        }

        DeviceBuffer buffer = device.Allocate((long)packed.Length * sizeof(float));
        buffer.Upload<float>(packed, 0);
        return buffer;
    }

    public static void Run(GpuDevice device, in ConvolutionArguments arguments)
    {
        ConvolutionWeights weights = arguments.Weights;
        Tensor x = arguments.X;
        int pixels = checked(arguments.Rows * arguments.Columns);
        if (LayerKernels.Aligned(x) == 0)
        {
            Launch(device, arguments, s_unalignedTile, 0, pixels);
            return;
        }

        ConvolutionPlan plan = Plan(device, pixels, weights.OutputChannels);
        if (plan.Pixels > 0)
            Launch(device, arguments, plan.Main, 0, plan.Pixels);
        if (plan.Pixels < pixels)
            Launch(device, arguments, plan.Rest, plan.Pixels, pixels);
    }

    private static void Launch(GpuDevice device, in ConvolutionArguments arguments, Tile tile, int firstPixel, int endPixel)
    {
        ConvolutionWeights weights = arguments.Weights;
        Tensor x = arguments.X;
        Tensor y = arguments.Y;
        Tensor residual = arguments.Residual ?? y;
        KernelArguments launch = new KernelArguments()
            .Add(x)
            .Add(x.Height)
            .Add(x.Width)
            .Add(weights.InputChannels)
            .Add(weights.KernelSize * weights.KernelSize)
            .Add(weights.Packed);
        launch.AddVector(arguments.Bias, y);
        launch
            .Add(residual)
            .Add(arguments.Residual is null ? 0 : 1)
            .Add(y)
            .Add(arguments.FirstRow)
            .Add(arguments.FirstColumn)
            .Add(arguments.Columns)
            .Add(firstPixel)
            .Add(endPixel)
            .Add(weights.OutputChannels)
            .Add(weights.PixelShuffle ? y.Channels : 0)
            .Add(LayerKernels.Aligned(y) & LayerKernels.Aligned(residual))
            .Add((int)arguments.Activation);
        device.Launch(device.GetKernel(tile.Kernel), new WorkSize((int)tile.Groups(endPixel - firstPixel, weights.OutputChannels)), launch);
    }

    // The device works through the groups in waves. A last wave that is nearly empty takes almost as long as a full one, so the
    // tile is chosen by waves, and the pixels past the last full wave may be left to another launch with smaller tiles.
    private static ConvolutionPlan Plan(GpuDevice device, int pixels, int channels)
    {
        int processors = device.ProcessorCount;
        ConvolutionPlan best = default;
        double bestTime = double.PositiveInfinity;
        foreach (Tile tile in s_tiles)
        {
            if (!device.Supports(tile.Kernel.Module))
                continue;
            double time = tile.Time(processors, pixels, channels);
            if (time < bestTime)
                (best, bestTime) = (new ConvolutionPlan(tile, pixels, tile), time);

            int mainPixels = tile.PixelsInFullWaves(processors, pixels, channels);
            if (mainPixels == 0 || mainPixels == pixels)
                continue;
            foreach (Tile rest in s_tiles)
            {
                if (!device.Supports(rest.Kernel.Module))
                    continue;
                time = tile.Time(processors, mainPixels, channels) + rest.Time(processors, pixels - mainPixels, channels) + Tile.LaunchTime;
                if (time < bestTime)
                    (best, bestTime) = (new ConvolutionPlan(tile, mainPixels, rest), time);
            }
        }

        return best;
    }

    /// <summary>Which tiles compute which pixels.</summary>
    /// <param name="Main">The tile of the first pixels.</param>
    /// <param name="Pixels">How many those are.</param>
    /// <param name="Rest">The tile of the others.</param>
    private readonly record struct ConvolutionPlan(Tile Main, int Pixels, Tile Rest);

    /// <summary>One of the kernels.</summary>
    /// <param name="Kernel">The kernel.</param>
    /// <param name="Rows">Pixels that a group computes.</param>
    /// <param name="Columns">Channels that a group computes.</param>
    /// <param name="GroupsPerProcessor">Groups that a processor runs side by side.</param>
    /// <param name="RelativeTime">Time for a multiplication, compared with the best tile's.</param>
    private sealed record Tile(KernelId Kernel, int Rows, int Columns, int GroupsPerProcessor, double RelativeTime)
    {
        /// <summary>What another launch costs, in the unit of <see cref="Time"/>.</summary>
        public const double LaunchTime = 2000;

        // Of the time of a full wave, what a wave takes however few its groups are.
        private const double LeastWave = 0.6;

        private double WaveTime => GroupsPerProcessor * Rows * Columns * RelativeTime;

        public long Groups(int pixels, int channels) =>
            (long)LayerKernels.DivideUp(pixels, Rows) * LayerKernels.DivideUp(channels, Columns);

        /// <summary>The time for a product, in multiply-adds that a processor does for each step of the depth.</summary>
        public double Time(int processors, int pixels, int channels)
        {
            double waves = (double)Groups(pixels, channels) / (processors * GroupsPerProcessor);
            double last = waves - Math.Floor(waves);
            return WaveTime * (Math.Floor(waves) + (last > 0 ? LeastWave + (1 - LeastWave) * last : 0));
        }

        /// <summary>The pixels whose groups fill whole waves.</summary>
        public int PixelsInFullWaves(int processors, int pixels, int channels)
        {
            int columnTiles = LayerKernels.DivideUp(channels, Columns);
            int wave = processors * GroupsPerProcessor;
            long rowTiles = Groups(pixels, channels) / wave * wave / columnTiles;
            return (int)Math.Min(rowTiles * Rows, pixels);
        }
    }
}
