using System.Buffers.Binary;
using System.Runtime.Intrinsics;

namespace Gsasr.Imaging.Formats;

/// <summary>
/// The row filters of PNG: a byte is stored as its difference from a prediction by the bytes to the left, above, and above left.
/// </summary>
internal static class PngFilter
{
    public const int None = 0, Sub = 1, Up = 2, Average = 3, Paeth = 4;

    // Residuals are summed in 16-bit lanes; one step adds at most 256 to a lane.
    private const int StepsPerSum = 255;

    /// <summary>Restores a row.</summary>
    /// <param name="filter">The filter, 0 to 4.</param>
    /// <param name="filtered">The filtered row.</param>
    /// <param name="above">The restored row above, as long as the row.</param>
    /// <param name="distance">Bytes in a pixel, 1 to 8.</param>
    /// <param name="row">Receives the restored row, as long as the filtered one; other memory.</param>
    public static void Undo(int filter, ReadOnlySpan<byte> filtered, ReadOnlySpan<byte> above, int distance, Span<byte> row)
    {
        row = row[..filtered.Length];
        above = above[..filtered.Length];
        if (filter == None)
        {
            filtered.CopyTo(row);
            return;
        }
        if (filter == Up)
        {
            UndoUp(filtered, above, row);
            return;
        }
        int x = Math.Min(distance, row.Length);
        for (int i = 0; i < x; i++)
            row[i] = (byte)(filtered[i] + Predict(filter, 0, above[i], 0));
        if (distance >= 3)
            x = UndoPixels(filter, filtered, above, distance, row, x);
        for (; x < row.Length; x++)
            row[x] = (byte)(filtered[x] + Predict(filter, row[x - distance], above[x], above[x - distance]));
    }

    /// <summary>Filters a row and returns the sum of the residuals' magnitudes, by which filters are chosen.</summary>
    /// <param name="filter">The filter, 0 to 4.</param>
    /// <param name="row">The row.</param>
    /// <param name="above">The row above (zeros above the first), as long as the row.</param>
    /// <param name="distance">Bytes in a pixel, 1 to 8.</param>
    /// <param name="residuals">The filtered row, as long as the row.</param>
    public static long Apply(int filter, ReadOnlySpan<byte> row, ReadOnlySpan<byte> above, int distance, Span<byte> residuals)
    {
        above = above[..row.Length];
        residuals = residuals[..row.Length];
        long sum = 0;
        int first = Math.Min(distance, row.Length);
        for (int i = 0; i < first; i++)
            sum += Store(filter, row[i], 0, above[i], 0, residuals, i);
        int x = first;
        int width = Vector128<byte>.Count;
        while (x + width <= row.Length)
        {
            Vector128<ushort> sums = Vector128<ushort>.Zero;
            for (int step = 0; step < StepsPerSum && x + width <= row.Length; step++, x += width)
            {
                Vector128<byte> value = Vector128.Create(row[x..]);
                Vector128<byte> left = Vector128.Create(row[(x - distance)..]);
                Vector128<byte> up = Vector128.Create(above[x..]);
                Vector128<byte> upLeft = Vector128.Create(above[(x - distance)..]);
                Vector128<byte> residual = value - Predict(filter, left, up, upLeft);
                residual.CopyTo(residuals[x..]);
                (Vector128<ushort> low, Vector128<ushort> high) = Vector128.Widen(Vector128.Min(residual, Vector128<byte>.Zero - residual));
                sums += low + high;
            }
            (Vector128<uint> lowSums, Vector128<uint> highSums) = Vector128.Widen(sums);
            sum += Vector128.Sum(lowSums + highSums);
        }
        for (; x < row.Length; x++)
            sum += Store(filter, row[x], row[x - distance], above[x], above[x - distance], residuals, x);
        return sum;
    }

    private static int Store(int filter, byte value, byte left, byte up, byte upLeft, Span<byte> residuals, int index)
    {
        byte residual = (byte)(value - Predict(filter, left, up, upLeft));
        residuals[index] = residual;
        return Math.Abs((int)(sbyte)residual);
    }

    private static int Predict(int filter, byte left, byte up, byte upLeft) => filter switch
    {
        Sub => left,
        Up => up,
        Average => (left + up) >> 1,
        Paeth => PredictPaeth(left, up, upLeft),
        _ => 0,
    };

    private static Vector128<byte> Predict(int filter, Vector128<byte> left, Vector128<byte> up, Vector128<byte> upLeft) => filter switch
    {
        Sub => left,
        Up => up,
        // (a + b) >> 1 without a ninth bit: the bits that both have, and half of those that one has.
        Average => (left & up) + (((left ^ up) >> 1) & Vector128.Create((byte)0x7F)),
        Paeth => PredictPaeth(left, up, upLeft),
        _ => Vector128<byte>.Zero,
    };

    // With p = left + up - upLeft: |p - left| = |up - upLeft|, |p - up| = |left - upLeft|, and |p - upLeft| is the sum of the two where
    // left and up lie on the same side of upLeft, and their difference where they do not. All may be computed in bytes, because a sum above
    // 255 is never the least.
    private static Vector128<byte> PredictPaeth(Vector128<byte> left, Vector128<byte> up, Vector128<byte> upLeft)
    {
        Vector128<byte> toLeft = Vector128.Max(up, upLeft) - Vector128.Min(up, upLeft);
        Vector128<byte> toUp = Vector128.Max(left, upLeft) - Vector128.Min(left, upLeft);
        Vector128<byte> sameSide = Vector128.Equals(
            Vector128.GreaterThanOrEqual(up, upLeft), Vector128.GreaterThanOrEqual(left, upLeft));
        Vector128<byte> toUpLeft = Vector128.ConditionalSelect(
            sameSide, Vector128.AddSaturate(toLeft, toUp), Vector128.Max(toLeft, toUp) - Vector128.Min(toLeft, toUp));
        Vector128<byte> least = Vector128.Min(toLeft, Vector128.Min(toUp, toUpLeft));
        return Vector128.ConditionalSelect(
            Vector128.Equals(toLeft, least), left, Vector128.ConditionalSelect(Vector128.Equals(toUp, least), up, upLeft));
    }

    private static byte PredictPaeth(byte left, byte up, byte upLeft)
    {
        int toLeft = Math.Abs(up - upLeft);
        int toUp = Math.Abs(left - upLeft);
        int toUpLeft = Math.Abs(left + up - 2 * upLeft);
        if (toLeft <= toUp && toLeft <= toUpLeft)
            return left;
        return toUp <= toUpLeft ? up : upLeft;
    }

    private static void UndoUp(ReadOnlySpan<byte> filtered, ReadOnlySpan<byte> above, Span<byte> row)
    {
        int x = 0;
        for (; x + Vector128<byte>.Count <= row.Length; x += Vector128<byte>.Count)
            (Vector128.Create(filtered[x..]) + Vector128.Create(above[x..])).CopyTo(row[x..]);
        for (; x < row.Length; x++)
            row[x] = (byte)(filtered[x] + above[x]);
    }

    // A pixel depends on the one before it, so there is one vector per pixel, of which the first bytes count. Eight bytes are stored each
    // time; the next pixel overwrites those beyond this one. Returns where it stopped.
    private static int UndoPixels(
        int filter, ReadOnlySpan<byte> filtered, ReadOnlySpan<byte> above, int distance, Span<byte> row, int x)
    {
        const int Width = sizeof(ulong);
        if (x + Width > row.Length)
            return x;
        Vector128<byte> left = Load(row[(x - distance)..]);
        Vector128<byte> upLeft = Load(above[(x - distance)..]);
        for (; x + Width <= row.Length; x += distance)
        {
            Vector128<byte> up = Load(above[x..]);
            left = Load(filtered[x..]) + Predict(filter, left, up, upLeft);
            upLeft = up;
            BinaryPrimitives.WriteUInt64LittleEndian(row[x..], left.AsUInt64().ToScalar());
        }
        return x;

        static Vector128<byte> Load(ReadOnlySpan<byte> bytes) =>
            Vector128.CreateScalar(BinaryPrimitives.ReadUInt64LittleEndian(bytes)).AsByte();
    }
}
