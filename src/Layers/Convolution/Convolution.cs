using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Layers;

/// <summary>Linear layers, 1x1 and 3x3 convolutions with stride 1: one matrix product with different ways to fetch a row.</summary>
internal static class Convolution
{
    /// <summary>The multiply-adds of a pixel.</summary>
    /// <param name="inputChannels">Channels of the input.</param>
    /// <param name="outputChannels">Channels of the product.</param>
    /// <param name="kernelSize">1 or 3.</param>
    public static double MultiplyAddsPerPixel(int inputChannels, int outputChannels, int kernelSize) =>
        (double)kernelSize * kernelSize * inputChannels * outputChannels;

    /// <summary>The most bytes of scratch memory that a thread of the processor takes.</summary>
    /// <param name="inputChannels">Channels of the input.</param>
    /// <param name="outputChannels">Channels of the product.</param>
    /// <param name="kernelSize">1 or 3.</param>
    public static long ThreadBytes(int inputChannels, int outputChannels, int kernelSize) =>
        Winograd.IsUsedFor(inputChannels, outputChannels, kernelSize) ? WinogradCpu.ThreadBytes(inputChannels) : ConvolutionCpu.ThreadBytes(inputChannels, kernelSize);

    /// <summary>
    /// y = activation(x * weights + bias) + residual. Channels of <paramref name="x"/> and <paramref name="y"/> may be
    /// slices of wider tensors; y may overlap neither x nor another pixel's residual.
    /// </summary>
    /// <param name="x">[height, width, InputChannels].</param>
    /// <param name="weights">The packed weights.</param>
    /// <param name="y">
    /// [rows, columns, OutputChannels] or, with a pixel shuffle, [2 * rows, 2 * columns, OutputChannels / 4]: the output for
    /// that many rows and columns of the input from (<paramref name="firstRow"/>, <paramref name="firstColumn"/>) on. Pixels
    /// outside that rectangle still serve as neighbours.
    /// </param>
    /// <param name="activation">Applied after the bias, before the residual.</param>
    /// <param name="residual">Of the shape of <paramref name="y"/>; may be y itself. Not with a pixel shuffle.</param>
    /// <param name="bias">[1, 1, OutputChannels] in place of the weights' own bias. Not with a pixel shuffle.</param>
    /// <param name="firstRow">The first row of x for which the output is computed.</param>
    /// <param name="firstColumn">The first column of x for which the output is computed.</param>
    /// <exception cref="ArgumentException">The shapes, element types or devices do not fit together.</exception>
    public static void Run(
        in Tensor x,
        ConvolutionWeights weights,
        in Tensor y,
        Activation activation = Activation.None,
        Tensor? residual = null,
        Tensor? bias = null,
        int firstRow = 0,
        int firstColumn = 0) => Run(x, weights, y, activation, residual, bias, firstRow, firstColumn, pixelSums: null);

    /// <summary>y = x * weights + bias, and the sums of the channels of y over its pixels. With float16 both are made on the way.</summary>
    /// <param name="x">[height, width, InputChannels].</param>
    /// <param name="weights">The packed weights, without a pixel shuffle.</param>
    /// <param name="y">[height, width, OutputChannels].</param>
    /// <param name="arena">Memory for the sums; inside a scope.</param>
    /// <returns>The sums in parts, as those of <see cref="ChannelAttention.SumPixels"/>.</returns>
    /// <exception cref="ArgumentException">The shapes, element types or devices do not fit together.</exception>
    public static Tensor RunWithSums(in Tensor x, ConvolutionWeights weights, in Tensor y, Arena arena)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(arena);
        SameDevice.Require(y.Device, arena.Device, nameof(arena));
        if (weights.PixelShuffle)
            throw new ArgumentException("Sums of pixels are not made with a pixel shuffle.", nameof(weights));
        if (y.Device is GpuDevice gpu && weights.ElementType == ElementType.Float16)
        {
            Tensor sums = arena.Allocate(1, Float16ConvolutionGpu.RowTiles(gpu, y, weights), weights.OutputChannels);
            Run(x, weights, y, Activation.None, residual: null, bias: null, firstRow: 0, firstColumn: 0, sums);
            return sums;
        }

        Run(x, weights, y);
        return ChannelAttention.SumPixels(y, arena);
    }

    private static void Run(
        in Tensor x,
        ConvolutionWeights weights,
        in Tensor y,
        Activation activation,
        in Tensor? residual,
        in Tensor? bias,
        int firstRow,
        int firstColumn,
        in Tensor? pixelSums)
    {
        ArgumentNullException.ThrowIfNull(weights);
        int factor = weights.PixelShuffle ? 2 : 1;
        int rows = y.Height / factor;
        int columns = y.Width / factor;
        bool fits = x.Channels == weights.InputChannels
            && y.Channels == weights.OutputChannels / (factor * factor)
            && y.Width == columns * factor && y.Height == rows * factor
            && firstRow >= 0 && firstRow <= x.Height - rows
            && firstColumn >= 0 && firstColumn <= x.Width - columns;
        if (!fits)
        {
            throw new ArgumentException(
                $"A {weights.KernelSize}x{weights.KernelSize} convolution from {weights.InputChannels} to {weights.OutputChannels} channels"
                + $"{(weights.PixelShuffle ? " with pixel shuffle" : "")} cannot turn {x} from pixel ({firstRow}, {firstColumn}) on into {y}.");
        }

        if (residual is Tensor r && (weights.PixelShuffle || !r.HasShapeOf(y)))
            throw new ArgumentException($"A residual of {r} cannot be added to {y}.", nameof(residual));
        if (bias is Tensor b && (weights.PixelShuffle || b.Channels != weights.OutputChannels || b.Pixels != 1))
            throw new ArgumentException($"A bias of {b} does not fit {weights.OutputChannels} channels.", nameof(bias));
        SameDevice.Require(y.Device, x, nameof(x));
        SameDevice.Require(y.Device, weights.Device, nameof(weights));
        SameDevice.Require(y.Device, residual, nameof(residual));
        SameDevice.Require(y.Device, bias, nameof(bias));

        RequireElementType(weights, x, y);
        if (residual is Tensor added)
            RequireElementType(weights, added, y);

        var arguments = new ConvolutionArguments(x, weights, y, activation, residual, bias ?? weights.Bias, firstRow, firstColumn, rows, columns, pixelSums);
        bool winograd = weights.Algorithm == ConvolutionAlgorithm.Winograd;
        switch (y.Device)
        {
            case CpuDevice cpu when winograd:
                WinogradCpu.Run(cpu, arguments);
                break;
            case CpuDevice cpu:
                ConvolutionCpu.Run(cpu, arguments);
                break;
            case GpuDevice gpu when weights.ElementType == ElementType.Float16:
                Float16ConvolutionGpu.Run(gpu, arguments);
                break;
            case GpuDevice gpu when weights.Algorithm == ConvolutionAlgorithm.Split:
                SplitConvolutionGpu.Run(gpu, arguments);
                break;
            case GpuDevice gpu when winograd:
                WinogradGpu.Run(gpu, arguments);
                break;
            case GpuDevice gpu:
                ConvolutionGpu.Run(gpu, arguments);
                break;
            default:
                throw new NotSupportedException($"{y.Device.Name} has no convolution.");
        }
    }

    private static void RequireElementType(ConvolutionWeights weights, in Tensor x, in Tensor y)
    {
        x.Require(weights.ElementType);
        y.Require(weights.ElementType);
    }
}
