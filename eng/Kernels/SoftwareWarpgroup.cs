using ILGPU;

namespace Gsasr.Kernels;

/// <summary>What a warpgroup computes from shared memory, on the processor: every item its own sums.</summary>
internal static unsafe class SoftwareWarpgroup
{
    private const int Depth = 64;
    private const int RowBytes = 2 * Depth;

    // Terms that an instruction adds up.
    private const int Step = 16;

    /// <summary>wgmma.m64n64k16 four times, by the layouts in the PTX manual.</summary>
    public static Sums64 Multiply(Sums64 sums, int rows, int columns, int firstColumn)
    {
        if (rows % 1024 != 0 || columns % 1024 != 0)
            throw new InvalidOperationException("An operand of a warpgroup starts on no boundary of 1024 bytes.");
        int item = Group.IdxX % 128;
        int row = item / 32 * 16 + item % 32 / 4;
        var blocks = new Float4[8];
        sums.CopyTo(blocks, 0);
        for (int n = 0; n < 8; n++)
        {
            int column = firstColumn + n * 8 + item % 4 * 2;
            for (int k = 0; k < Depth; k += Step)
            {
                blocks[n] += new Float4(
                    Product(rows, row, columns, column, k),
                    Product(rows, row, columns, column + 1, k),
                    Product(rows, row + 8, columns, column, k),
                    Product(rows, row + 8, columns, column + 1, k));
            }
        }

        return Sums64.From(blocks, 0);
    }

    private static float Product(int rows, int row, int columns, int column, int first)
    {
        ushort* left = RowOf(rows, row);
        ushort* right = RowOf(columns, column);
        double sum = 0;
        for (int k = first; k < first + Step; k++)
            sum += (double)SoftwareWarp.FromFloat16(left[k ^ Turn(row)]) * SoftwareWarp.FromFloat16(right[k ^ Turn(column)]);
        return (float)sum;
    }

    private static ushort* RowOf(int start, int row) => (ushort*)SharedAddress.Pointer(start + row * RowBytes);

    // Bits 4 to 6 of an address in bytes are permuted by bits 7 to 9, which are the row's.
    private static int Turn(int row) => (row & 7) << 3;
}
