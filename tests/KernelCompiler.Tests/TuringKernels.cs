using Gsasr.Kernels;
using ILGPU;

namespace Gsasr.KernelCompiler.Tests;

/// <summary>Kernels that the tests compile for several targets; they have no attribute of their own.</summary>
internal static class TuringKernels
{
    public static void MultiplyOnTensorCores(ArrayView<short> a, ArrayView<int> b, ArrayView<float> c)
    {
        ArrayView<int> shared = SharedMemory.Allocate1D<int>(4 * 32);
        int address = TensorCores.AddressOf(ref shared[0]) + Group.IdxX * 16;
        TensorCores.StartCopy(address, ref a[Group.IdxX * 8], Group.IdxX < 16 ? 16 : 0);
        TensorCores.EndCopyGroup();
        TensorCores.WaitForCopies(0);
        Group.Barrier();
        Int4 left = TensorCores.LoadMatrices(address);
        Float4 sums = TensorCores.MultiplyFloat16(default, left, b[0], b[1]);
        sums = TensorCores.MultiplyFloat16(sums, left, b[2], TensorCores.PackFloat16(c[0], c[1]));
        Gpu.Store4(ref c[Group.IdxX * 4], sums);
    }

    public static void Exchange(ArrayView<float> values) => values[Group.IdxX] = TensorCores.Exchange(values[Group.IdxX], 1);
}
