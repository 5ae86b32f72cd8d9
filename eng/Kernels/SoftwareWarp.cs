using System.Runtime.InteropServices;
using ILGPU;

namespace Gsasr.Kernels;

/// <summary>
/// What the items of a warp do together, on the processor: ILGPU's CPU accelerator runs every item of a group as a thread. One group
/// runs at a time.
/// </summary>
internal static unsafe class SoftwareWarp
{
    private const int Size = 32;
    private const int LargestGroup = 1024;

    // What the items show each other, in two places by turns: an item that is at its next instruction has left the last one's behind, but
    // others may still read them.
    private static readonly Shown[] s_shown = new Shown[2 * LargestGroup];

    [ThreadStatic]
    private static int s_turn;

    /// <summary>A number of 16 bits as a float.</summary>
    public delegate float Widening(ushort bits);

    public static float FromFloat16(ushort bits) => (float)BitConverter.UInt16BitsToHalf(bits);

    public static float FromBFloat16(ushort bits) => BitConverter.Int32BitsToSingle(bits << 16);

    /// <summary>mma.m16n8k16, by its layout in the PTX manual.</summary>
    public static Float4 Multiply(Float4 c, Int4 a, int b0, int b1, Widening widen)
    {
        ReadOnlySpan<Shown> shown = Show(new Shown { Left = a, Right0 = b0, Right1 = b1 });
        int lane = Group.IdxX % Size;
        int row = lane / 4;
        int column = lane % 4 * 2;
        return new Float4(
            c.X + Product(shown, row, column, widen),
            c.Y + Product(shown, row, column + 1, widen),
            c.Z + Product(shown, row + 8, column, widen),
            c.W + Product(shown, row + 8, column + 1, widen));
    }

    /// <summary>The left operands that the four items of the same row as the calling one hold.</summary>
    public static void ShowLeft(Int4 left, Span<Int4> ofRow)
    {
        ReadOnlySpan<Shown> shown = Show(new Shown { Left = left });
        for (int i = 0; i < 4; i++)
            ofRow[i] = shown[Group.IdxX % Size / 4 * 4 + i].Left;
    }

    /// <summary>ldmatrix.m8n8.x4.</summary>
    public static Int4 LoadMatrices(int address, bool transposed)
    {
        ReadOnlySpan<Shown> shown = Show(new Shown { Right0 = address });
        int lane = Group.IdxX % Size;
        return new Int4(
            Pair(shown, 0, lane, transposed), Pair(shown, 8, lane, transposed), Pair(shown, 16, lane, transposed), Pair(shown, 24, lane, transposed));
    }

    /// <summary>shfl.bfly.</summary>
    public static float Exchange(float value, int mask) =>
        BitConverter.Int32BitsToSingle(Show(new Shown { Right0 = BitConverter.SingleToInt32Bits(value) })[(Group.IdxX % Size) ^ mask].Right0);

    /// <summary>vote.any.</summary>
    public static bool Any(bool condition)
    {
        foreach (Shown shown in Show(new Shown { Right0 = condition ? 1 : 0 }))
        {
            if (shown.Right0 != 0)
                return true;
        }

        return false;
    }

    // A sum of 16 products, which hardware adds up with more bits than a float has.
    private static float Product(ReadOnlySpan<Shown> shown, int row, int column, Widening widen)
    {
        double sum = 0;
        for (int k = 0; k < 16; k++)
        {
            ref readonly Shown left = ref shown[row % 8 * 4 + k % 8 / 2];
            ref readonly Shown right = ref shown[column * 4 + k % 8 / 2];
            int a = (k < 8, row < 8) switch
            {
                (true, true) => left.Left.X,
                (true, false) => left.Left.Y,
                (false, true) => left.Left.Z,
                _ => left.Left.W,
            };
            int b = k < 8 ? right.Right0 : right.Right1;
            int shift = k % 2 * 16;
            sum += (double)widen((ushort)(a >> shift)) * widen((ushort)(b >> shift));
        }

        return (float)sum;
    }

    // Two neighbouring numbers of a matrix, of whose rows the items from firstItem on have the addresses.
    private static int Pair(ReadOnlySpan<Shown> shown, int firstItem, int lane, bool transposed)
    {
        int row = lane / 4;
        int column = lane % 4 * 2;
        return transposed ? At(shown, column, row) | At(shown, column + 1, row) << 16 : At(shown, row, column) | At(shown, row, column + 1) << 16;

        int At(ReadOnlySpan<Shown> rows, int ofRow, int ofColumn)
        {
            byte* start = SharedAddress.Pointer(rows[firstItem + ofRow].Right0);
            if ((nint)start % 16 != 0)
                throw new InvalidOperationException("A row of a matrix lies on no boundary of 16 bytes.");
            return ((ushort*)start)[ofColumn];
        }
    }

    private static ReadOnlySpan<Shown> Show(Shown mine)
    {
        s_turn ^= 1;
        s_shown[s_turn * LargestGroup + Group.IdxX] = mine;
        Warp.Barrier();
        return new ReadOnlySpan<Shown>(s_shown, s_turn * LargestGroup + Group.IdxX / Size * Size, Size);
    }

    [StructLayout(LayoutKind.Auto)]
    private struct Shown
    {
        public Int4 Left;
        public int Right0;
        public int Right1;
    }
}
