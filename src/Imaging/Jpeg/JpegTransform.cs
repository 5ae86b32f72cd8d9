using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Gsasr.Imaging.Jpeg;

/// <summary>
/// The discrete cosine transform of 8 x 8 blocks in integers: C. Loeffler, A. Ligtenberg, G. Moschytz, "Practical fast 1-D
/// DCT algorithms with 11 multiplications", ICASSP 1989, in the form with 12 multiplications and with 13 fractional bits, two
/// of which are kept between the passes. These are the roundings of libjpeg's accurate integer method, so that its results
/// are met exactly.
/// </summary>
internal static class JpegTransform
{
    private const int FractionBits = 13;
    private const int KeptBits = 2;

    // round(x * 2^13)
    private const int F0298631336 = 2446, F0390180644 = 3196, F0541196100 = 4433, F0765366865 = 6270;
    private const int F0899976223 = 7373, F1175875602 = 9633, F1501321110 = 12299, F1847759065 = 15137;
    private const int F1961570560 = 16069, F2053119869 = 16819, F2562915447 = 20995, F3072711026 = 25172;

    /// <summary>Dequantises and transforms a block into samples of 0..255.</summary>
    /// <param name="coefficients">64 quantised coefficients, row by row.</param>
    /// <param name="quantisation">64 factors, row by row.</param>
    /// <param name="samples">Where the first sample goes; rows follow at the stride.</param>
    /// <param name="stride">Samples from one row to the next.</param>
    public static void Inverse(ReadOnlySpan<short> coefficients, ReadOnlySpan<int> quantisation, Span<byte> samples, int stride)
    {
        var rows = default(Rows);
        for (int y = 0; y < 8; y++)
        {
            Vector256<int> values = Vector256.WidenLower(Vector128.Create(coefficients[(8 * y)..]).ToVector256());
            rows[y] = values * Vector256.Create(quantisation[(8 * y)..]);
        }
        InversePass(ref rows, FractionBits - KeptBits);
        Transpose(ref rows);
        InversePass(ref rows, FractionBits + KeptBits + 3);
        Transpose(ref rows);
        for (int y = 0; y < 8; y += 4)
        {
            Vector256<short> upper = Vector256.Narrow(ToSample(rows[y]), ToSample(rows[y + 1]));
            Vector256<short> lower = Vector256.Narrow(ToSample(rows[y + 2]), ToSample(rows[y + 3]));
            Vector256<ulong> four = Vector256.Narrow(upper, lower).AsUInt64();
            for (int i = 0; i < 4; i++)
                BinaryPrimitives.WriteUInt64LittleEndian(samples[((y + i) * stride)..], four[i]);
        }
    }

    /// <summary>What <see cref="Inverse"/> does for a block that has a DC coefficient alone.</summary>
    public static void InverseOfDc(int coefficient, int factor, Span<byte> samples, int stride)
    {
        byte value = (byte)Math.Clamp(((coefficient * factor + 4) >> 3) + 128, 0, 255);
        for (int y = 0; y < 8; y++)
            samples.Slice(y * stride, 8).Fill(value);
    }

    /// <summary>Transforms a block of samples; the coefficients come out eight times as large as those of the formula.</summary>
    /// <param name="samples">The first sample; rows follow at the stride.</param>
    /// <param name="stride">Samples from one row to the next.</param>
    /// <param name="coefficients">64 coefficients, row by row.</param>
    public static void Forward(ReadOnlySpan<byte> samples, int stride, Span<int> coefficients)
    {
        var rows = default(Rows);
        for (int y = 0; y < 8; y++)
        {
            Vector128<byte> bytes = Vector128.CreateScalar(MemoryMarshal.Read<ulong>(samples[(y * stride)..])).AsByte();
            Vector128<ushort> shorts = Vector128.WidenLower(bytes);
            rows[y] = Vector256.WidenLower(shorts.ToVector256()).AsInt32() - Vector256.Create(128);
        }
        // The forward transform goes over the rows first.
        Transpose(ref rows);
        ForwardPass(ref rows, isFirst: true);
        Transpose(ref rows);
        ForwardPass(ref rows, isFirst: false);
        for (int y = 0; y < 8; y++)
            rows[y].CopyTo(coefficients[(8 * y)..]);
    }

    private static Vector256<int> ToSample(Vector256<int> value) =>
        Vector256.Min(Vector256.Max(value + Vector256.Create(128), Vector256<int>.Zero), Vector256.Create(255));

    // Eight one-dimensional transforms at once, one in each lane; the results lose some bits with rounding.
    private static void InversePass(ref Rows r, int shift)
    {
        Vector256<int> shared = (r[2] + r[6]) * F0541196100;
        Vector256<int> even2 = shared - r[6] * F1847759065;
        Vector256<int> even3 = shared + r[2] * F0765366865;
        Vector256<int> half = Vector256.Create(1 << (shift - 1));
        Vector256<int> even0 = ((r[0] + r[4]) << FractionBits) + half;
        Vector256<int> even1 = ((r[0] - r[4]) << FractionBits) + half;
        Vector256<int> sum0 = even0 + even3, sum3 = even0 - even3;
        Vector256<int> sum1 = even1 + even2, sum2 = even1 - even2;

        Vector256<int> z3 = r[7] + r[3], z4 = r[5] + r[1];
        Vector256<int> z5 = (z3 + z4) * F1175875602;
        Vector256<int> z1 = (r[7] + r[1]) * F0899976223, z2 = (r[5] + r[3]) * F2562915447;
        z3 = z5 - z3 * F1961570560;
        z4 = z5 - z4 * F0390180644;
        Vector256<int> odd0 = r[7] * F0298631336 - z1 + z3;
        Vector256<int> odd1 = r[5] * F2053119869 - z2 + z4;
        Vector256<int> odd2 = r[3] * F3072711026 - z2 + z3;
        Vector256<int> odd3 = r[1] * F1501321110 - z1 + z4;

        r[0] = (sum0 + odd3) >> shift;
        r[7] = (sum0 - odd3) >> shift;
        r[1] = (sum1 + odd2) >> shift;
        r[6] = (sum1 - odd2) >> shift;
        r[2] = (sum2 + odd1) >> shift;
        r[5] = (sum2 - odd1) >> shift;
        r[3] = (sum3 + odd0) >> shift;
        r[4] = (sum3 - odd0) >> shift;
    }

    private static void ForwardPass(ref Rows r, bool isFirst)
    {
        Vector256<int> sum0 = r[0] + r[7], odd0 = r[0] - r[7];
        Vector256<int> sum1 = r[1] + r[6], odd1 = r[1] - r[6];
        Vector256<int> sum2 = r[2] + r[5], odd2 = r[2] - r[5];
        Vector256<int> sum3 = r[3] + r[4], odd3 = r[3] - r[4];
        Vector256<int> even0 = sum0 + sum3, even3 = sum0 - sum3;
        Vector256<int> even1 = sum1 + sum2, even2 = sum1 - sum2;

        int shift = isFirst ? FractionBits - KeptBits : FractionBits + KeptBits;
        Vector256<int> half = Vector256.Create(1 << (shift - 1));
        Vector256<int> keptHalf = Vector256.Create(1 << (KeptBits - 1));
        r[0] = isFirst ? (even0 + even1) << KeptBits : (even0 + even1 + keptHalf) >> KeptBits;
        r[4] = isFirst ? (even0 - even1) << KeptBits : (even0 - even1 + keptHalf) >> KeptBits;
        Vector256<int> shared = (even2 + even3) * F0541196100 + half;
        r[2] = (shared + even3 * F0765366865) >> shift;
        r[6] = (shared - even2 * F1847759065) >> shift;

        Vector256<int> z3 = odd3 + odd1, z4 = odd2 + odd0;
        Vector256<int> z5 = (z3 + z4) * F1175875602 + half;
        Vector256<int> z1 = (odd3 + odd0) * F0899976223, z2 = (odd2 + odd1) * F2562915447;
        z3 = z5 - z3 * F1961570560;
        z4 = z5 - z4 * F0390180644;
        r[7] = (odd3 * F0298631336 - z1 + z3) >> shift;
        r[5] = (odd2 * F2053119869 - z2 + z4) >> shift;
        r[3] = (odd1 * F3072711026 - z2 + z3) >> shift;
        r[1] = (odd0 * F1501321110 - z1 + z4) >> shift;
    }

    private static void Transpose(ref Rows r)
    {
        if (!Avx2.IsSupported)
        {
            Span<Vector256<int>> rows = r;
            Span<int> values = MemoryMarshal.Cast<Vector256<int>, int>(rows);
            for (int y = 0; y < 8; y++)
            {
                for (int x = 0; x < y; x++)
                    (values[8 * y + x], values[8 * x + y]) = (values[8 * x + y], values[8 * y + x]);
            }
            return;
        }
        // 2 x 2, then 4 x 4 within the halves, then the halves.
        Vector256<int> a0 = Avx2.UnpackLow(r[0], r[1]), a1 = Avx2.UnpackHigh(r[0], r[1]);
        Vector256<int> a2 = Avx2.UnpackLow(r[2], r[3]), a3 = Avx2.UnpackHigh(r[2], r[3]);
        Vector256<int> a4 = Avx2.UnpackLow(r[4], r[5]), a5 = Avx2.UnpackHigh(r[4], r[5]);
        Vector256<int> a6 = Avx2.UnpackLow(r[6], r[7]), a7 = Avx2.UnpackHigh(r[6], r[7]);
        (Vector256<int> b0, Vector256<int> b1) = Unpack64(a0, a2);
        (Vector256<int> b2, Vector256<int> b3) = Unpack64(a1, a3);
        (Vector256<int> b4, Vector256<int> b5) = Unpack64(a4, a6);
        (Vector256<int> b6, Vector256<int> b7) = Unpack64(a5, a7);
        r[0] = Avx2.Permute2x128(b0, b4, 0x20);
        r[1] = Avx2.Permute2x128(b1, b5, 0x20);
        r[2] = Avx2.Permute2x128(b2, b6, 0x20);
        r[3] = Avx2.Permute2x128(b3, b7, 0x20);
        r[4] = Avx2.Permute2x128(b0, b4, 0x31);
        r[5] = Avx2.Permute2x128(b1, b5, 0x31);
        r[6] = Avx2.Permute2x128(b2, b6, 0x31);
        r[7] = Avx2.Permute2x128(b3, b7, 0x31);
    }

    private static (Vector256<int> Low, Vector256<int> High) Unpack64(Vector256<int> a, Vector256<int> b) =>
        (Avx2.UnpackLow(a.AsInt64(), b.AsInt64()).AsInt32(), Avx2.UnpackHigh(a.AsInt64(), b.AsInt64()).AsInt32());

    [InlineArray(8)]
    private struct Rows
    {
        private Vector256<int> _first;
    }
}
