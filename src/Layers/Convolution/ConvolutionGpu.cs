using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary><see cref="Convolution"/> on GPUs: a tiled matrix product (convolution.cl).</summary>
internal static class ConvolutionGpu
{
    // Channels are multiplied in steps of this many; weights of channels added to fill the last step are zero.
    private const int DepthStep = 8;

    // Fewer groups than this leave much of a large device idle; smaller tiles make more of them.
    private const int WantedGroups = 256;

    private static readonly Tile[] s_tiles =
    [
        new(LayerKernels.Library["convolution-128x128", "convolve"], 128, 128, 1.0),
        new(LayerKernels.Library["convolution-128x96", "convolve"], 128, 96, 1.02),
        new(LayerKernels.Library["convolution-64x64", "convolve"], 64, 64, 1.2),
    ];

    private static readonly Tile s_unalignedTile = new(LayerKernels.Library["convolution-unaligned", "convolve"], 64, 64, 1);

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
        Tensor y = arguments.Y;
        Tensor residual = arguments.Residual ?? y;
        int pixels = checked(arguments.Rows * arguments.Columns);
        Tile tile = LayerKernels.Aligned(x) == 1 ? Choose(pixels, weights.OutputChannels) : s_unalignedTile;

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
            .Add(arguments.Rows)
            .Add(arguments.Columns)
            .Add(weights.OutputChannels)
            .Add(weights.PixelShuffle ? y.Channels : 0)
            .Add(LayerKernels.Aligned(y) & LayerKernels.Aligned(residual))
            .Add((int)arguments.Activation);
        device.Launch(device.GetKernel(tile.Kernel), new WorkSize((int)tile.Groups(pixels, weights.OutputChannels)), launch);
    }

    // The tiles that waste the fewest multiplications past the edges of the product, and fill the device.
    private static Tile Choose(int pixels, int channels)
    {
        Tile best = s_tiles[^1];
        foreach (Tile tile in s_tiles)
        {
            if (tile.Groups(pixels, channels) >= WantedGroups && tile.Cost(pixels, channels) < best.Cost(pixels, channels))
                best = tile;
        }

        return best;
    }

    /// <summary>One of the kernels.</summary>
    /// <param name="Kernel">The kernel.</param>
    /// <param name="Rows">Pixels that a group computes.</param>
    /// <param name="Columns">Channels that a group computes.</param>
    /// <param name="RelativeTime">Time for a multiplication, compared with the best tile's.</param>
    private sealed record Tile(KernelId Kernel, int Rows, int Columns, double RelativeTime)
    {
        public long Groups(int pixels, int channels) =>
            (long)LayerKernels.DivideUp(pixels, Rows) * LayerKernels.DivideUp(channels, Columns);

        public double Cost(int pixels, int channels) => Groups(pixels, channels) * (double)(Rows * Columns) * RelativeTime;
    }
}
