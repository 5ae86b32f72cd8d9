using Gsasr.Kernels;
using ILGPU;
using ILGPU.Algorithms;

namespace Gsasr.Devices.Tests;

/// <summary>Every instruction of <see cref="Gpu"/>, and the mathematics that kernels take from ILGPU.</summary>
internal static class InstructionKernels
{
    private const int GroupSize = SampleShape.GroupSize;

    /// <summary>results[k * count + i] = the k-th operation on a[i], b[i] and c[i], rounded once.</summary>
    [Kernel(GroupSize)]
    public static void Exact(ArrayView<float> a, ArrayView<float> b, ArrayView<float> c, ArrayView<float> results, int count)
    {
        int i = Grid.IdxX * GroupSize + Group.IdxX;
        if (i >= count)
            return;
        float x = Gpu.LoadReadOnly(ref a[i]);
        float y = b[i];
        float z = c[i];
        results[0 * count + i] = Gpu.Fma(x, y, z);
        results[1 * count + i] = Gpu.Add(x, y);
        results[2 * count + i] = Gpu.Subtract(x, y);
        results[3 * count + i] = Gpu.Multiply(x, y);

        // Each operation by itself, though a compiler could make one of two of them.
        results[4 * count + i] = Gpu.Add(Gpu.Multiply(x, y), z);
        results[5 * count + i] = Gpu.Subtract(Gpu.Multiply(x, y), z);
        results[6 * count + i] = Gpu.Floor(x);
        results[7 * count + i] = Gpu.Ceiling(x);
        results[8 * count + i] = Gpu.Round(x);
        results[9 * count + i] = Gpu.Keep(x);
        results[10 * count + i] = Gpu.Keep(i);
        results[11 * count + i] = XMath.Min(x, y);
        results[12 * count + i] = XMath.Max(x, y);
        results[13 * count + i] = XMath.Abs(x);
        results[14 * count + i] = XMath.PopCount((int)Interop.FloatAsInt(x));
        results[15 * count + i] = Gpu.FirstBit((int)Interop.FloatAsInt(x) | int.MinValue);
    }

    /// <summary>results[k * count + i] = the k-th function of inputs[i].</summary>
    [Kernel(GroupSize)]
    public static void Approximate(ArrayView<float> inputs, ArrayView<float> results, int count)
    {
        int i = Grid.IdxX * GroupSize + Group.IdxX;
        if (i >= count)
            return;
        float x = inputs[i];
        results[0 * count + i] = Gpu.DivideFast(1.5f, x);
        results[1 * count + i] = Gpu.Exp2(x);
        results[2 * count + i] = Gpu.NativeExp2(x);
        results[3 * count + i] = XMath.Exp(x);
        results[4 * count + i] = XMath.Sqrt(x);
        results[5 * count + i] = XMath.Rsqrt(x);
        results[6 * count + i] = 1.5f / x;
    }

    /// <summary>Copies in twos and fours of every kind, by way of shared memory; the values of each item are turned around.</summary>
    [Kernel(GroupSize)]
    public static void Vectors(ArrayView<float> floats, ArrayView<int> numbers, ArrayView<float> turned, ArrayView<int> turnedNumbers)
    {
        ArrayView<float> sharedFloats = SharedMemory.Allocate<float>(GroupSize * 8);
        ArrayView<int> sharedNumbers = SharedMemory.Allocate<int>(GroupSize * 4);
        int lane = Group.IdxX;
        int i = Grid.IdxX * GroupSize + lane;
        Float4 four = Gpu.LoadReadOnly4(ref floats[i * 12]);
        Float4 next = Gpu.Load4(ref floats[i * 12 + 4]);
        Float2 two = Gpu.Load2(ref floats[i * 12 + 8]);
        Float2 last = Gpu.Load2(ref floats[i * 12 + 10]);
        Int4 number = Gpu.Load4(ref numbers[i * 4]);
        Gpu.Store4(ref sharedFloats[lane * 8], new Float4(four.W, four.Z, four.Y, four.X));
        Gpu.Store2(ref sharedFloats[lane * 8 + 4], new Float2(two.Y, two.X));
        Gpu.Store2(ref sharedFloats[lane * 8 + 6], last);
        Gpu.Store4(ref sharedNumbers[lane * 4], new Int4(number.W, number.Z, number.Y, number.X));
        Group.Barrier();
        Float2 shared = Gpu.Load2(ref sharedFloats[lane * 8 + 6]);
        Gpu.Store2(ref turned[i * 12], new Float2(shared.Y, shared.X));
        Gpu.Store2(ref turned[i * 12 + 2], Gpu.Load2(ref sharedFloats[lane * 8 + 4]));
        Gpu.Store4(ref turned[i * 12 + 4], new Float4(next.W, next.Z, next.Y, next.X));
        Gpu.Store4(ref turned[i * 12 + 8], Gpu.Load4(ref sharedFloats[lane * 8]));
        Gpu.Store4(ref turnedNumbers[i * 4], Gpu.Load4(ref sharedNumbers[lane * 4]));
    }

    /// <summary>Passes values from item to item of a group through global memory: turned[i] = values[group's end - i].</summary>
    [Kernel(GroupSize)]
    public static void ThroughGlobalMemory(ArrayView<int> values, ArrayView<int> passed, ArrayView<int> turned)
    {
        int first = Grid.IdxX * GroupSize;
        int lane = Group.IdxX;
        passed[first + lane] = values[first + lane];
        Gpu.GlobalBarrier();
        turned[first + lane] = passed[first + GroupSize - 1 - lane];
    }
}
