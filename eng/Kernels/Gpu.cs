using ILGPU;
using ILGPU.IR.Intrinsics;

namespace Gsasr.Kernels;

/// <summary>
/// Instructions of both backends that ILGPU does not offer, or not with the rounding that is meant. The driver's compiler may contract
/// arithmetic with C# operators (turn a product and a sum into one operation) or not. These methods do exactly what they say.
/// The bodies in C# are for tests that run kernels on the processor.
/// </summary>
public static class Gpu
{
    /// <summary>a * b + c, rounded once.</summary>
    [Instruction("fma.rn.f32 %0, %1, %2, %3;", "%0 = fma(%1, %2, %3)"), IntrinsicImplementation]
    public static float Fma(float a, float b, float c) => MathF.FusedMultiplyAdd(a, b, c);

    /// <summary>a + b, rounded to nearest; never part of a fused operation.</summary>
    [Instruction("add.rn.f32 %0, %1, %2;", "%0 = %1 + %2"), IntrinsicImplementation]
    public static float Add(float a, float b) => a + b;

    /// <summary>a - b, rounded to nearest; never part of a fused operation.</summary>
    [Instruction("sub.rn.f32 %0, %1, %2;", "%0 = %1 - %2"), IntrinsicImplementation]
    public static float Subtract(float a, float b) => a - b;

    /// <summary>a * b, rounded to nearest; never part of a fused operation.</summary>
    [Instruction("mul.rn.f32 %0, %1, %2;", "%0 = %1 * %2"), IntrinsicImplementation]
    public static float Multiply(float a, float b) => a * b;

    /// <summary>a / b within 2 units in the last place, for |b| up to 2^126.</summary>
    [Instruction("div.approx.ftz.f32 %0, %1, %2;", "%0 = %1 / %2"), IntrinsicImplementation]
    public static float DivideFast(float a, float b) => a / b;

    /// <summary>2^x within about 2^-22 relative; results below 2^-126 may be 0.</summary>
    [Instruction("ex2.approx.ftz.f32 %0, %1;", "%0 = exp2(%1)"), IntrinsicImplementation]
    public static float Exp2(float x) => MathF.Pow(2, x);

    /// <summary>2^x as the hardware approximates it; OpenCL promises no accuracy.</summary>
    [Instruction("ex2.approx.ftz.f32 %0, %1;", "%0 = native_exp2(%1)"), IntrinsicImplementation]
    public static float NativeExp2(float x) => MathF.Pow(2, x);

    /// <summary>The greatest whole number that is not greater.</summary>
    [Instruction("cvt.rmi.f32.f32 %0, %1;", "%0 = floor(%1)"), IntrinsicImplementation]
    public static float Floor(float x) => MathF.Floor(x);

    /// <summary>The least whole number that is not less.</summary>
    [Instruction("cvt.rpi.f32.f32 %0, %1;", "%0 = ceil(%1)"), IntrinsicImplementation]
    public static float Ceiling(float x) => MathF.Ceiling(x);

    /// <summary>The nearest whole number; ties to even.</summary>
    [Instruction("cvt.rni.f32.f32 %0, %1;", "%0 = rint(%1)"), IntrinsicImplementation]
    public static float Round(float x) => MathF.Round(x);

    /// <summary>
    /// The index of the lowest bit that is set, for a number that is not 0. Kernels cannot compute it with C# arithmetic, which wraps
    /// around: in OpenCL C the same arithmetic is undefined for the number whose only bit is the highest.
    /// </summary>
    [Instruction("brev.b32 %0, %1; clz.b32 %0, %0;", "%0 = 31 - clz((int)((uint)%1 & (0u - (uint)%1)))"), IntrinsicImplementation]
    public static int FirstBit(int value) => System.Numerics.BitOperations.TrailingZeroCount(value);

    /// <summary>Reads two floats that lie on a boundary of 8 bytes.</summary>
    [Instruction("ld.#.v2.f32 {%0, %1}, [%2];", "float2 $ = *(# const float2*)%1; %0.field_0 = $.x; %0.field_1 = $.y"), IntrinsicImplementation]
    public static Float2 Load2(ref float first) => Memory.Read<float, Float2>(ref first);

    /// <summary>Reads four floats that lie on a boundary of 16 bytes.</summary>
    [Instruction(
        "ld.#.v4.f32 {%0, %1, %2, %3}, [%4];",
        "float4 $ = *(# const float4*)%1; %0.field_0 = $.x; %0.field_1 = $.y; %0.field_2 = $.z; %0.field_3 = $.w"), IntrinsicImplementation]
    public static Float4 Load4(ref float first) => Memory.Read<float, Float4>(ref first);

    /// <summary>As <see cref="Load4(ref float)"/> if a condition holds, else zeros, without a branch.</summary>
    [Instruction(
        "mov.f32 %0, 0f00000000; mov.f32 %1, 0f00000000; mov.f32 %2, 0f00000000; mov.f32 %3, 0f00000000; "
        + "@%5 ld.#.v4.f32 {%0, %1, %2, %3}, [%4];",
        "float4 $ = (float4)(0.0f); if (%2) $ = *(# const float4*)%1; "
        + "%0.field_0 = $.x; %0.field_1 = $.y; %0.field_2 = $.z; %0.field_3 = $.w"), IntrinsicImplementation]
    public static Float4 Load4If(ref float first, bool condition) => condition ? Memory.Read<float, Float4>(ref first) : default;

    /// <summary>As <see cref="Load4If"/>, from global memory that nothing writes while the kernel runs.</summary>
    [Instruction(
        "mov.f32 %0, 0f00000000; mov.f32 %1, 0f00000000; mov.f32 %2, 0f00000000; mov.f32 %3, 0f00000000; "
        + "@%5 ld.global.nc.v4.f32 {%0, %1, %2, %3}, [%4];",
        "float4 $ = (float4)(0.0f); if (%2) $ = *(# const float4*)%1; "
        + "%0.field_0 = $.x; %0.field_1 = $.y; %0.field_2 = $.z; %0.field_3 = $.w"), IntrinsicImplementation]
    public static Float4 LoadReadOnly4If(ref float first, bool condition) => condition ? Memory.Read<float, Float4>(ref first) : default;

    /// <summary>Reads a float from global memory that nothing writes while the kernel runs.</summary>
    [Instruction("ld.global.nc.f32 %0, [%1];", "%0 = *%1"), IntrinsicImplementation]
    public static float LoadReadOnly(ref float first) => first;

    /// <summary>Reads four whole numbers that lie on a boundary of 16 bytes.</summary>
    [Instruction(
        "ld.#.v4.b32 {%0, %1, %2, %3}, [%4];",
        "int4 $ = *(# const int4*)%1; %0.field_0 = $.x; %0.field_1 = $.y; %0.field_2 = $.z; %0.field_3 = $.w"), IntrinsicImplementation]
    public static Int4 Load4(ref int first) => Memory.Read<int, Int4>(ref first);

    /// <summary>Writes two floats that lie on a boundary of 8 bytes.</summary>
    [Instruction("st.#.v2.f32 [%0], {%1, %2};", "*(# float2*)%1 = (float2)(%2.field_0, %2.field_1)"), IntrinsicImplementation]
    public static void Store2(ref float first, Float2 values) => Memory.Write(ref first, values);

    /// <summary>Writes four floats that lie on a boundary of 16 bytes.</summary>
    [Instruction(
        "st.#.v4.f32 [%0], {%1, %2, %3, %4};",
        "*(# float4*)%1 = (float4)(%2.field_0, %2.field_1, %2.field_2, %2.field_3)"), IntrinsicImplementation]
    public static void Store4(ref float first, Float4 values) => Memory.Write(ref first, values);

    /// <summary>Writes four whole numbers that lie on a boundary of 16 bytes.</summary>
    [Instruction(
        "st.#.v4.b32 [%0], {%1, %2, %3, %4};",
        "*(# int4*)%1 = (int4)(%2.field_0, %2.field_1, %2.field_2, %2.field_3)"), IntrinsicImplementation]
    public static void Store4(ref int first, Int4 values) => Memory.Write(ref first, values);

    /// <summary>
    /// The value itself, computed at this place. ILGPU would move the computation of what a loop uses into the loop, and repeat it there.
    /// ILGPU does not know the result either, so a loop with such a bound is not unrolled.
    /// </summary>
    [Instruction("mov.f32 %0, %1;", "%0 = %1"), IntrinsicImplementation]
    public static float Keep(float value) => value;

    /// <inheritdoc cref="Keep(float)"/>
    [Instruction("mov.b32 %0, %1;", "%0 = %1"), IntrinsicImplementation]
    public static int Keep(int value) => value;

    /// <summary>
    /// A barrier after which the group sees what its items wrote to global memory; <c>Group.Barrier</c> promises that only for shared
    /// memory.
    /// </summary>
    [Instruction("bar.sync 0;", "barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE)"), IntrinsicImplementation]
    public static void GlobalBarrier() => Group.Barrier();
}
