using System.Runtime.Intrinsics;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Raster.Cpu;

/// <summary>Work that is compiled for each vector width and each number of colours.</summary>
internal interface IRasterKernel
{
    /// <summary>Does the work.</summary>
    /// <typeparam name="TVector">The processor's vectors.</typeparam>
    /// <typeparam name="TSimd">Their arithmetic.</typeparam>
    /// <typeparam name="TColours">How many colours there are.</typeparam>
    void Run<TVector, TSimd, TColours>()
        where TVector : unmanaged
        where TSimd : ISimd<TVector>
        where TColours : IColourCount;
}

/// <summary>Picks the code for this processor's vectors and a number of colours.</summary>
internal static class RasterDispatch
{
    /// <summary>Runs a kernel.</summary>
    /// <typeparam name="TKernel">The kernel.</typeparam>
    /// <param name="colours">1 to 4.</param>
    /// <param name="kernel">What to run.</param>
    public static void Run<TKernel>(int colours, in TKernel kernel)
        where TKernel : struct, IRasterKernel
    {
        switch (SimdWidth.Floats)
        {
            case 16:
                Run<TKernel, Vector512<float>, Simd512>(colours, kernel);
                break;
            case 8:
                Run<TKernel, Vector256<float>, Simd256>(colours, kernel);
                break;
            case 4:
                Run<TKernel, Vector128<float>, Simd128>(colours, kernel);
                break;
            default:
                Run<TKernel, float, SimdScalar>(colours, kernel);
                break;
        }
    }

    private static void Run<TKernel, TVector, TSimd>(int colours, in TKernel kernel)
        where TKernel : struct, IRasterKernel
        where TVector : unmanaged
        where TSimd : ISimd<TVector>
    {
        switch (colours)
        {
            case 1:
                kernel.Run<TVector, TSimd, OneColour>();
                break;
            case 2:
                kernel.Run<TVector, TSimd, TwoColours>();
                break;
            case 3:
                kernel.Run<TVector, TSimd, ThreeColours>();
                break;
            default:
                kernel.Run<TVector, TSimd, FourColours>();
                break;
        }
    }
}
