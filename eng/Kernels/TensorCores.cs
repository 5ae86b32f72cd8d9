using ILGPU.IR.Intrinsics;

namespace Gsasr.Kernels;

/// <summary>
/// Products on the tensor cores of NVIDIA hardware, and the loading of their operands, for kernels with the target sm_75 or a later one.
/// Two 16-bit numbers of consecutive columns share an <c>int</c>, the first in the low half. All items of a warp call these together.
/// The bodies in C# are for tests that run kernels on the processor.
/// </summary>
public static class TensorCores
{
    /// <summary>
    /// c + a * b: 16 x 8 sums of 16 products of float16, spread over the 32 items of a warp as the PTX manual says under mma.m16n8k16.
    /// Turing has products of half the depth, of which two after the other are this one.
    /// </summary>
    [Instruction(
        "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%8, %9, %10, %11}, {%12, %13}, {%4, %5, %6, %7};",
        null,
        TuringPtx = "{ .reg .f32 x, y, z, w; " +
            "mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {x, y, z, w}, {%8, %9}, {%12}, {%4, %5, %6, %7}; " +
            "mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%10, %11}, {%13}, {x, y, z, w}; }"), IntrinsicImplementation]
    public static Float4 MultiplyFloat16(Float4 c, Int4 a, int b0, int b1) => SoftwareWarp.Multiply(c, a, b0, b1, SoftwareWarp.FromFloat16);

    /// <summary>As <see cref="MultiplyFloat16"/>, of bfloat16; from sm_80 on.</summary>
    [Instruction(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%8, %9, %10, %11}, {%12, %13}, {%4, %5, %6, %7};",
        null), IntrinsicImplementation]
    public static Float4 MultiplyBFloat16(Float4 c, Int4 a, int b0, int b1) => SoftwareWarp.Multiply(c, a, b0, b1, SoftwareWarp.FromBFloat16);

    /// <summary>
    /// Four matrices of 8 x 8 16-bit numbers. Item i gives the address of row i % 8 of matrix i / 8, 16 bytes in shared memory. It gets the
    /// numbers 2 (i % 4) and 2 (i % 4) + 1 of row i / 4 of each matrix.
    /// </summary>
    [Instruction("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];", null), IntrinsicImplementation]
    public static Int4 LoadMatrices(int address) => SoftwareWarp.LoadMatrices(address, transposed: false);

    /// <summary>As <see cref="LoadMatrices"/>, each matrix transposed.</summary>
    [Instruction("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];", null), IntrinsicImplementation]
    public static Int4 LoadMatricesTransposed(int address) => SoftwareWarp.LoadMatrices(address, transposed: true);

    /// <summary>The address of an element within shared memory, in bytes.</summary>
    [Instruction("cvt.u32.u64 %0, %1;", null), IntrinsicImplementation]
    public static int AddressOf(ref int sharedElement) => SharedAddress.Of(ref sharedElement);

    /// <summary>
    /// Starts to copy 16 bytes from global to shared memory; both lie on a boundary of 16 bytes. If <paramref name="bytes"/> is 0 instead
    /// of 16, nothing is read, and zeros are written. Turing copies at once.
    /// </summary>
    [Instruction(
        "cp.async.cg.shared.global [%0], [%1], 16, %2;",
        null,
        TuringPtx = "{ .reg .pred reads; .reg .b32 bytes, x, y, z, w; mov.b32 bytes, %2; setp.ne.b32 reads, bytes, 0; " +
            "mov.b32 x, 0; mov.b32 y, 0; mov.b32 z, 0; mov.b32 w, 0; " +
            "@reads ld.global.v4.b32 {x, y, z, w}, [%1]; " +
            "st.shared.v4.b32 [%0], {x, y, z, w}; }"), IntrinsicImplementation]
    public static void StartCopy(int sharedAddress, ref short source, int bytes) => SoftwareCopies.Start(sharedAddress, ref source, bytes, 16);

    /// <summary>Makes the copies that the item started since the last call a group.</summary>
    [Instruction("cp.async.commit_group;", null, TuringPtx = "// Copies were made at once."), IntrinsicImplementation]
    public static void EndCopyGroup() => SoftwareCopies.EndGroup();

    /// <summary>
    /// Waits until at most the last <paramref name="pending"/> of the item's groups of copies, a constant, are still under way.
    /// </summary>
    [Instruction("cp.async.wait_group %0;", null, TuringPtx = "// Copies were made at once."), IntrinsicImplementation]
    public static void WaitForCopies(int pending) => SoftwareCopies.WaitFor(pending);

    /// <summary>Two numbers rounded to the nearest float16, ties to even; beyond the range they become infinite.</summary>
    [Instruction(
        "cvt.rn.f16x2.f32 %0, %2, %1;",
        null,
        TuringPtx = "{ .reg .b16 low, high; cvt.rn.f16.f32 low, %1; cvt.rn.f16.f32 high, %2; mov.b32 %0, {low, high}; }"), IntrinsicImplementation]
    public static int PackFloat16(float low, float high) => (ushort)BitConverter.HalfToInt16Bits((Half)low) | BitConverter.HalfToInt16Bits((Half)high) << 16;

    /// <summary>The two float16 in a number.</summary>
    [Instruction(
        "{ .reg .b16 low, high; mov.b32 {low, high}, %2; cvt.f32.f16 %0, low; cvt.f32.f16 %1, high; }",
        null), IntrinsicImplementation]
    public static Float2 UnpackFloat16(int packed) => new(SoftwareWarp.FromFloat16((ushort)packed), SoftwareWarp.FromFloat16((ushort)(packed >> 16)));

    /// <summary>Reads eight 16-bit numbers on a boundary of 16 bytes.</summary>
    [Instruction("ld.#.v4.b32 {%0, %1, %2, %3}, [%4];", null), IntrinsicImplementation]
    public static Int4 Load8(ref short first) => Memory.Read<short, Int4>(ref first);

    /// <summary>Reads two 16-bit numbers on a boundary of 4 bytes.</summary>
    [Instruction("ld.#.b32 %0, [%1];", null), IntrinsicImplementation]
    public static int Load2(ref short first) => Memory.Read<short, int>(ref first);

    /// <summary>Writes eight 16-bit numbers on a boundary of 16 bytes.</summary>
    [Instruction("st.#.v4.b32 [%0], {%1, %2, %3, %4};", null), IntrinsicImplementation]
    public static void Store8(ref short first, Int4 values) => Memory.Write(ref first, values);

    /// <summary>Writes two 16-bit numbers on a boundary of 4 bytes.</summary>
    [Instruction("st.#.b32 [%0], %1;", null), IntrinsicImplementation]
    public static void Store2(ref short first, int values) => Memory.Write(ref first, values);

    /// <summary>The value of the item whose number within the warp differs by the bits of <paramref name="mask"/>.</summary>
    [Instruction("shfl.sync.bfly.b32 %0, %1, %2, 31, 0xffffffff;", null), IntrinsicImplementation]
    public static float Exchange(float value, int mask) => SoftwareWarp.Exchange(value, mask);

    /// <summary>1 if a condition holds for any item of the warp, else 0.</summary>
    [Instruction("{ .reg .pred any; vote.sync.any.pred any, %1, 0xffffffff; selp.b32 %0, 1, 0, any; }", null), IntrinsicImplementation]
    public static int Any(bool condition) => SoftwareWarp.Any(condition) ? 1 : 0;
}
