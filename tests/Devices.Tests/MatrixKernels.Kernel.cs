using Gsasr.Kernels;
using ILGPU;

namespace Gsasr.Devices.Tests;

/// <summary>A product that uses what fast kernels use: tiles in shared memory, sums in registers, 16 bytes at a time.</summary>
internal static class MatrixKernels
{
    private const int Tile = SampleShape.MatrixTile;

    // The slice of the depth that is staged at a time.
    private const int Depth = 16;

    /// <summary>
    /// c = a * b with a [rows, depth], b [depth, columns], c [rows, columns], row-major; rows and columns are multiples of 64 and
    /// the depth of 16.
    /// </summary>
    [Kernel(SampleShape.MatrixGroupSize)]
    public static void MatrixProduct(ArrayView<float> a, ArrayView<float> b, ArrayView<float> c, int columns, int depth)
    {
        ArrayView<float> aTile = SharedMemory.Allocate<float>(Depth * Tile);
        ArrayView<float> bTile = SharedMemory.Allocate<float>(Depth * Tile);
        int lane = Group.IdxX;
        int x = lane % 16 * 4;
        int y = lane / 16 * 4;
        int firstRow = Grid.IdxY * Tile;
        int firstColumn = Grid.IdxX * Tile;

        // A work-item stages four floats of each operand: lane -> (row, quarter) of a, (k, quarter) of b.
        int aRow = lane / 4;
        int aDepth = lane % 4 * 4;
        int bDepth = lane / 16;
        int bColumn = lane % 16 * 4;

        Float4 sums0 = default;
        Float4 sums1 = default;
        Float4 sums2 = default;
        Float4 sums3 = default;
        for (int start = 0; start < depth; start += Depth)
        {
            Float4 aValues = Gpu.LoadReadOnly4(ref a[(firstRow + aRow) * depth + start + aDepth]);
            Float4 bValues = Gpu.LoadReadOnly4(ref b[(start + bDepth) * columns + firstColumn + bColumn]);
            Group.Barrier();
            aTile[(aDepth + 0) * Tile + aRow] = aValues.X;
            aTile[(aDepth + 1) * Tile + aRow] = aValues.Y;
            aTile[(aDepth + 2) * Tile + aRow] = aValues.Z;
            aTile[(aDepth + 3) * Tile + aRow] = aValues.W;
            Gpu.Store4(ref bTile[bDepth * Tile + bColumn], bValues);
            Group.Barrier();
            for (int k = 0; k < Depth; k++)
            {
                Float4 aColumn = Gpu.Load4(ref aTile[k * Tile + y]);
                Float4 bRow = Gpu.Load4(ref bTile[k * Tile + x]);
                sums0 = Fma(aColumn.X, bRow, sums0);
                sums1 = Fma(aColumn.Y, bRow, sums1);
                sums2 = Fma(aColumn.Z, bRow, sums2);
                sums3 = Fma(aColumn.W, bRow, sums3);
            }
        }

        int first = (firstRow + y) * columns + firstColumn + x;
        Gpu.Store4(ref c[first], sums0);
        Gpu.Store4(ref c[first + columns], sums1);
        Gpu.Store4(ref c[first + 2 * columns], sums2);
        Gpu.Store4(ref c[first + 3 * columns], sums3);
    }

    private static Float4 Fma(float a, Float4 b, Float4 c) =>
        new(Gpu.Fma(a, b.X, c.X), Gpu.Fma(a, b.Y, c.Y), Gpu.Fma(a, b.Z, c.Z), Gpu.Fma(a, b.W, c.W));
}
