using System.Numerics.Tensors;

namespace Gsasr.Layers;

/// <summary>
/// What the processor and GPUs share for 3x3 <see cref="Convolution"/>s by Winograd's minimal filtering F(2x2, 3x3) (Lavin and Gray, arXiv
/// 1509.09308): 16 multiplications in place of 36 for 2 x 2 output pixels. A patch d of 4 x 4 input pixels becomes the 16 values B^T d B.
/// Each of them is multiplied with its own matrix of weights, [channels, outputChannels]. The 16 results m become the 2 x 2 output pixels
/// A^T m A. The sums run over the channels alone, so they round no worse than those of a direct convolution.
/// </summary>
/// <remarks>
/// <code>
///     B^T = | 1  0 -1  0 |    A^T = | 1  1  1  0 |    G = |  1    0    0  |
///           | 0  1  1  0 |          | 0  1 -1 -1 |        | 1/2  1/2  1/2 |
///           | 0 -1  1  0 |                                | 1/2 -1/2  1/2 |
///           | 0  1  0 -1 |                                |  0    0    1  |
/// </code>
/// </remarks>
internal static class Winograd
{
    /// <summary>Values of a patch, and matrices of weights.</summary>
    public const int Planes = 16;

    // With fewer channels a GPU's transformations cost more than they save in multiplications. A processor gains from 16 channels on,
    // but no model has layers of 16 to 47 channels.
    private const int LeastChannels = 48;

    /// <summary>Whether a convolution is computed this way.</summary>
    /// <param name="inputChannels">Channels of the input.</param>
    /// <param name="outputChannels">Channels of the product.</param>
    /// <param name="kernelSize">Pixels of the neighbourhood in each direction.</param>
    public static bool IsUsedFor(int inputChannels, int outputChannels, int kernelSize) =>
        kernelSize == 3 && inputChannels >= LeastChannels && outputChannels >= LeastChannels;

    /// <summary>Transforms weights: G g G^T, in double precision.</summary>
    /// <param name="weight">[outputChannels][9][inputChannels].</param>
    /// <param name="inputChannels">Channels of the input.</param>
    /// <param name="outputChannels">Channels of the product.</param>
    /// <returns>[outputChannels][16][inputChannels].</returns>
    public static float[] TransformWeights(ReadOnlySpan<float> weight, int inputChannels, int outputChannels)
    {
        float[] transformed = GC.AllocateUninitializedArray<float>(checked(outputChannels * Planes * inputChannels));
        var taps = new double[3 * 3 * inputChannels];
        var rows = new double[4 * 3 * inputChannels];
        var planes = new double[Planes * inputChannels];
        for (int n = 0; n < outputChannels; n++)
        {
            // All channels at once.
            TensorPrimitives.ConvertTruncating(weight.Slice(n * taps.Length, taps.Length), taps);
            for (int j = 0; j < 3; j++)
                Combine(taps.AsSpan(j * inputChannels), 3 * inputChannels, rows.AsSpan(j * inputChannels), 3 * inputChannels, inputChannels);
            for (int i = 0; i < 4; i++)
                Combine(rows.AsSpan(3 * i * inputChannels), inputChannels, planes.AsSpan(4 * i * inputChannels), inputChannels, inputChannels);
            TensorPrimitives.ConvertTruncating(planes, transformed.AsSpan(n * planes.Length, planes.Length));
        }

        return transformed;
    }

    // G times vectors whose three values lie one pitch apart.
    private static void Combine(ReadOnlySpan<double> vectors, int pitch, Span<double> combined, int combinedPitch, int count)
    {
        ReadOnlySpan<double> a = vectors[..count];
        ReadOnlySpan<double> b = vectors.Slice(pitch, count);
        ReadOnlySpan<double> c = vectors.Slice(2 * pitch, count);
        Span<double> sum = combined.Slice(combinedPitch, count);
        Span<double> difference = combined.Slice(2 * combinedPitch, count);
        a.CopyTo(combined);
        TensorPrimitives.Add(a, b, sum);
        TensorPrimitives.Add(sum, c, sum);
        TensorPrimitives.Divide(sum, 2, sum);
        TensorPrimitives.Subtract(a, b, difference);
        TensorPrimitives.Add(difference, c, difference);
        TensorPrimitives.Divide(difference, 2, difference);
        c.CopyTo(combined[(3 * combinedPitch)..]);
    }
}
