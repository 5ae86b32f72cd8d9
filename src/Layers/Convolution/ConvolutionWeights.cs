using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Layers;

/// <summary>
/// Weights of a linear layer, a 1x1 or a 3x3 convolution, packed once for the device that will use them. A linear layer
/// is a 1x1 convolution: activations are [height, width, channels], so it acts on each pixel alone.
/// </summary>
internal sealed class ConvolutionWeights : IDisposable
{
    private ConvolutionWeights(
        Device device,
        int inputChannels,
        int outputChannels,
        int kernelSize,
        bool pixelShuffle,
        ConvolutionAlgorithm algorithm,
        ElementType elementType,
        DeviceBuffer packed,
        float scale,
        Tensor bias)
    {
        Scale = scale;
        ElementType = elementType;
        Device = device;
        Algorithm = algorithm;
        InputChannels = inputChannels;
        OutputChannels = outputChannels;
        KernelSize = kernelSize;
        PixelShuffle = pixelShuffle;
        Packed = packed;
        Bias = bias;
    }

    /// <summary>The device that holds the weights.</summary>
    public Device Device { get; }

    /// <summary>Channels of the input.</summary>
    public int InputChannels { get; }

    /// <summary>Channels of the product, before a pixel shuffle makes one of every four.</summary>
    public int OutputChannels { get; }

    /// <summary>1 or 3: pixels of the neighbourhood in each direction; outside the image it is zero.</summary>
    public int KernelSize { get; }

    /// <summary>
    /// Whether the output has twice the height and width and a quarter of the channels: product channel
    /// 4 * c + 2 * i + j of pixel (y, x) becomes channel c of pixel (2y + i, 2x + j), as PyTorch's PixelShuffle(2).
    /// The weights are packed in the order (i, j, c), so that each output pixel's channels are neighbours.
    /// </summary>
    public bool PixelShuffle { get; }

    /// <summary>The multiply-adds of a pixel.</summary>
    public double MultiplyAddsPerPixel => Convolution.MultiplyAddsPerPixel(InputChannels, OutputChannels, KernelSize);

    /// <summary>Terms of one dot product.</summary>
    public int Depth => InputChannels * KernelSize * KernelSize;

    /// <summary>How a packed weight is encoded.</summary>
    public ElementType ElementType { get; }

    /// <summary>The algorithm that the weights were packed for.</summary>
    internal ConvolutionAlgorithm Algorithm { get; }

    /// <summary>The weights in the order of the device and the <see cref="Algorithm"/>.</summary>
    internal DeviceBuffer Packed { get; }

    /// <summary>What the packed weights are divided by; 1 except with <see cref="ConvolutionAlgorithm.Split"/>.</summary>
    internal float Scale { get; }

    /// <summary>[1, 1, OutputChannels], in the packed order of the channels; zero where the layer has no bias.</summary>
    internal Tensor Bias { get; }

    /// <summary>Packs weights for a device.</summary>
    /// <param name="device">The device that will use them.</param>
    /// <param name="weight">[outputChannels, inputChannels, kernelSize, kernelSize], as in a PyTorch checkpoint.</param>
    /// <param name="bias">[outputChannels], or empty for none.</param>
    /// <param name="inputChannels">Channels of the input.</param>
    /// <param name="outputChannels">Channels of the product.</param>
    /// <param name="kernelSize">1 or 3.</param>
    /// <param name="pixelShuffle">See <see cref="PixelShuffle"/>; the output channels must be a multiple of four.</param>
    /// <param name="elementType">
    /// float32, or float16 for products on tensor cores: the input, the output and the residual are then float16 too, and the channels of
    /// the input and the output multiples of 8.
    /// </param>
    /// <param name="maySplit">Whether float32 weights may be packed in two parts, where the device has products of them.</param>
    /// <param name="layers">Layers of as many output channels each that lie side by side; packed weights of float16 have each of them filled up to blocks of its own.</param>
    /// <exception cref="ArgumentException">The spans do not have the sizes that the other arguments say.</exception>
    /// <exception cref="NotSupportedException">The device has no products of that element type.</exception>
    public static ConvolutionWeights Create(
        Device device,
        ReadOnlySpan<float> weight,
        ReadOnlySpan<float> bias,
        int inputChannels,
        int outputChannels,
        int kernelSize = 1,
        bool pixelShuffle = false,
        ElementType elementType = ElementType.Float32,
        bool maySplit = true,
        int layers = 1)
    {
        ArgumentNullException.ThrowIfNull(device);
        if (kernelSize is not (1 or 3))
            throw new ArgumentException($"A kernel is 1 or 3 pixels wide, not {kernelSize}.", nameof(kernelSize));
        int depth = checked(inputChannels * kernelSize * kernelSize);
        if (weight.Length != (long)depth * outputChannels)
            throw new ArgumentException($"{weight.Length} weights do not fit {outputChannels} x {inputChannels} x {kernelSize} x {kernelSize}.", nameof(weight));
        if (!bias.IsEmpty && bias.Length != outputChannels)
            throw new ArgumentException($"{bias.Length} biases do not fit {outputChannels} channels.", nameof(bias));
        if (pixelShuffle && outputChannels % 4 != 0)
            throw new ArgumentException($"{outputChannels} channels cannot be shuffled into 2 x 2 pixels.", nameof(pixelShuffle));

        if (elementType == ElementType.Float16 && (inputChannels % 8 != 0 || outputChannels % (pixelShuffle ? 32 : 8) != 0))
            throw new ArgumentException($"Products of float16 take channels by eights; {inputChannels} to {outputChannels} are none.", nameof(elementType));

        var orderedBias = new float[outputChannels];
        for (int n = 0; n < outputChannels && !bias.IsEmpty; n++)
            orderedBias[n] = bias[SourceChannel(n, outputChannels, pixelShuffle)];

        int taps = kernelSize * kernelSize;
        ReadOnlySpan<float> ordered = taps == 1 && !pixelShuffle ? weight : Order(weight, inputChannels, outputChannels, taps, pixelShuffle);
        ConvolutionAlgorithm algorithm = elementType != ElementType.Float32 ? ConvolutionAlgorithm.Product
            : maySplit && SplitConvolutionGpu.IsUsedFor(device, inputChannels, outputChannels) ? ConvolutionAlgorithm.Split
            : Winograd.IsUsedFor(inputChannels, outputChannels, kernelSize) ? ConvolutionAlgorithm.Winograd
            : ConvolutionAlgorithm.Product;
        if (algorithm == ConvolutionAlgorithm.Winograd)
        {
            ordered = Winograd.TransformWeights(ordered, inputChannels, outputChannels);
            taps = Winograd.Planes;
        }

        float scale = 1;
        DeviceBuffer packed = device switch
        {
            GpuDevice gpu when elementType == ElementType.Float16 =>
                Float16ConvolutionGpu.Pack(gpu, ordered, inputChannels, outputChannels, taps, layers),
            _ when elementType != ElementType.Float32 =>
                throw new NotSupportedException($"{device.Name} has no products of {elementType}."),
            GpuDevice gpu when algorithm == ConvolutionAlgorithm.Split =>
                SplitConvolutionGpu.Pack(gpu, ordered, inputChannels, outputChannels, taps, out scale),
            CpuDevice cpu => ConvolutionCpu.Pack(cpu, ordered, outputChannels, taps * inputChannels),
            GpuDevice gpu => ConvolutionGpu.Pack(gpu, ordered, inputChannels, outputChannels, taps),
            _ => throw new NotSupportedException($"{device.Name} cannot hold weights."),
        };
        try
        {
            Tensor uploadedBias = device.Upload(orderedBias, 1, 1, outputChannels);
            return new ConvolutionWeights(
                device, inputChannels, outputChannels, kernelSize, pixelShuffle, algorithm, elementType, packed, scale, uploadedBias);
        }
        catch
        {
            packed.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Packed.Dispose();
        Bias.Buffer.Dispose();
    }

    // [outputChannels, kernelSize, kernelSize, inputChannels]: the order in which a pixel's neighbourhood lies in memory.
    private static float[] Order(ReadOnlySpan<float> weight, int inputChannels, int outputChannels, int taps, bool pixelShuffle)
    {
        int depth = taps * inputChannels;
        float[] ordered = GC.AllocateUninitializedArray<float>(weight.Length);
        for (int n = 0; n < outputChannels; n++)
        {
            int source = SourceChannel(n, outputChannels, pixelShuffle) * depth;
            Transposition.Run(weight.Slice(source, depth), taps, inputChannels, taps, ordered.AsSpan(n * depth, depth), inputChannels);
        }

        return ordered;
    }

    private static int SourceChannel(int packedChannel, int outputChannels, bool pixelShuffle)
    {
        if (!pixelShuffle)
            return packedChannel;
        int quarter = outputChannels / 4;
        return packedChannel % quarter * 4 + packedChannel / quarter;
    }
}
