using ILGPU;
using ILGPU.IR.Intrinsics;

namespace Gsasr.Kernels;

/// <summary>
/// Products on the tensor cores of NVIDIA's Hopper (target sm_90a), which the four warps of a warpgroup compute together from operands in
/// shared memory. All items of a warpgroup call these together. The bodies in C# are for tests that run kernels on the processor.
/// </summary>
/// <remarks>
/// An operand is a slice of the depth as Float16Product describes it, rows of 64 float16 with their eight chunks permuted: bits 4 to 6 of an address by bits 7 to 9.
/// B starts on a boundary of 1024 bytes, A on one of 128.
/// </remarks>
public static class Warpgroup
{
    // The upper half of a descriptor: how many times 16 bytes eight rows take, and that chunks are permuted within 128 bytes.
    private const string Begin =
        "{ .reg .pred go; .reg .b32 low, high; .reg .b64 a, b; mov.b32 low, 1; setp.ne.b32 go, low, 0; ";

    private const string Left = " or.b32 high, high, 0x40000000; mov.b64 a, {low, high}; ";

    private const string Right = " mov.b32 high, 0x40000040; mov.b64 b, {low, high}; ";

    // The next 16 values of the depth, 32 bytes further on; descriptors count in 16.
    private const string Next = " add.s64 a, a, 2; add.s64 b, b, 2; ";

    private const string Start = "wgmma.fence.sync.aligned; ";

    private const string End = " wgmma.commit_group.sync.aligned; wgmma.wait_group.sync.aligned 0; }";

    private const string Product64 = "wgmma.mma_async.sync.aligned.m64n64k16.f32.f16.f16 {%0..%31}, a, b, go, 1, 1, 0, 0;";
    private const string Product128 = "wgmma.mma_async.sync.aligned.m64n128k16.f32.f16.f16 {%0..%63}, a, b, go, 1, 1, 0, 0;";
    private const string Product192 = "wgmma.mma_async.sync.aligned.m64n192k16.f32.f16.f16 {%0..%95}, a, b, go, 1, 1, 0, 0;";

    /// <summary>
    /// Makes what the item wrote into shared memory, by stores or finished copies, visible to the products that items start after the next
    /// barrier.
    /// </summary>
    [Instruction("fence.proxy.async.shared::cta;", null), IntrinsicImplementation]
    public static void ShowSharedMemory()
    {
    }

    /// <summary>
    /// sums + A * B over a slice of the depth: 64 rows of A, of which each warp has 16, and 64 rows of B, the columns of the product. The
    /// product is finished when the call returns.
    /// </summary>
    /// <param name="sums">The item's sums: of columns 8 n + 2 (lane % 4) and the next, rows lane / 4 and lane / 4 + 8 of its warp.</param>
    /// <param name="rows">Where the warpgroup's rows of A start in shared memory.</param>
    /// <param name="columns">Where B starts.</param>
    /// <param name="eightRows">Bytes from the beginning of eight rows of A to that of the next eight, a multiple of 128.</param>
    [Instruction(
        Begin + "shr.u32 low, %64, 4; shr.u32 high, %66, 4;" + Left + "shr.u32 low, %65, 4;" + Right +
        Start + Product64 + Next + Product64 + Next + Product64 + Next + Product64 + End,
        null,
        IsInPlace = true), IntrinsicImplementation]
    public static Sums64 Multiply64(Sums64 sums, int rows, int columns, int eightRows) => SoftwareWarpgroup.Multiply(sums, rows, columns, eightRows, 0);

    /// <summary>As <see cref="Multiply64"/>, of 128 columns.</summary>
    /// <param name="sums">The item's sums.</param>
    /// <param name="rows">Where the warpgroup's rows of A start in shared memory.</param>
    /// <param name="columns">Where B starts.</param>
    /// <param name="eightRows">Bytes from the beginning of eight rows of A to that of the next eight, a multiple of 128.</param>
    [Instruction(
        Begin + "shr.u32 low, %128, 4; shr.u32 high, %130, 4;" + Left + "shr.u32 low, %129, 4;" + Right +
        Start + Product128 + Next + Product128 + Next + Product128 + Next + Product128 + End,
        null,
        IsInPlace = true), IntrinsicImplementation]
    public static Sums128 Multiply128(Sums128 sums, int rows, int columns, int eightRows) => new()
    {
        First = SoftwareWarpgroup.Multiply(sums.First, rows, columns, eightRows, 0),
        Second = SoftwareWarpgroup.Multiply(sums.Second, rows, columns, eightRows, 64),
    };

    /// <summary>As <see cref="Multiply64"/>, of 192 columns.</summary>
    /// <param name="sums">The item's sums.</param>
    /// <param name="rows">Where the warpgroup's rows of A start in shared memory.</param>
    /// <param name="columns">Where B starts.</param>
    /// <param name="eightRows">Bytes from the beginning of eight rows of A to that of the next eight, a multiple of 128.</param>
    [Instruction(
        Begin + "shr.u32 low, %192, 4; shr.u32 high, %194, 4;" + Left + "shr.u32 low, %193, 4;" + Right +
        Start + Product192 + Next + Product192 + Next + Product192 + Next + Product192 + End,
        null,
        IsInPlace = true), IntrinsicImplementation]
    public static Sums192 Multiply192(Sums192 sums, int rows, int columns, int eightRows) => new()
    {
        First = SoftwareWarpgroup.Multiply(sums.First, rows, columns, eightRows, 0),
        Second = SoftwareWarpgroup.Multiply(sums.Second, rows, columns, eightRows, 64),
        Third = SoftwareWarpgroup.Multiply(sums.Third, rows, columns, eightRows, 128),
    };
}
