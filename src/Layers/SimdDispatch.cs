using System.Runtime.Intrinsics;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Layers;

/// <summary>An operation of the processor that is written once for all vector widths.</summary>
internal interface ISimdOperation
{
    /// <summary>Runs the operation with vectors of one width.</summary>
    void Run<TVector, TSimd>()
        where TVector : unmanaged
        where TSimd : ISimd<TVector>;
}

/// <summary>Runs operations with the widest vectors that the processor has.</summary>
internal static class SimdDispatch
{
    /// <summary>Runs an operation.</summary>
    /// <typeparam name="TOperation">The operation.</typeparam>
    /// <param name="operation">Its arguments.</param>
    public static void Run<TOperation>(TOperation operation)
        where TOperation : struct, ISimdOperation
    {
        switch (SimdWidth.Floats)
        {
            case 16:
                operation.Run<Vector512<float>, Simd512>();
                break;
            case 8:
                operation.Run<Vector256<float>, Simd256>();
                break;
            case 4:
                operation.Run<Vector128<float>, Simd128>();
                break;
            default:
                operation.Run<float, SimdScalar>();
                break;
        }
    }
}
