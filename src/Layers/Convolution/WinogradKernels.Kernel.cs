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
        int channel = (index - patch * fours) * 4;
        int patchRow = (firstPatch + patch) / patchColumns;
        int top = firstRow + patchRow * 2 - 1;
        int left = firstColumn + (firstPatch + patch - patchRow * patchColumns) * 2 - 1;

        // All reads are started before the first value is used.
        var d = new Float4[16];
        if (aligned != 0)
            LoadPatch(x, xPitch, xHeight, xWidth, top, left, channel, channels, 1, d);
        else
            LoadPatch(x, xPitch, xHeight, xWidth, top, left, channel, channels, 0, d);
        for (int j = 0; j < 4; j++)
        {
            Float4 row0 = d[j] - d[8 + j];
            Float4 row1 = d[4 + j] + d[8 + j];
            Float4 row2 = d[8 + j] - d[4 + j];
            Float4 row3 = d[4 + j] - d[12 + j];
            d[j] = row0;
            d[4 + j] = row1;
            d[8 + j] = row2;
            d[12 + j] = row3;
        }

        int plane = patches * planesPitch;
        int target = patch * planesPitch + channel;
        for (int i = 0; i < 4; i++)
        {
            Gpu.Store4(ref planes[target + (i * 4 + 0) * plane], d[4 * i] - d[4 * i + 2]);
            Gpu.Store4(ref planes[target + (i * 4 + 1) * plane], d[4 * i + 1] + d[4 * i + 2]);
            Gpu.Store4(ref planes[target + (i * 4 + 2) * plane], d[4 * i + 2] - d[4 * i + 1]);
            Gpu.Store4(ref planes[target + (i * 4 + 3) * plane], d[4 * i + 1] - d[4 * i + 3]);
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
        int channel = (index - patch * fours) * 4;
        int patchRow = (firstPatch + patch) / patchColumns;
        int top = patchRow * 2;
        int left = (firstPatch + patch - patchRow * patchColumns) * 2;

        int plane = patches * planesPitch;
        int source = patch * planesPitch + channel;
        var m = new Float4[16];
        for (int i = 0; i < 16; i++)
            m[i] = Gpu.LoadReadOnly4If(ref planes[source + i * plane], patch < patches);
        var sums = new Float4[8];
        for (int j = 0; j < 4; j++)
        {
            sums[j] = m[j] + m[4 + j] + m[8 + j];
            sums[4 + j] = m[4 + j] - m[8 + j] - m[12 + j];
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

    // The 4 x 4 pixels whose first is (top, left), row by row.
    private static void LoadPatch(
        ArrayView<float> x, int xPitch, int xHeight, int xWidth, int top, int left, int channel, int channels, int aligned, Float4[] pixels)
    {
        for (int i = 0; i < 4; i++)
        {
            for (int j = 0; j < 4; j++)
            {
                int row = top + i;
                int column = left + j;
                bool isInside = row >= 0 & row < xHeight & column >= 0 & column < xWidth;
                int count = isInside ? channels - channel : 0;
                pixels[4 * i + j] = Channels.LoadReadOnly(x, (row * xWidth + column) * xPitch + channel, count, aligned);
            }
        }
    }
}
