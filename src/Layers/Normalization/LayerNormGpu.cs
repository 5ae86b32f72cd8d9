using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary><see cref="LayerNorm"/> on GPUs.</summary>
internal static class LayerNormGpu
{
    public static void Run(
        GpuDevice device, in Tensor x, in Tensor gamma, in Tensor beta, in Tensor y, in Tensor? shift, in Tensor? windowTable)
    {
        Tensor table = windowTable ?? x;
        bool aligned = LayerKernels.IsAligned(x) && LayerKernels.IsAligned(y) && LayerKernels.IsAligned(table)
            && IsAlignedVector(gamma) && IsAlignedVector(beta) && IsAlignedVector(shift ?? gamma);
        var groups = new WorkSize(LayerKernels.DivideUp(x.Pixels, NormalizationShape.PixelsOfGroup));
        device.Launch(NormalizationKernels.NormalizePixels.Kernel, groups, new()
        {
            X = x.View,
            XPitch = x.Pitch,
            Gamma = gamma.View,
            Beta = beta.View,
            Y = y.View,
            YPitch = y.Pitch,
            Shift = (shift ?? x).View,
            HasShift = shift is null ? 0 : 1,
            Table = table.View,
            TablePitch = table.Pitch,
            HasTable = windowTable is null ? 0 : 1,
            TableHeight = table.Height,
            TableWidth = table.Width,
            Pixels = x.Pixels,
            Width = x.Width,
            Channels = x.Channels,
            Epsilon = LayerNorm.Epsilon,
            Aligned = aligned ? 1 : 0,
        });
    }

    public static void RunFloat16(
        GpuDevice device, in Tensor x, in Tensor gamma, in Tensor beta, in Tensor y, in Tensor? shift, in Tensor? windowTable)
    {
        RequireFloat16(x, y);
        Tensor filledGamma = Filled(gamma, x);
        Tensor filledBeta = Filled(beta, x);
        Tensor added = shift ?? filledGamma;
        Tensor table = windowTable ?? filledGamma;
        LayerKernels.RequireFours(added.Reshape(pitch: added.Channels));
        LayerKernels.RequireFours(table);
        var groups = new WorkSize(LayerKernels.DivideUp(x.Pixels, Float16NormalizationShape.PixelsOfGroup));
        device.Launch(Float16NormalizationKernels.NormalizeFloat16.Kernel, groups, new()
        {
            X = x.ViewAs<short>(),
            XPitch = x.Pitch,
            Gamma = filledGamma.View,
            Beta = filledBeta.View,
            Y = y.ViewAs<short>(),
            YPitch = y.Pitch,
            Shift = added.View,
            HasShift = shift is null ? 0 : 1,
            Table = table.View,
            TablePitch = table.Pitch,
            HasTable = windowTable is null ? 0 : 1,
            TableHeight = table.Height,
            TableWidth = table.Width,
            Pixels = x.Pixels,
            Width = x.Width,
            Channels = x.Channels,
            CountedChannels = gamma.Channels,
            Epsilon = LayerNorm.Epsilon,
        });
    }

    /// <summary>Throws unless the kernels of float16 can normalise x into y.</summary>
    /// <param name="x">The pixels.</param>
    /// <param name="y">The result.</param>
    /// <exception cref="ArgumentException">They cannot.</exception>
    public static void RequireFloat16(in Tensor x, in Tensor y)
    {
        LayerKernels.RequireEights(x);
        LayerKernels.RequireEights(y);
        if (x.Channels > Float16NormalizationShape.MostChannels)
        {
            throw new ArgumentException(
                $"A layer normalisation of float16 takes up to {Float16NormalizationShape.MostChannels} channels, not {x.Channels}.", nameof(x));
        }
    }

    /// <summary>A vector with the zeros behind it that fill up eights, for the channels of pixels of float16.</summary>
    /// <param name="vector">The vector.</param>
    /// <param name="x">The pixels.</param>
    public static Tensor Filled(in Tensor vector, in Tensor x)
    {
        Tensor filled = vector.Reshape(channels: x.Channels);
        LayerKernels.RequireFours(filled.Reshape(pitch: x.Channels));
        return filled;
    }

    private static bool IsAlignedVector(in Tensor vector) => vector.Offset % 4 == 0 && vector.Channels % 4 == 0;
}
