using System.Runtime.Intrinsics;

namespace Gsasr.Imaging.Png;

/// <summary>The row filters of PNG: each byte is stored as its difference from a prediction by the bytes left, above and above left.</summary>
internal static class PngFilter
{
    public const int None = 0, Sub = 1, Up = 2, Average = 3, Paeth = 4;

    // Residuals are summed as 16-bit lanes; 256 is the most that one step adds to a lane.
    private const int StepsPerSum = 255;

    /// <summary>Restores a row in place.</summary>
    /// <param name="filter">The filter, 0 to 4.</param>
    /// <param name="row">The filtered row.</param>
    /// <param name="above">The restored row above, as long as the row.</param>
    /// <param name="distance">Bytes in a pixel, 1 to 8.</param>
    public static void Undo(int filter, Span<byte> row, ReadOnlySpan<byte> above, int distance)
    {
        switch (filter)
        {
            case Sub:
                for (int i = distance; i < row.Length; i++)
                    row[i] += row[i - distance];
                break;
            case Up:
                UndoUp(row, above);
                break;
            case Average:
                UndoAverage(row, above, distance);
                break;
            case Paeth:
                UndoPaeth(row, above, distance);
                break;
            default:
                break;
        }
    }

    /// <summary>Filters a row and returns the sum of its residuals' magnitudes, the measure by which filters are chosen.</summary>
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
        int width = Vector256<byte>.Count;
        while (x + width <= row.Length)
        {
            Vector256<ushort> sums = Vector256<ushort>.Zero;
            for (int step = 0; step < StepsPerSum && x + width <= row.Length; step++, x += width)
            {
                Vector256<byte> value = Vector256.Create(row[x..]);
                Vector256<byte> left = Vector256.Create(row[(x - distance)..]);
                Vector256<byte> up = Vector256.Create(above[x..]);
                Vector256<byte> upLeft = Vector256.Create(above[(x - distance)..]);
                Vector256<byte> residual = value - Predict(filter, left, up, upLeft);
                residual.CopyTo(residuals[x..]);
                (Vector256<ushort> low, Vector256<ushort> high) = Vector256.Widen(Vector256.Min(residual, Vector256<byte>.Zero - residual));
                sums += low + high;
            }
            (Vector256<uint> lowSums, Vector256<uint> highSums) = Vector256.Widen(sums);
            sum += Vector256.Sum(lowSums + highSums);
        }
        for (; x < row.Length; x++)
            sum += Store(filter, row[x], row[x - distance], above[x], above[x - distance], residuals, x);
        return sum;
    }

    private static int Store(int filter, byte value, byte left, byte up, byte upLeft, Span<byte> residuals, int index)
    {
        int prediction = filter switch
        {
            Sub => left,
            Up => up,
            Average => (left + up) >> 1,
            Paeth => PredictPaeth(left, up, upLeft),
            _ => 0,
        };
        byte residual = (byte)(value - prediction);
        residuals[index] = residual;
        return Math.Abs((int)(sbyte)residual);
    }

    private static Vector256<byte> Predict(int filter, Vector256<byte> left, Vector256<byte> up, Vector256<byte> upLeft) => filter switch
    {
        Sub => left,
        Up => up,
        // (a + b) >> 1 without the ninth bit: what both share, and half of what they do not.
        Average => (left & up) + (((left ^ up) >> 1) & Vector256.Create((byte)0x7F)),
        Paeth => PredictPaeth(left, up, upLeft),
        _ => Vector256<byte>.Zero,
    };

    // With p = left + up - upLeft: |p - left| = |up - upLeft|, |p - up| = |left - upLeft|, and |p - upLeft| is the sum of
    // the two where left and up lie on the same side of upLeft and their difference where not. All fit in bytes, for a sum
    // above 255 is never the least.
    private static Vector256<byte> PredictPaeth(Vector256<byte> left, Vector256<byte> up, Vector256<byte> upLeft)
    {
        Vector256<byte> toLeft = Vector256.Max(up, upLeft) - Vector256.Min(up, upLeft);
        Vector256<byte> toUp = Vector256.Max(left, upLeft) - Vector256.Min(left, upLeft);
        Vector256<byte> sameSide = Vector256.Equals(
            Vector256.GreaterThanOrEqual(up, upLeft), Vector256.GreaterThanOrEqual(left, upLeft));
        Vector256<byte> toUpLeft = Vector256.ConditionalSelect(
            sameSide, Vector256.AddSaturate(toLeft, toUp), Vector256.Max(toLeft, toUp) - Vector256.Min(toLeft, toUp));
        Vector256<byte> least = Vector256.Min(toLeft, Vector256.Min(toUp, toUpLeft));
        return Vector256.ConditionalSelect(
            Vector256.Equals(toLeft, least), left, Vector256.ConditionalSelect(Vector256.Equals(toUp, least), up, upLeft));
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

    private static void UndoUp(Span<byte> row, ReadOnlySpan<byte> above)
    {
        int x = 0;
        for (; x + Vector256<byte>.Count <= row.Length; x += Vector256<byte>.Count)
            (Vector256.Create((ReadOnlySpan<byte>)row[x..]) + Vector256.Create(above[x..])).CopyTo(row[x..]);
        for (; x < row.Length; x++)
            row[x] += above[x];
    }

    private static void UndoAverage(Span<byte> row, ReadOnlySpan<byte> above, int distance)
    {
        above = above[..row.Length];
        int first = Math.Min(distance, row.Length);
        for (int i = 0; i < first; i++)
            row[i] += (byte)(above[i] >> 1);
        for (int i = first; i < row.Length; i++)
            row[i] += (byte)((row[i - distance] + above[i]) >> 1);
    }

    private static void UndoPaeth(Span<byte> row, ReadOnlySpan<byte> above, int distance)
    {
        above = above[..row.Length];
        int first = Math.Min(distance, row.Length);
        for (int i = 0; i < first; i++)
            row[i] += above[i];
        for (int i = first; i < row.Length; i++)
            row[i] += PredictPaeth(row[i - distance], above[i], above[i - distance]);
    }
}
