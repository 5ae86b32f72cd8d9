using Gsasr.Kernels;
using ILGPU;

namespace Gsasr.Layers;

/// <summary>
/// A 3x3 convolution by Winograd's minimal filtering F(2x2, 3x3) (Lavin and Gray, arXiv 1509.09308): a patch of 4 x 4 input pixels
/// becomes 16 values, B^T d B; each of them is multiplied with its own matrix of weights, [channels, outputChannels], which is
/// 16 products in place of 36 for 2 x 2 output pixels; and A^T m A of the 16 results is these pixels.
/// <code>
///     B^T = | 1  0 -1  0 |    A^T = | 1  1  1  0 |
///           | 0  1  1  0 |          | 0  1 -1 -1 |
///           | 0 -1  1  0 |
///           | 0  1  0 -1 |
/// </code>
/// These kernels transform; <see cref="ConvolutionKernels.MultiplyPlanes"/> multiplies. Planes are [16][patches][channels filled up to
/// planesPitch]. Patches count row by row, patchColumns to a row; those of a launch begin at firstPatch.
/// </summary>
internal static class WinogradKernels
{
    private const int GroupSize = 128;

    /// <summary>
    /// An item takes four channels of a patch. firstRow, firstColumn: the pixel of x at the centre of the first output pixel's
    /// neighbourhood. x outside the image is zero.
    /// </summary>
    [Kernel(GroupSize)]
    public static void TransformInput(
        ArrayView<float> x,
        int xPitch,
        int xHeight,
        int xWidth,
        int channels,
        int aligned,
        int firstRow,
        int firstColumn,
        int patchColumns,
        int firstPatch,
        int patches,
        ArrayView<float> planes,
        int planesPitch)
    {
        int fours = planesPitch / 4;
        int index = Grid.IdxX * GroupSize + Group.IdxX;
        int patch = index / fours;
        if (patch >= patches)
            return;
        int channel = index % fours * 4;
        int top = firstRow + (firstPatch + patch) / patchColumns * 2 - 1;
        int left = firstColumn + (firstPatch + patch) % patchColumns * 2 - 1;

        var rows = new Float4[16];
        var d = new Float4[4];
        for (int j = 0; j < 4; j++)
        {
            for (int i = 0; i < 4; i++)
            {
                int row = top + i;
                int column = left + j;
                bool isInside = row >= 0 && row < xHeight && column >= 0 && column < xWidth;
                int count = isInside ? channels - channel : 0;
                d[i] = Channels.LoadReadOnly(x, (row * xWidth + column) * xPitch + channel, count, aligned);
            }

            rows[j] = d[0] - d[2];
            rows[4 + j] = d[1] + d[2];
            rows[8 + j] = d[2] - d[1];
            rows[12 + j] = d[1] - d[3];
        }

        int plane = patches * planesPitch;
        int target = patch * planesPitch + channel;
        for (int i = 0; i < 4; i++)
        {
            Gpu.Store4(ref planes[target + (i * 4 + 0) * plane], rows[4 * i] - rows[4 * i + 2]);
            Gpu.Store4(ref planes[target + (i * 4 + 1) * plane], rows[4 * i + 1] + rows[4 * i + 2]);
            Gpu.Store4(ref planes[target + (i * 4 + 2) * plane], rows[4 * i + 2] - rows[4 * i + 1]);
            Gpu.Store4(ref planes[target + (i * 4 + 3) * plane], rows[4 * i + 1] - rows[4 * i + 3]);
        }
    }

    /// <summary>
    /// An item takes four channels of a patch: 2 x 2 output pixels, fewer at the end of an odd number of rows or columns.
    /// shuffledChannels, alignedOutput: as in <see cref="Epilogue.Store"/>.
    /// </summary>
    [Kernel(GroupSize)]
    public static void TransformOutput(
        ArrayView<float> planes,
        int planesPitch,
        int patchColumns,
        int firstPatch,
        int patches,
        ArrayView<float> bias,
        ArrayView<float> residual,
        int residualPitch,
        int hasResidual,
        ArrayView<float> y,
        int yPitch,
        int rows,
        int columns,
        int outputChannels,
        int shuffledChannels,
        int alignedOutput,
        int activation)
    {
        int fours = planesPitch / 4;
        int index = Grid.IdxX * GroupSize + Group.IdxX;
        int patch = index / fours;
        if (patch >= patches)
            return;
        int channel = index % fours * 4;
        int top = (firstPatch + patch) / patchColumns * 2;
        int left = (firstPatch + patch) % patchColumns * 2;

        int plane = patches * planesPitch;
        int source = patch * planesPitch + channel;
        var sums = new Float4[8];
        var m = new Float4[4];
        for (int j = 0; j < 4; j++)
        {
            for (int i = 0; i < 4; i++)
                m[i] = Gpu.LoadReadOnly4(ref planes[source + (i * 4 + j) * plane]);
            sums[j] = m[0] + m[1] + m[2];
            sums[4 + j] = m[1] - m[2] - m[3];
        }

        Float4 biases = Channels.LoadReadOnly(bias, channel, outputChannels - channel, 0);
        for (int i = 0; i < 2; i++)
        {
            for (int j = 0; j < 2; j++)
            {
                if (top + i < rows && left + j < columns)
                {
                    Float4 value = j == 0
                        ? sums[4 * i] + sums[4 * i + 1] + sums[4 * i + 2]
                        : sums[4 * i + 1] - sums[4 * i + 2] - sums[4 * i + 3];
                    Epilogue.Store(
                        y, yPitch, residual, residualPitch, hasResidual, (top + i) * columns + left + j, columns, channel,
                        outputChannels, shuffledChannels, alignedOutput, Epilogue.Activated(value + biases, activation));
                }
            }
        }
    }
}
