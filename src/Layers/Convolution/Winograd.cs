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
        var transformed = new float[checked(outputChannels * Planes * inputChannels)];
        Span<double> rows = stackalloc double[4 * 3];
        Span<double> planes = stackalloc double[Planes];
        for (int n = 0; n < outputChannels; n++)
        {
            ReadOnlySpan<float> source = weight.Slice(n * 9 * inputChannels, 9 * inputChannels);
            Span<float> target = transformed.AsSpan(n * Planes * inputChannels, Planes * inputChannels);
            for (int channel = 0; channel < inputChannels; channel++)
            {
                for (int j = 0; j < 3; j++)
                {
                    int tap = j * inputChannels + channel;
                    Combine(source[tap], source[tap + 3 * inputChannels], source[tap + 6 * inputChannels], rows[j..], 3);
                }

                for (int i = 0; i < 4; i++)
                    Combine(rows[i * 3], rows[i * 3 + 1], rows[i * 3 + 2], planes[(4 * i)..], 1);
                for (int plane = 0; plane < Planes; plane++)
                    target[plane * inputChannels + channel] = (float)planes[plane];
            }
        }

        return transformed;
    }

    // G times a vector.
    private static void Combine(double a, double b, double c, Span<double> combined, int stride)
    {
        combined[3 * stride] = c;
        combined[2 * stride] = (a - b + c) / 2;
        combined[stride] = (a + b + c) / 2;
        combined[0] = a;
    }
}
