using ILGPU;

namespace Gsasr.Kernels;

/// <summary>What a warpgroup computes from shared memory, on the processor: every item its own sums.</summary>
internal static unsafe class SoftwareWarpgroup
{
    private const int Depth = 64;
    private const int RowBytes = 2 * Depth;

    // Of numbers in two parts.
    private const int SplitDepth = 32;

    // Terms that an instruction adds up.
    private const int Step = 16;

    /// <summary>wgmma.m64n64k16 four times, by the layouts in the PTX manual.</summary>
    public static Sums64 Multiply(Sums64 sums, int rows, int columns, int eightRows, int firstColumn)
    {
        if (rows % 128 != 0 || eightRows % 128 != 0 || columns % 1024 != 0)
            throw new InvalidOperationException("An operand of a warpgroup starts on no boundary of 128 or 1024 bytes.");
        int item = Group.IdxX % 128;
        int row = item / 32 * 16 + item % 32 / 4;
        int upper = rows + row / 8 * eightRows + row % 8 * RowBytes;
        int lower = upper + eightRows;
        var blocks = new Float4[8];
        sums.CopyTo(blocks, 0);
        for (int n = 0; n < 8; n++)
        {
            int column = firstColumn + n * 8 + item % 4 * 2;
            for (int k = 0; k < Depth; k += Step)
            {
                blocks[n] += new Float4(
                    Product(upper, columns, column, k),
                    Product(upper, columns, column + 1, k),
                    Product(lower, columns, column, k),
                    Product(lower, columns, column + 1, k));
            }
        }

        // The items of a warp go on together, so one can say for all that they have read the operands.
        Warp.Barrier();
        return Sums64.From(blocks, 0);
    }

    /// <summary>What an item needs of the operands in registers: [row or the one 8 below][high or low][32 terms].</summary>
    public static float[] Gather(Int4 high0, Int4 low0, Int4 high1, Int4 low1)
    {
        var rows = new float[2 * 2 * SplitDepth];
        Span<Int4> shown = stackalloc Int4[4];
        for (int n = 0; n < 4; n++)
        {
            SoftwareWarp.ShowLeft(n == 0 ? high0 : n == 1 ? low0 : n == 2 ? high1 : low1, shown);
            Span<float> first = rows.AsSpan(n % 2 * SplitDepth + n / 2 * Step);
            Span<float> second = first[(2 * SplitDepth)..];
            for (int i = 0; i < 4; i++)
            {
                Unpack(shown[i].X, first[(2 * i)..]);
                Unpack(shown[i].Y, second[(2 * i)..]);
                Unpack(shown[i].Z, first[(2 * i + 8)..]);
                Unpack(shown[i].W, second[(2 * i + 8)..]);
            }
        }

        return rows;
    }

    /// <summary>wgmma.m64n64k16 for the products of the low parts with the high ones, of the high with the low, and of the high ones.</summary>
    public static Sums64 MultiplySplit(float[] rows, int columns, int firstColumn)
    {
        if (columns % 1024 != 0)
            throw new InvalidOperationException("An operand of a warpgroup starts on no boundary of 1024 bytes.");
        var blocks = new Float4[8];
        for (int n = 0; n < 8; n++)
        {
            int column = firstColumn + n * 8 + Group.IdxX % 4 * 2;
            blocks[n] = new Float4(
                SplitProduct(rows, 0, columns, column),
                SplitProduct(rows, 0, columns, column + 1),
                SplitProduct(rows, 2 * SplitDepth, columns, column),
                SplitProduct(rows, 2 * SplitDepth, columns, column + 1));
        }

        return Sums64.From(blocks, 0);
    }

    private static float SplitProduct(float[] rows, int row, int columns, int column)
    {
        ushort* right = RowOf(columns, column);
        float sum = 0;
        for (int part = 0; part < 3; part++)
        {
            int left = row + (part == 0 ? SplitDepth : 0);
            int first = part == 1 ? SplitDepth : 0;
            for (int k = 0; k < SplitDepth; k += Step)
            {
                double step = sum;
                for (int i = k; i < k + Step; i++)
                    step += (double)rows[left + i] * SoftwareWarp.FromFloat16(right[(first + i) ^ Turn(column)]);
                sum = (float)step;
            }
        }

        return sum;
    }

    private static void Unpack(int packed, Span<float> values)
    {
        values[0] = SoftwareWarp.FromFloat16((ushort)packed);
        values[1] = SoftwareWarp.FromFloat16((ushort)(packed >> 16));
    }

    private static float Product(int row, int columns, int column, int first)
    {
        ushort* left = RowOf(row, 0);
        ushort* right = RowOf(columns, column);
        double sum = 0;
        for (int k = first; k < first + Step; k++)
            sum += (double)SoftwareWarp.FromFloat16(left[k ^ Turn(row / RowBytes)]) * SoftwareWarp.FromFloat16(right[k ^ Turn(column)]);
        return (float)sum;
    }

    private static ushort* RowOf(int start, int row) => (ushort*)SharedAddress.Pointer(start + row * RowBytes);

    // Bits 4 to 6 of an address in bytes are permuted by bits 7 to 9, which are the row's.
    private static int Turn(int row) => (row & 7) << 3;
}
