using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Raster.Cpu;

/// <summary>
/// The pixels of a splat, row after row. Distances are counted from the pixel nearest to the row's centre. So the distance of a pixel is
/// rounded once, the same in any tile, and is exact to its last bit where a ridge narrower than a pixel needs that.
/// </summary>
internal unsafe struct RowSpan
{
    /// <summary>Floats of the widest vector.</summary>
    public const int MaximumVector = 16;

    private readonly double _x;
    private readonly double _y;
    private readonly double _slope;
    private readonly double _inverseNormal;
    private readonly double _inverseSigmaY;
    private readonly double _firstColumn;
    private readonly double _lastColumn;

    /// <summary>Starts with no row.</summary>
    /// <param name="splat">The splat.</param>
    /// <param name="left">The first column that is wanted.</param>
    /// <param name="right">The first column after those that are wanted.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public RowSpan(in Splat splat, int left, int right)
    {
        _x = splat.X;
        _y = splat.Y;
        _slope = splat.Slope;
        _inverseNormal = 1.0 / splat.Normal;
        _inverseSigmaY = splat.InverseSigmaY;
        _firstColumn = left;
        _lastColumn = right - 1;
    }

    /// <summary>The first column inside the ellipse.</summary>
    public int Start;

    /// <summary>The first column after those inside the ellipse.</summary>
    public int End;

    /// <summary>The column nearest to the row's centre.</summary>
    public double Nearest;

    /// <summary>The row's centre, counted from <see cref="Nearest"/>.</summary>
    public float Fraction;

    /// <summary>The row's distance from the splat's centre in the splat's units.</summary>
    public float B;

    /// <summary>Its square: the row's part of the exponent.</summary>
    public float Bits;

    private static ReadOnlySpan<float> Numbers => [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

    private static ReadOnlySpan<float> OnesThenZeros =>
        [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    /// <summary>The numbers from 0 on.</summary>
    /// <typeparam name="TVector">The vector.</typeparam>
    /// <typeparam name="TSimd">Its arithmetic.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Indices<TVector, TSimd>()
        where TVector : unmanaged
        where TSimd : ISimd<TVector> => TSimd.Load((float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(Numbers)));

    /// <summary>1 for the pixels that belong to the row, 0 for those past its end.</summary>
    /// <typeparam name="TVector">The vector.</typeparam>
    /// <typeparam name="TSimd">Its arithmetic.</typeparam>
    /// <param name="remaining">Pixels to the end, at least 1.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Inside<TVector, TSimd>(int remaining)
        where TVector : unmanaged
        where TSimd : ISimd<TVector> =>
        TSimd.Load((float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(OnesThenZeros)) + MaximumVector - Math.Min(MaximumVector, remaining));

    /// <summary>Goes to a row.</summary>
    /// <param name="row">The row.</param>
    /// <returns>Whether it has pixels inside the ellipse and the columns that are wanted.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MoveTo(int row)
    {
        double dy = row - _y;
        double b = dy * _inverseSigmaY;
        double remaining = Viewport.CutoffBits - b * b;
        if (remaining < 0)
            return false;

        // The pixels of this row where a^2 <= remaining.
        double half = Math.Sqrt(remaining) * _inverseNormal;
        double centre = _x + _slope * dy;
        Start = (int)Math.Max(_firstColumn, Math.Ceiling(centre - half));
        End = (int)Math.Min(_lastColumn, Math.Floor(centre + half)) + 1;
        if (Start >= End)
            return false;
        Nearest = Math.Round(centre);
        Fraction = (float)(centre - Nearest);
        B = (float)b;
        Bits = (float)(b * b);
        return true;
    }
}
