using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Layers;

/// <summary>The last layers of the decoder: from the feature vector of a cell of the grid to a Gaussian.</summary>
internal static class GaussianHeads
{
    /// <summary>The multiply-adds of a cell.</summary>
    /// <param name="channels">C.</param>
    public static double MultiplyAddsPerCell(int channels) =>
        GaussianHeadsWeights.HeadCount * 5.0 * channels * channels + 4.0 * channels * GaussianFormat.Raw.PublishedColumns;

    /// <summary>Bytes of scratch memory that a thread of the processor takes.</summary>
    /// <param name="channels">C.</param>
    public static long ThreadBytes(int channels) => GaussianHeadsCpu.ThreadBytes(channels);

    /// <summary>The floats of the arena that computing cells takes at most.</summary>
    /// <param name="device">The device.</param>
    /// <param name="cells">How many cells.</param>
    /// <param name="channels">C.</param>
    public static long WorkingFloats(Device device, long cells, int channels) => device is GpuDevice gpu ? GaussianHeadsGpu.WorkingFloats(gpu, cells, channels) : 0;

    /// <summary>
    /// Computes raw Gaussians in the published order: sigma0, sigma1, rho, alpha, r, g, b, mean x, mean y. The means are the
    /// network's output divided by the grid's width and height, plus the centre of the cell, with the whole image as [0, 1].
    /// Two more values hold what float32 leaves out of mean x and mean y: the sums are exact to about 1e-9.
    /// </summary>
    /// <param name="x">[rows, columns, channels], of the weights' element type.</param>
    /// <param name="weights">The five networks.</param>
    /// <param name="y">[rows, columns, 11].</param>
    /// <param name="placement">Where this block of cells stands.</param>
    /// <param name="arena">Memory for the values between the layers; inside a scope.</param>
    /// <exception cref="ArgumentException">The shapes or devices do not fit together.</exception>
    public static void Run(in Tensor x, GaussianHeadsWeights weights, in Tensor y, in GridPlacement placement, Arena arena)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(arena);
        if (x.Channels != weights.Channels || y.Height != x.Height || y.Width != x.Width || y.Channels != GaussianFormat.Raw.Columns)
            throw new ArgumentException($"Gaussian heads of {weights.Channels} channels cannot turn {x} into {y}.");
        if (placement.RowCentres.Channels != y.Height || placement.ColumnCentres.Channels != y.Width
            || y.Height > placement.GridHeight || y.Width > placement.GridWidth)
        {
            throw new ArgumentException($"{placement} is not the placement of a block of {y}.", nameof(placement));
        }

        x.Require(weights.ElementType);
        SameDevice.Require(y.Device, x, nameof(x));
        SameDevice.Require(y.Device, weights.First.Device, nameof(weights));
        SameDevice.Require(y.Device, placement.RowCentres, nameof(placement));
        SameDevice.Require(y.Device, placement.ColumnCentres, nameof(placement));
        SameDevice.Require(y.Device, arena.Device, nameof(arena));

        switch (y.Device)
        {
            case CpuDevice cpu:
                GaussianHeadsCpu.Run(cpu, x, weights, y, placement);
                break;
            case GpuDevice gpu when x.ElementType == ElementType.Float16:
                Float16GaussianHeadsGpu.Run(gpu, x, weights, y, placement, arena);
                break;
            case GpuDevice gpu:
                GaussianHeadsGpu.Run(gpu, x, weights, y, placement, arena);
                break;
            default:
                throw new NotSupportedException($"{y.Device.Name} has no Gaussian heads.");
        }
    }
}
