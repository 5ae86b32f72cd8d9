using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary>The second and third layers of the <see cref="GaussianHeads"/> of float32 on Hopper's tensor cores.</summary>
internal static class SplitGaussianHeadsGpu
{
    /// <summary>Whether there is a kernel for heads of so many channels.</summary>
    /// <param name="channels">Channels of a cell.</param>
    public static bool Supports(int channels) => channels % 4 == 0 && channels <= SplitHeadsShape.MostChannels;

    /// <summary>Computes the Gaussians of a band of cells.</summary>
    /// <param name="device">The device.</param>
    /// <param name="hidden">[1, cells, 5C], the first layer's result.</param>
    /// <param name="weights">The second and third layers.</param>
    /// <param name="y">The block of Gaussians.</param>
    /// <param name="firstCell">The first of these cells in it.</param>
    /// <param name="placement">Where the block stands.</param>
    public static void Finish(
        GpuDevice device, in Tensor hidden, GaussianHeadsGpuWeights weights, in Tensor y, int firstCell, in GridPlacement placement)
    {
        Kernel<SplitHeadsKernels.FinishHeadsSplit.Arguments> kernel = SplitHeadsKernels.FinishHeadsSplit.Kernel;
        int groups = checked(LayerKernels.DivideUp(hidden.Pixels, SplitTiles.Rows) * GaussianHeadsWeights.HeadCount);
        device.Launch(kernel, new WorkSize(groups), new()
        {
            Hidden = hidden.View,
            HiddenPitch = hidden.Pitch,
            Second = new(weights.Second.Packed),
            SecondScale = weights.Second.Scale,
            SecondBias = weights.Second.Bias.View,
            Third = weights.Third.View,
            ThirdBias = weights.ThirdBias.View,
            Y = y.View,
            YPitch = y.Pitch,
            Channels = weights.Second.InputChannels,
            Cells = hidden.Pixels,
            FirstCell = firstCell,
            Width = y.Width,
            GridHeight = placement.GridHeight,
            GridWidth = placement.GridWidth,
            RowCentres = placement.RowCentres.View,
            ColumnCentres = placement.ColumnCentres.View,
        });
    }
}
