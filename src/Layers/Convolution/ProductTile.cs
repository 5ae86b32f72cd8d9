using System.Runtime.CompilerServices;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Layers;

/// <summary>
/// The inner loop of every matrix product on the processor: <see cref="ProductCpu.TileRows"/> rows by one panel. The sums stay in registers
/// over the whole depth and are stored from there.
/// </summary>
internal static unsafe class ProductTile
{
    // One sum over a depth of up to 1728 would lose digits to rounding. Sums over stretches, added up, lose far fewer.
    private const int StretchLength = 64;

    /// <summary>Multiplies six rows by one panel.</summary>
    /// <param name="a">The left matrix.</param>
    /// <param name="firstRow">The first of the six rows.</param>
    /// <param name="panel">The packed panel.</param>
    /// <param name="columns">Columns of the panel that are in use. If one vector holds them, it takes half the time.</param>
    /// <param name="target">Where six rows go, in as many whole vectors as hold the columns.</param>
    public static void Multiply<TVector, TSimd>(in ProductRows a, int firstRow, float* panel, int columns, in TileTarget target)
        where TVector : unmanaged
        where TSimd : ISimd<TVector>
    {
        if (columns <= TSimd.Width)
            MultiplyNarrow<TVector, TSimd>(a, firstRow, panel, target);
        else
            MultiplyWide<TVector, TSimd>(a, firstRow, panel, target);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void MultiplyWide<TVector, TSimd>(in ProductRows a, int firstRow, float* panel, in TileTarget target)
        where TVector : unmanaged
        where TSimd : ISimd<TVector>
    {
        int width = TSimd.Width;
        nint rowStride = a.Stride;
        Prefetch(target, 2 * width);
        TVector s00 = default, s01 = default, s10 = default, s11 = default, s20 = default, s21 = default;
        TVector s30 = default, s31 = default, s40 = default, s41 = default, s50 = default, s51 = default;
        for (int run = 0; run < a.Runs; run++)
        {
            float* upper = a.First + firstRow * rowStride + run * a.RunStride;
            float* runEnd = upper + a.RunLength;
            while (upper < runEnd)
            {
                TVector c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default;
                TVector c30 = default, c31 = default, c40 = default, c41 = default, c50 = default, c51 = default;
                float* lower = upper + 3 * rowStride;
                float* end = runEnd - upper > StretchLength ? upper + StretchLength : runEnd;
                while (upper < end)
                {
                    TVector b0 = TSimd.Load(panel);
                    TVector b1 = TSimd.Load(panel + width);
                    TVector row = TSimd.Broadcast(upper[0]);
                    c00 = TSimd.MultiplyAdd(row, b0, c00);
                    c01 = TSimd.MultiplyAdd(row, b1, c01);
                    row = TSimd.Broadcast(upper[rowStride]);
                    c10 = TSimd.MultiplyAdd(row, b0, c10);
                    c11 = TSimd.MultiplyAdd(row, b1, c11);
                    row = TSimd.Broadcast(upper[2 * rowStride]);
                    c20 = TSimd.MultiplyAdd(row, b0, c20);
                    c21 = TSimd.MultiplyAdd(row, b1, c21);
                    row = TSimd.Broadcast(lower[0]);
                    c30 = TSimd.MultiplyAdd(row, b0, c30);
                    c31 = TSimd.MultiplyAdd(row, b1, c31);
                    row = TSimd.Broadcast(lower[rowStride]);
                    c40 = TSimd.MultiplyAdd(row, b0, c40);
                    c41 = TSimd.MultiplyAdd(row, b1, c41);
                    row = TSimd.Broadcast(lower[2 * rowStride]);
                    c50 = TSimd.MultiplyAdd(row, b0, c50);
                    c51 = TSimd.MultiplyAdd(row, b1, c51);
                    panel += 2 * width;
                    upper++;
                    lower++;
                }

                s00 = TSimd.Add(s00, c00);
                s01 = TSimd.Add(s01, c01);
                s10 = TSimd.Add(s10, c10);
                s11 = TSimd.Add(s11, c11);
                s20 = TSimd.Add(s20, c20);
                s21 = TSimd.Add(s21, c21);
                s30 = TSimd.Add(s30, c30);
                s31 = TSimd.Add(s31, c31);
                s40 = TSimd.Add(s40, c40);
                s41 = TSimd.Add(s41, c41);
                s50 = TSimd.Add(s50, c50);
                s51 = TSimd.Add(s51, c51);
            }
        }

        TVector bias0 = target.BiasAt<TVector, TSimd>(0);
        TVector bias1 = target.BiasAt<TVector, TSimd>(width);
        target.Store<TVector, TSimd>(0, s00, s01, bias0, bias1);
        target.Store<TVector, TSimd>(1, s10, s11, bias0, bias1);
        target.Store<TVector, TSimd>(2, s20, s21, bias0, bias1);
        target.Store<TVector, TSimd>(3, s30, s31, bias0, bias1);
        target.Store<TVector, TSimd>(4, s40, s41, bias0, bias1);
        target.Store<TVector, TSimd>(5, s50, s51, bias0, bias1);
    }

    // For panels of which only the first vector is in use.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void MultiplyNarrow<TVector, TSimd>(in ProductRows a, int firstRow, float* panel, in TileTarget target)
        where TVector : unmanaged
        where TSimd : ISimd<TVector>
    {
        int width = TSimd.Width;
        nint rowStride = a.Stride;
        Prefetch(target, width);
        TVector s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default;
        for (int run = 0; run < a.Runs; run++)
        {
            float* upper = a.First + firstRow * rowStride + run * a.RunStride;
            float* runEnd = upper + a.RunLength;
            while (upper < runEnd)
            {
                TVector c0 = default, c1 = default, c2 = default, c3 = default, c4 = default, c5 = default;
                float* lower = upper + 3 * rowStride;
                float* end = runEnd - upper > StretchLength ? upper + StretchLength : runEnd;
                while (upper < end)
                {
                    TVector b = TSimd.Load(panel);
                    c0 = TSimd.MultiplyAdd(TSimd.Broadcast(upper[0]), b, c0);
                    c1 = TSimd.MultiplyAdd(TSimd.Broadcast(upper[rowStride]), b, c1);
                    c2 = TSimd.MultiplyAdd(TSimd.Broadcast(upper[2 * rowStride]), b, c2);
                    c3 = TSimd.MultiplyAdd(TSimd.Broadcast(lower[0]), b, c3);
                    c4 = TSimd.MultiplyAdd(TSimd.Broadcast(lower[rowStride]), b, c4);
                    c5 = TSimd.MultiplyAdd(TSimd.Broadcast(lower[2 * rowStride]), b, c5);
                    panel += 2 * width;
                    upper++;
                    lower++;
                }

                s0 = TSimd.Add(s0, c0);
                s1 = TSimd.Add(s1, c1);
                s2 = TSimd.Add(s2, c2);
                s3 = TSimd.Add(s3, c3);
                s4 = TSimd.Add(s4, c4);
                s5 = TSimd.Add(s5, c5);
            }
        }

        TVector bias = target.BiasAt<TVector, TSimd>(0);
        target.Store<TVector, TSimd>(0, s0, bias);
        target.Store<TVector, TSimd>(1, s1, bias);
        target.Store<TVector, TSimd>(2, s2, bias);
        target.Store<TVector, TSimd>(3, s3, bias);
        target.Store<TVector, TSimd>(4, s4, bias);
        target.Store<TVector, TSimd>(5, s5, bias);
    }

    // A store waits if its cache line has to come from memory. Here the line is fetched while the sums are made.
    private static void Prefetch(in TileTarget target, int columns)
    {
        float* row = target.Output;
        for (int i = 0; i < ProductCpu.TileRows; i++)
        {
            CpuPointer.Prefetch(row);
            CpuPointer.Prefetch(row + columns / 2);
            CpuPointer.Prefetch(row + columns - 1);
            row += target.Pitch;
        }
    }
}
