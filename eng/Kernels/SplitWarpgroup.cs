using ILGPU.IR.Intrinsics;

namespace Gsasr.Kernels;

/// <summary>
/// Products of numbers with more bits than a float16 has, on the tensor cores of NVIDIA's Hopper (target sm_90a). Each number is the sum of two
/// float16, a high and a low part. All items of a warpgroup call the products together. The bodies in C# are for tests that run kernels on the
/// processor.
/// </summary>
/// <remarks>
/// A product takes 64 rows and 32 terms of the depth. The rows' parts come from registers, as the PTX manual says under wgmma.m64nNk16: four
/// registers for the first 16 terms and four for the last. The columns lie in shared memory, each 128 bytes on a boundary of as many: 32 high parts and
/// then 32 low ones, their eight chunks of 16 bytes permuted as Float16Product describes it. The first column starts on a boundary of 1024 bytes.
/// The small terms are added up before the large ones, so that the tensor cores, which cut off what does not fit a sum, cut off little. Products of
/// two low parts are left out.
/// </remarks>
public static class SplitWarpgroup
{
    private const string Begin =
        "{ .reg .pred go, first; .reg .b32 low, high; .reg .b64 h0, h1, l0, l1; mov.b32 low, 1; setp.ne.b32 go, low, 0; setp.eq.b32 first, low, 0; " +
        "mov.b32 high, 0x40000040; ";

    private const string Start =
        " mov.b64 h0, {low, high}; add.s64 h1, h0, 2; add.s64 l0, h0, 4; add.s64 l1, h0, 6; wgmma.fence.sync.aligned; ";

    private const string End = "wgmma.commit_group.sync.aligned; wgmma.wait_group.sync.aligned 0; }";

    private const string Product64 = "wgmma.mma_async.sync.aligned.m64n64k16.f32.f16.f16 {%0..%31}, ";
    private const string Product128 = "wgmma.mma_async.sync.aligned.m64n128k16.f32.f16.f16 {%0..%63}, ";
    private const string Product192 = "wgmma.mma_async.sync.aligned.m64n192k16.f32.f16.f16 {%0..%95}, ";

    private const string Add = ", go, 1, 1, 0; ";

    /// <summary>The sums of 32 products each, for 64 columns.</summary>
    /// <param name="high0">The high parts of the item's rows, of the first 16 terms.</param>
    /// <param name="low0">The low parts.</param>
    /// <param name="high1">The high parts of the last 16 terms.</param>
    /// <param name="low1">The low parts.</param>
    /// <param name="columns">Where the columns start in shared memory.</param>
    /// <returns>The item's sums, as <see cref="Warpgroup.Multiply64"/> has them.</returns>
    [Instruction(
        Begin + "shr.u32 low, %48, 4;" + Start +
        Product64 + "{%36..%39}, h0, first, 1, 1, 0; " + Product64 + "{%44..%47}, h1" + Add +
        Product64 + "{%32..%35}, l0" + Add + Product64 + "{%40..%43}, l1" + Add +
        Product64 + "{%32..%35}, h0" + Add + Product64 + "{%40..%43}, h1" + Add + End,
        null), IntrinsicImplementation]
    public static Sums64 Multiply64(Int4 high0, Int4 low0, Int4 high1, Int4 low1, int columns) =>
        SoftwareWarpgroup.MultiplySplit(SoftwareWarpgroup.Gather(high0, low0, high1, low1), columns, 0);

    /// <summary>As <see cref="Multiply64"/>, of 128 columns.</summary>
    /// <param name="high0">The high parts of the item's rows, of the first 16 terms.</param>
    /// <param name="low0">The low parts.</param>
    /// <param name="high1">The high parts of the last 16 terms.</param>
    /// <param name="low1">The low parts.</param>
    /// <param name="columns">Where the columns start in shared memory.</param>
    [Instruction(
        Begin + "shr.u32 low, %80, 4;" + Start +
        Product128 + "{%68..%71}, h0, first, 1, 1, 0; " + Product128 + "{%76..%79}, h1" + Add +
        Product128 + "{%64..%67}, l0" + Add + Product128 + "{%72..%75}, l1" + Add +
        Product128 + "{%64..%67}, h0" + Add + Product128 + "{%72..%75}, h1" + Add + End,
        null), IntrinsicImplementation]
    public static Sums128 Multiply128(Int4 high0, Int4 low0, Int4 high1, Int4 low1, int columns)
    {
        float[] rows = SoftwareWarpgroup.Gather(high0, low0, high1, low1);
        return new()
        {
            First = SoftwareWarpgroup.MultiplySplit(rows, columns, 0),
            Second = SoftwareWarpgroup.MultiplySplit(rows, columns, 64),
        };
    }

    /// <summary>As <see cref="Multiply64"/>, of 192 columns.</summary>
    /// <param name="high0">The high parts of the item's rows, of the first 16 terms.</param>
    /// <param name="low0">The low parts.</param>
    /// <param name="high1">The high parts of the last 16 terms.</param>
    /// <param name="low1">The low parts.</param>
    /// <param name="columns">Where the columns start in shared memory.</param>
    [Instruction(
        Begin + "shr.u32 low, %112, 4;" + Start +
        Product192 + "{%100..%103}, h0, first, 1, 1, 0; " + Product192 + "{%108..%111}, h1" + Add +
        Product192 + "{%96..%99}, l0" + Add + Product192 + "{%104..%107}, l1" + Add +
        Product192 + "{%96..%99}, h0" + Add + Product192 + "{%104..%107}, h1" + Add + End,
        null), IntrinsicImplementation]
    public static Sums192 Multiply192(Int4 high0, Int4 low0, Int4 high1, Int4 low1, int columns)
    {
        float[] rows = SoftwareWarpgroup.Gather(high0, low0, high1, low1);
        return new()
        {
            First = SoftwareWarpgroup.MultiplySplit(rows, columns, 0),
            Second = SoftwareWarpgroup.MultiplySplit(rows, columns, 64),
            Third = SoftwareWarpgroup.MultiplySplit(rows, columns, 128),
        };
    }

    /// <summary>Reads four floats from an address in shared memory, a multiple of 16.</summary>
    [Instruction("ld.shared.v4.f32 {%0, %1, %2, %3}, [%4];", null), IntrinsicImplementation]
    public static Float4 Load4(int sharedAddress) => SharedAddress.Read<Float4>(sharedAddress);

    /// <summary>Reads eight 16-bit numbers from an address in shared memory, a multiple of 16.</summary>
    [Instruction("ld.shared.v4.b32 {%0, %1, %2, %3}, [%4];", null), IntrinsicImplementation]
    public static Int4 Load8(int sharedAddress) => SharedAddress.Read<Int4>(sharedAddress);

    /// <summary>Writes eight 16-bit numbers to an address in shared memory, a multiple of 16.</summary>
    [Instruction("st.shared.v4.b32 [%0], {%1, %2, %3, %4};", null), IntrinsicImplementation]
    public static void Store8(int sharedAddress, Int4 values) => SharedAddress.Write(sharedAddress, values);

    /// <summary>As <see cref="TensorCores.StartCopy"/>, of four floats.</summary>
    [Instruction("cp.async.cg.shared.global [%0], [%1], 16, %2;", null), IntrinsicImplementation]
    public static void StartCopy(int sharedAddress, ref float source, int bytes) => SoftwareCopies.Start(sharedAddress, ref source, bytes, 16);

    /// <summary>As <see cref="StartCopy"/>, of one float, on a boundary of 4 bytes.</summary>
    [Instruction("cp.async.ca.shared.global [%0], [%1], 4, %2;", null), IntrinsicImplementation]
    public static void StartCopyOfOne(int sharedAddress, ref float source, int bytes) => SoftwareCopies.Start(sharedAddress, ref source, bytes, 4);
}
