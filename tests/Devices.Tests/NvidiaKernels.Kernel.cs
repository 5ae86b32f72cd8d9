using Gsasr.Kernels;
using ILGPU;

namespace Gsasr.Devices.Tests;

/// <summary>Kernels for NVIDIA hardware alone.</summary>
internal static class NvidiaKernels
{
    /// <summary>
    /// c [16, 8] = a [16, 16] * b [16, 8] in bfloat16 with float sums. Two bfloat16 of consecutive columns of a, or consecutive rows
    /// of b, are in one number, the first in the low half: a is [16, 8] of them, b is [8 columns, 8].
    /// </summary>
    [Kernel(32, Target = "sm_80")]
    public static void MultiplyBFloat16(ArrayView<int> a, ArrayView<int> b, ArrayView<float> c)
    {
        int group = Group.IdxX / 4;
        int member = Group.IdxX % 4;
        var row = new Int4(
            a[group * 8 + member], a[(group + 8) * 8 + member], a[group * 8 + member + 4], a[(group + 8) * 8 + member + 4]);
        Float4 sums = TensorCores.MultiplyBFloat16(default, row, b[group * 8 + member], b[group * 8 + member + 4]);
        c[group * 8 + member * 2] = sums.X;
        c[group * 8 + member * 2 + 1] = sums.Y;
        c[(group + 8) * 8 + member * 2] = sums.Z;
        c[(group + 8) * 8 + member * 2 + 1] = sums.W;
    }

    /// <summary>reversed[i] = values[count - 1 - i], by way of more shared memory than static arrays can have.</summary>
    [Kernel(256, Target = "sm_80", DynamicSharedBytes = SampleShape.ReversedCount * sizeof(int))]
    public static void Reverse(ArrayView<int> values, ArrayView<int> reversed)
    {
        ArrayView<int> staged = SharedMemory.GetDynamic<int>();
        for (int i = Group.IdxX; i < SampleShape.ReversedCount; i += 256)
            staged[i] = values[i];
        Group.Barrier();
        for (int i = Group.IdxX; i < SampleShape.ReversedCount; i += 256)
            reversed[i] = staged[SampleShape.ReversedCount - 1 - i];
    }
}
